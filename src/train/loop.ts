import { type Executable, MAX_STEPS, plainStep, type Step } from '../compile/executable.ts';
import { EngineError, OptionError } from '../runtime/errors.ts';
import { turn } from '../runtime/turns.ts';
import { type Callback, onEpochs } from './callbacks.ts';
import type { ModelCore } from './core.ts';
import { evaluateData, lossNames } from './evaluate.ts';
import type { Feed, ResidentData } from './feed.ts';
import { type History, HistoryRecorder, type Logs, RunningMeans } from './history.ts';
import { asLogs } from './metricSums.ts';
import type { Mixer } from './mixing.ts';
import type { Model } from './model.ts';
import { metricSums, prepare, type StepVariant, trainProgram } from './prepare.ts';
import type { Probe } from './probe.ts';
import type { EpochSource } from './source.ts';
import { type Accumulation, averagesStep } from './step.ts';

/** Longest time between two looks at the host's events, in milliseconds. */
const CHUNK_MS = 20;

export interface LoopOptions {
  readonly epochs: number;
  readonly batchSize: number;
  readonly callbacks: readonly (Callback | NonNullable<Callback['onEpochEnd']>)[];
  readonly signal: AbortSignal | undefined;
  readonly mixer: Mixer | undefined;
}

/** Steps of one kind: `count` batches of `size` examples from example `start` on. */
export interface StepRun {
  readonly epoch: number;
  readonly owner: string;
  readonly feeds: readonly Feed[];
  readonly count: number;
  readonly size: number;
  readonly start: number;
  /** Writes the batch, when it does not lie in the engine's memory. */
  readonly write?: (executable: Executable) => Promise<void>;
}

/** One call of `fit`: epochs of steps in chunks, validation, callbacks, history. */
export class TrainingLoop {
  readonly #core: ModelCore;
  readonly #model: Model;
  readonly #options: LoopOptions;
  readonly #callbacks: readonly Callback[];
  readonly #probe: Probe | undefined;
  readonly #history = new HistoryRecorder();
  #soundSoFar = true;
  #means = new RunningMeans([]);
  #stepMs = CHUNK_MS;
  #largest = 0;
  #start = { iterations: 0, epochs: 0 };

  constructor(core: ModelCore, model: Model, options: LoopOptions) {
    this.#core = core;
    this.#model = model;
    this.#options = options;
    this.#callbacks = options.callbacks.map(onEpochs);
    const probes = this.#callbacks.flatMap(({ probe }) => probe ?? []);
    if (probes.length > 1)
      throw new OptionError(`fit: ${probes.length} callbacks look into steps, expected one`);
    this.#probe = probes[0];
  }

  async train(source: EpochSource, held: ResidentData | undefined): Promise<History> {
    const { batchSize, mixer } = this.#options;
    const started = performance.now();
    await prepare(this.#core, source.feeds, batchSize, mixer);
    await this.#guarded(() => this.#epochs(source, held));
    const { waited } = this.#core.pausing;
    this.#history.seconds = (performance.now() - started - waited) / 1000;
    return this.#history;
  }

  async #epochs(source: EpochSource, held: ResidentData | undefined): Promise<void> {
    const model = this.#model;
    model.stopTraining = false;
    let logs: Logs = {};
    await this.#call((c) => c.onTrainBegin?.(model));
    for (let epoch = 0; epoch < this.#options.epochs && !this.stopped; epoch++) {
      await this.#call((c) => c.onEpochBegin?.(epoch, model));
      await this.#keepStart();
      const ended = await this.#epoch(source, held);
      if (!ended) break;
      logs = ended;
      this.#history.add(epoch, logs);
      await this.#call((c) => c.onEpochEnd?.(epoch, logs, model));
    }
    await this.#adoptAverages();
    await this.#call((c) => c.onTrainEnd?.(logs, model));
  }

  /** With moving averages, the weights become theirs. */
  async #adoptAverages(): Promise<void> {
    const { state, requireCompiled } = this.#core;
    if (!requireCompiled.optimizer.options.useEma) return;
    await state.engine.exclusive(() =>
      state.program('averages', () => averagesStep(state.slots)).run([plainStep()]),
    );
  }

  get stopped(): boolean {
    return this.#model.stopTraining || (this.#options.signal?.aborted ?? false);
  }

  /** False when training shall stop; waits while it is paused. */
  async #goesOn(): Promise<boolean> {
    await this.#core.pausing.pass();
    return !this.stopped;
  }

  get #watchesChunks(): boolean {
    return this.#callbacks.some((c) => c.onChunkEnd);
  }

  async #call(each: (callback: Callback) => unknown): Promise<void> {
    for (const callback of this.#callbacks) await each(callback);
  }

  async #keepStart(): Promise<void> {
    const { state, iterations, epochs } = this.#core;
    await state.engine.exclusive(() => state.snapshot());
    this.#start = { iterations, epochs };
  }

  /** Returns the model to the start of its last epoch when a thread or the worker dies. */
  async #guarded(training: () => Promise<void>): Promise<void> {
    const { state } = this.#core;
    try {
      await training();
    } catch (cause) {
      const restore = () => state.restore();
      if (!(cause instanceof EngineError && (await state.engine.exclusive(restore)))) throw cause;
      Object.assign(this.#core, this.#start);
      const epoch = this.#start.epochs + 1;
      const where = `model "${this.#model.name}" is as it was at the start of epoch ${epoch}`;
      throw new EngineError(`${cause.message}; ${where}`, { cause });
    }
  }

  /** Schedules count the optimiser's epochs, over all calls of `fit`. None where training was stopped before the first step. */
  async #epoch(source: EpochSource, held: ResidentData | undefined): Promise<Logs | undefined> {
    const { examples } = this.#history;
    const epoch = this.#core.epochs++;
    this.#means = new RunningMeans(lossNames(this.#core, source.feeds));
    metricSums(this.#core, source.owner, source.feeds).reset();
    await turn();
    await source.epoch(this, epoch);
    if (this.stopped && this.#history.examples === examples) {
      this.#core.epochs--;
      return undefined;
    }
    const logs = await this.#logs(source);
    if (!held) return logs;
    return {
      ...logs,
      ...validationLogs(await evaluateData(this.#core, held, this.#options.batchSize)),
    };
  }

  /** What the epoch has come to so far. */
  async #logs({ owner, feeds }: Pick<StepRun, 'owner' | 'feeds'>): Promise<Logs> {
    const values = await metricSums(this.#core, owner, feeds).values(owner);
    return { ...this.#means.logs(), ...asLogs(values) };
  }

  /** Runs steps in chunks that leave the host's events their turn. */
  async steps(run: StepRun): Promise<void> {
    const { epoch, count, size, start } = run;
    if (count > 0) this.#noteSize(size);
    for (let done = 0; done < count && (await this.#goesOn()); ) {
      const { accumulation, room, probe } = this.#phase();
      const chunk = Math.min(count - done, room, this.#chunk());
      const { mixer } = this.#options;
      const variant = { accumulation, probe, mixer };
      const steps = Array.from({ length: chunk }, (_, i) =>
        this.#step(epoch, start + (done + i) * size),
      );
      const { executable, records } = await this.#run(variant, steps, run);
      const { slots } = executable.program;
      this.#means.add(records, chunk, size, slots);
      this.#history.examples += chunk * size;
      await this.#explain(executable, steps, records, accumulation);
      await this.#record(records, chunk, slots, run, probe);
      if (this.#watchesChunks) {
        const logs = await this.#logs(run);
        await this.#call((c) => c.onChunkEnd?.(this.#history.examples, logs, this.#model));
      }
      done += chunk;
    }
  }

  #noteSize(size: number): void {
    this.#largest = Math.max(this.#largest, size);
    this.#core.updateExamples = this.#largest * this.#core.requireCompiled.accumulate;
  }

  /** Which part of an accumulated update comes next, who looks into it, and how many steps of its kind follow each other. */
  #phase(): { accumulation: Accumulation; room: number; probe?: Probe | undefined } {
    const { accumulate } = this.#core.requireCompiled;
    const probe = this.#probe;
    const updates = Math.floor(this.#history.batchLoss.length / accumulate);
    const due = probe !== undefined && updates % probe.every === 0;
    if (accumulate === 1) {
      if (due) return { accumulation: 'only', room: 1, probe };
      return {
        accumulation: 'only',
        room: probe ? probe.every - (updates % probe.every) : MAX_STEPS,
      };
    }
    const at = this.#core.iterations % accumulate;
    if (at === 0) return { accumulation: 'first', room: 1 };
    if (at === accumulate - 1)
      return { accumulation: 'last', room: 1, probe: due ? probe : undefined };
    return { accumulation: 'middle', room: accumulate - 1 - at };
  }

  /** Runs the first step whose loss or gradients are not finite again, row by row: its updates were skipped. */
  async #explain(
    executable: Executable,
    steps: readonly Step[],
    records: ArrayLike<number>,
    accumulation: Accumulation,
  ): Promise<void> {
    const { slots } = executable.program;
    const updates = accumulation === 'only' || accumulation === 'last';
    const judge = updates ? slots - 1 : 0;
    const unsound = steps.flatMap((_, i) =>
      Number.isFinite(records[i * slots + judge]) ? [] : [i],
    );
    if (updates) this.#history.skipped += unsound.length;
    const [bad] = unsound;
    if (bad === undefined || !this.#soundSoFar) return;
    if (!this.#callbacks.some((c) => c.onNotFinite)) return;
    this.#soundSoFar = false;
    const { state } = this.#core;
    const origin = await state.engine.exclusive(() =>
      state.preserving(() => executable.firstNotFinite(steps[bad] as Step)),
    );
    const step = this.#history.batchLoss.length + bad;
    await this.#call((c) => c.onNotFinite?.(step, origin, this.#model));
  }

  #chunk(): number {
    if (this.#callbacks.some((c) => c.onBatchEnd)) return 1;
    return Math.max(1, Math.min(MAX_STEPS, Math.floor(CHUNK_MS / this.#stepMs)));
  }

  #step(epoch: number, offset: number): Step {
    const core = this.#core;
    const { optimizer, accumulate } = core.requireCompiled;
    const update = Math.floor(core.iterations / accumulate);
    const { learningRate } = optimizer;
    const rate =
      typeof learningRate === 'number'
        ? learningRate
        : learningRate(update, epoch - core.startEpoch);
    core.iterations++;
    return { rate, number: update + 1, seed: core.seed, key: core.iterations, offset };
  }

  async #run(
    variant: StepVariant,
    steps: readonly Step[],
    { feeds, owner, size, write }: StepRun,
  ): Promise<{ executable: Executable; records: ArrayLike<number> }> {
    return this.#core.state.engine.exclusive(async () => {
      const executable = await trainProgram(this.#core, feeds, owner, size, variant);
      const started = performance.now();
      await write?.(executable);
      await executable.run(steps);
      this.#stepMs = Math.max(1e-4, (performance.now() - started) / steps.length);
      return { executable, records: await executable.records(steps.length) };
    });
  }

  async #record(
    records: ArrayLike<number>,
    steps: number,
    slots: number,
    { owner, feeds }: StepRun,
    probe: Probe | undefined,
  ): Promise<void> {
    const first = this.#history.batchLoss.length;
    for (let i = 0; i < steps; i++) this.#history.batchLoss.push(records[i * slots] as number);
    const names = lossNames(this.#core, feeds);
    if (probe) await probe.onProbe(Array.from(records).slice(names.length, -1), first, this.#model);
    const listeners = this.#callbacks.filter((c) => c.onBatchEnd);
    if (listeners.length === 0) return;
    const values = await metricSums(this.#core, owner, feeds).values(owner);
    const batch = Object.fromEntries(names.map((name, k) => [name, records[k] as number]));
    const logs = { ...batch, ...asLogs(values) };
    for (const c of listeners) await c.onBatchEnd?.(first, logs, this.#model);
  }
}

function validationLogs(logs: Logs): Logs {
  return Object.fromEntries(Object.entries(logs).map(([name, value]) => [`val_${name}`, value]));
}
