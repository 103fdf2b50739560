import type { Executable, Step } from '../compile/executable.ts';
import { MAX_STEPS } from '../compile/executable.ts';
import { plainStep } from '../compile/evaluate.ts';
import { rowsOf, type Table, table } from '../data/table.ts';
import type { Variable } from '../graph/tensor.ts';
import { EngineError, OptionError, StateError } from '../runtime/errors.ts';
import type { Callback } from './callbacks.ts';
import type { Inputs, ModelCore } from './core.ts';
import { dataTables, rowShapes } from './data.ts';
import { evaluateData, lossNames, release } from './evaluate.ts';
import { type Feed, ResidentData } from './feed.ts';
import { type History, HistoryRecorder, type Logs, RunningMeans } from './history.ts';
import type { Model } from './model.ts';
import { SAMPLE_WEIGHT, trainable, trainSpec, traceLoss } from './programs.ts';
import type { Accumulation } from './step.ts';
import { checkWhole } from './options.ts';

/** A batch of data that does not fit in memory as a whole. */
export interface StreamBatch {
  readonly x: Inputs;
  readonly y: Inputs;
  readonly sampleWeight?: ArrayLike<number>;
}

/** A fresh pass over the data for each epoch. */
export type BatchStream = () => AsyncIterable<StreamBatch> | Iterable<StreamBatch>;

export interface FitOptions {
  /** Passes over the data, default 1. */
  readonly epochs?: number;
  /** Examples a step, default 32. The last, smaller batch is trained too. */
  readonly batchSize?: number;
  /** Share of the examples, taken from the end before shuffling, on which to validate. */
  readonly validationSplit?: number;
  readonly validationData?: readonly [x: Inputs, y: Inputs, sampleWeight?: ArrayLike<number>];
  /** New order of the examples in each epoch, default true. */
  readonly shuffle?: boolean;
  readonly callbacks?: readonly Callback[];
  /** Factor of each example's loss. */
  readonly sampleWeight?: ArrayLike<number>;
  /** Factor of the loss of each class of a single output with labels. */
  readonly classWeight?: Readonly<Record<number, number>>;
  /** Aborting ends training behind the running chunk of steps; the model keeps what it learned. */
  readonly signal?: AbortSignal;
}

function classWeights(tables: readonly Table[], weights: Readonly<Record<number, number>>): Float64Array {
  const targets = tables.filter((t) => t.dtype === 'i32' && t.name.startsWith('target:'));
  if (targets.length !== 1) throw new OptionError('classWeight needs one output with labels');
  return Float64Array.from((targets[0] as Table).data, (label) => weights[label] ?? 1);
}

/** Builds the model from the data's shapes, checks all options and data, then trains. */
export async function fit(
  core: ModelCore, model: Model, x: Inputs, y: Inputs, options: FitOptions,
): Promise<History> {
  const { epochs = 1, batchSize = 32, validationSplit = 0, shuffle = true } = options;
  checkWhole('epochs', epochs, 0);
  checkWhole('batchSize', batchSize, 1);
  if (!(validationSplit >= 0 && validationSplit < 1)) throw new OptionError(`validationSplit ${validationSplit}, expected 0 ≤ split < 1`);
  core.requireCompiled;
  await core.build(rowShapes(core.inputTables(x)));
  let tables = dataTables(core, x, y, options.sampleWeight);
  if (options.classWeight) tables = withWeights(tables, classWeights(tables, options.classWeight));
  const total = (tables[0] as Table).shape[0] as number;
  const held = Math.floor(total * validationSplit);
  if (held === total) throw new OptionError('validationSplit leaves no examples to train on');
  const split = held > 0 ? tables.map((t) => rowsOf(t, total - held, total)) : undefined;
  const validation = options.validationData ? dataTables(core, ...options.validationData) : split;
  const training = held > 0 ? tables.map((t) => rowsOf(t, 0, total - held)) : tables;
  const run = new Fit(core, model, options, batchSize);
  return run.train(epochs, training, validation, shuffle);
}

function withWeights(tables: readonly Table[], weights: Float64Array): Table[] {
  const old = tables.find((t) => t.name === SAMPLE_WEIGHT);
  const product = old ? weights.map((w, i) => w * (old.data[i] as number)) : weights;
  const rest = tables.filter((t) => t !== old);
  return [...rest, table(SAMPLE_WEIGHT, product, 'values', [])];
}

/** Longest time between two looks at the host's events, in milliseconds. */
const CHUNK_MS = 20;

/** One call of `fit`. */
class Fit {
  readonly #core: ModelCore;
  readonly #model: Model;
  readonly #options: FitOptions;
  readonly #batchSize: number;
  readonly #history = new HistoryRecorder();
  #stepMs = CHUNK_MS;

  constructor(core: ModelCore, model: Model, options: FitOptions, batchSize: number) {
    this.#core = core;
    this.#model = model;
    this.#options = options;
    this.#batchSize = batchSize;
  }

  async train(epochs: number, training: readonly Table[], validation: readonly Table[] | undefined, shuffle: boolean): Promise<History> {
    const { state } = this.#core;
    const data = new ResidentData(state.engine, training, shuffle);
    const held = validation && new ResidentData(state.engine, validation, false);
    const model = this.#model;
    const started = performance.now();
    try {
      await prepare(this.#core, data.feeds, this.#batchSize);
      model.stopTraining = false;
      let logs: Logs = {};
      await this.#call((c) => c.onTrainBegin?.(model));
      for (let epoch = 0; epoch < epochs && !this.#stopped; epoch++) {
        await this.#call((c) => c.onEpochBegin?.(epoch, model));
        logs = await this.#guarded(() => this.#epoch(data, epoch));
        if (held) logs = { ...logs, ...prefixed('val_', await evaluateData(this.#core, held, this.#batchSize)) };
        this.#history.add(epoch, logs);
        await this.#call((c) => c.onEpochEnd?.(epoch, logs, model));
      }
      await this.#call((c) => c.onTrainEnd?.(logs, model));
    } finally {
      for (const d of [data, held]) if (d) release(this.#core, d);
      state.forgetSnapshot();
    }
    this.#history.seconds = (performance.now() - started) / 1000;
    return this.#history;
  }

  get #stopped(): boolean {
    return this.#model.stopTraining || (this.#options.signal?.aborted ?? false);
  }

  async #call(each: (callback: Callback) => unknown): Promise<void> {
    for (const callback of this.#options.callbacks ?? []) await each(callback);
  }

  /** Returns the model to the start of the epoch when a thread dies in it. */
  async #guarded<T>(epoch: () => Promise<T>): Promise<T> {
    const { state } = this.#core;
    await state.engine.exclusive(() => state.snapshot());
    const before = this.#core.iterations;
    try {
      return await epoch();
    } catch (error) {
      if (error instanceof EngineError) {
        state.restore();
        this.#core.iterations = before;
      }
      throw error;
    }
  }

  async #epoch(data: ResidentData, epoch: number): Promise<Logs> {
    if (data.order) await shuffleOrder(this.#core, data, data.order);
    this.#core.epochs++;
    const full = Math.floor(data.examples / this.#batchSize);
    const rest = data.examples % this.#batchSize;
    const names = lossNames(this.#core, data.feeds);
    const means = new RunningMeans(names);
    await this.#steps(data, epoch, full, this.#batchSize, 0, means);
    if (rest > 0 && !this.#stopped) await this.#steps(data, epoch, 1, rest, full * this.#batchSize, means);
    return means.logs();
  }

  /** `count` steps with batches of `size` from example `start` on, in chunks. */
  async #steps(data: ResidentData, epoch: number, count: number, size: number, start: number, means: RunningMeans): Promise<void> {
    for (let done = 0; done < count && !this.#stopped; ) {
      const phase = this.#phase();
      const chunk = Math.min(count - done, phase.room, this.#chunk());
      const executable = trainProgram(this.#core, data.feeds, `fit${data.id}`, size, phase.accumulation);
      const steps = Array.from({ length: chunk }, (_, i) => this.#step(epoch, start + (done + i) * size));
      const records = await this.#run(executable, steps);
      means.add(records, chunk, size);
      this.#history.examples += chunk * size;
      await this.#record(records, chunk, done, executable.program.slots, lossNames(this.#core, data.feeds));
      done += chunk;
    }
  }

  /** Which part of an accumulated update comes next, and how many steps of its kind follow each other. */
  #phase(): { accumulation: Accumulation; room: number } {
    const { accumulate } = this.#core.requireCompiled;
    if (accumulate === 1) return { accumulation: 'only', room: MAX_STEPS };
    const at = this.#core.iterations % accumulate;
    if (at === 0) return { accumulation: 'first', room: 1 };
    if (at === accumulate - 1) return { accumulation: 'last', room: 1 };
    return { accumulation: 'middle', room: accumulate - 1 - at };
  }

  #chunk(): number {
    if (this.#options.callbacks?.some((c) => c.onBatchEnd)) return 1;
    return Math.max(1, Math.min(MAX_STEPS, Math.floor(CHUNK_MS / this.#stepMs)));
  }

  #step(epoch: number, offset: number): Step {
    const core = this.#core;
    const { optimizer, accumulate } = core.requireCompiled;
    const update = Math.floor(core.iterations / accumulate);
    const { learningRate } = optimizer;
    const rate = typeof learningRate === 'number' ? learningRate : learningRate(update, epoch);
    core.iterations++;
    return { rate, number: update + 1, seed: core.seed, key: core.iterations, offset };
  }

  async #run(executable: Executable, steps: readonly Step[]): Promise<ArrayLike<number>> {
    return this.#core.state.engine.exclusive(async () => {
      const started = performance.now();
      await executable.run(steps);
      this.#stepMs = Math.max(1e-4, (performance.now() - started) / steps.length);
      return executable.records(steps.length);
    });
  }

  async #record(records: ArrayLike<number>, steps: number, first: number, slots: number, names: readonly string[]): Promise<void> {
    for (let i = 0; i < steps; i++) this.#history.batchLoss.push(records[i * slots] as number);
    const listeners = this.#options.callbacks?.filter((c) => c.onBatchEnd) ?? [];
    if (listeners.length === 0) return;
    const logs = Object.fromEntries(names.map((name, k) => [name, records[k] as number]));
    for (const c of listeners) await c.onBatchEnd?.(first, logs, this.#model);
  }
}

function prefixed(prefix: string, logs: Logs): Logs {
  return Object.fromEntries(Object.entries(logs).map(([name, value]) => [prefix + name, value]));
}

/** Gives late variables memory, and parameters their gradients and slots. */
export async function prepare(core: ModelCore, feeds: readonly Feed[], size: number): Promise<void> {
  const { optimizer, losses } = core.requireCompiled;
  const { trace } = traceLoss(core.network, losses, feeds, size, true);
  await core.state.adopt(trace.variables, core.seed);
  const parameters = trainable(trace);
  if (parameters.length === 0) throw new StateError(`model "${core.network.name}" has no trainable weights`);
  await core.state.prepareTraining(parameters, optimizer);
}

/** The training program for batches of `size`. */
export function trainProgram(
  core: ModelCore, feeds: readonly Feed[], owner: string, size: number, accumulation: Accumulation = 'only',
): Executable {
  const { losses, optimizer, accumulate } = core.requireCompiled;
  const frozen = core.layers.map((l) => (l.trainable ? '1' : '0')).join('');
  return core.state.program(`${owner}:train:${size}:${accumulation}:${frozen}`, () => {
    const traced = traceLoss(core.network, losses, feeds, size, true);
    return trainSpec(`train ${core.network.name}`, traced, optimizer, core.state, accumulation, accumulate);
  });
}

/** A new order of the examples for the next epoch. */
async function shuffleOrder(core: ModelCore, { id }: ResidentData, order: Variable): Promise<void> {
  const { state } = core;
  const executable = state.program(`fit${id}:order`, () => ({
    name: 'shuffle',
    assignments: [{ variable: order, value: order.initial() }],
  }));
  await state.engine.exclusive(() => executable.run([{ ...plainStep(core.seed), key: core.epochs }]));
}
