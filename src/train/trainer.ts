import type { ProgramSpec } from '../compile/program.ts';
import { type DataLike, type Table, table } from '../data/table.ts';
import { formatShape } from '../graph/shape.ts';
import { isTensor, type Tensor, type Variable } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import type { Named } from '../nn/named.ts';
import { Trace, withTrace } from '../nn/trace.ts';
import { input } from '../ops/leaf.ts';
import { addAll } from '../ops/unary.ts';
import { optimizer as findOptimizer } from '../optim/index.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { defaultEngine } from '../runtime/create.ts';
import { DISPOSE } from '../runtime/dispose.ts';
import type { Engine } from '../runtime/engine.ts';
import {
  checkOptions,
  DisposedError,
  OptionError,
  shown,
  TypeMismatchError,
} from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import { inTurns, type Work } from '../runtime/turns.ts';
import type { Logs } from './history.ts';
import { writingTable } from './predict.ts';
import { trainable } from './programs.ts';
import { ModelState } from './state.ts';
import { trainStep } from './step.ts';
import { Expectation } from './unbuilt.ts';

/** The loss alone, or with other scalars to report under their names. */
type StepResult = Tensor | ({ readonly loss: Tensor } & Readonly<Record<string, Tensor>>);

/** What one step computes from its inputs by name. */
export type StepFunction = (inputs: Readonly<Record<string, Tensor>>) => StepResult;

export interface TrainerOptions {
  readonly name?: string;
  readonly engine?: Engine;
  /** Governs first weights and random ops, default 0. */
  readonly seed?: number;
  /** Only the weights of these are trained; default all that the step reaches. */
  readonly layers?: readonly Layer[];
}

export type StepData = Readonly<Record<string, DataLike>>;

/**
 * A training step of your own, for loops of your own: `f` says what the loss is, over one or several models or layers. It is
 * traced once for each shape of the inputs.
 *
 * @example
 * const net = sequential([dense(8, { activation: 'tanh' }), dense(1)]);
 * const t = trainer(({ x, y }) => ops.reduceMean(ops.square(ops.sub(net.call(x), y))), 'adam');
 * for (const batch of batches) console.log(await t.step(batch)); // { loss: … }
 */
export function trainer(
  f: StepFunction,
  optimizer: string | Named | Optimizer,
  options: TrainerOptions = {},
): Trainer {
  checkOptions('trainer', options, ['name', 'engine', 'seed', 'layers']);
  if (typeof f !== 'function')
    throw new OptionError(`trainer: got ${shown(f)}, expected a function of the inputs`);
  return new Trainer(f, findOptimizer(optimizer), options);
}

/** What a trainer leaves behind. */
class Estate {
  state: ModelState | null = null;
  /** Its function may use any weights. */
  readonly expectation = new Expectation(() => null);
  disposed = false;

  dispose(collected = false): void {
    this.disposed = true;
    this.expectation.end(collected);
    const { state } = this;
    // Behind the running step, which still writes to this memory; an engine that is gone needs nothing.
    state?.engine.exclusive(async () => state.dispose(collected)).catch(() => {});
  }
}

const cleanup = new FinalizationRegistry<Estate>((estate) => estate.dispose(true));

export class Trainer {
  readonly optimizer: Optimizer;
  readonly #f: StepFunction;
  readonly #options: TrainerOptions;
  readonly #estate = new Estate();
  #opening: Promise<ModelState> | null = null;
  #iterations = 0;
  #names = new Map<string, readonly string[]>();

  constructor(f: StepFunction, optimizer: Optimizer, options: TrainerOptions) {
    this.#f = f;
    this.optimizer = optimizer;
    this.#options = options;
    cleanup.register(this, this.#estate, this);
  }

  async #open(): Promise<ModelState> {
    const { engine = await defaultEngine(), name = 'trainer' } = this.#options;
    this.#checkAlive();
    this.#estate.state = new ModelState(engine, name);
    return this.#estate.state;
  }

  #checkAlive(): void {
    if (this.#estate.disposed)
      throw new DisposedError(`trainer "${this.#options.name ?? 'trainer'}" was disposed`);
  }

  /** One update from the batch; resolves to the loss and what else the step function reports. */
  async step(data: StepData): Promise<Logs> {
    this.#checkAlive();
    const tables = Object.entries(data).map(([name, given]) => stepTable(name, given));
    this.#opening ??= this.#open();
    const state = await this.#opening;
    const { engine } = state;
    const key = tables.map((t) => `${t.name}${t.dtype}${formatShape(t.shape)}`).join();
    await this.#prepare(key, tables, state);
    const { learningRate } = this.optimizer;
    const number = ++this.#iterations;
    const rate = typeof learningRate === 'number' ? learningRate : learningRate(number - 1, 0);
    const records = await engine.exclusive(async () => {
      const executable = await state.programInTurns(key, () => this.#spec(key, tables, state));
      for (const t of tables) await inTurns(writingTable(executable, t));
      await executable.run([
        { rate, number, seed: this.#options.seed ?? 0, key: number, offset: 0 },
      ]);
      return executable.records(1);
    });
    const names = this.#names.get(key) as readonly string[];
    return Object.fromEntries(names.map((name, i) => [name, records[i] as number]));
  }

  async #prepare(key: string, tables: readonly Table[], state: ModelState): Promise<void> {
    if (this.#names.has(key)) return;
    const { trace } = this.#trace(tables);
    await state.adopt(trace, this.#options.seed ?? 0);
    this.#estate.expectation.end();
    if (await state.prepareTraining(this.#parameters(trace), this.optimizer)) this.#iterations = 0;
  }

  *#spec(key: string, tables: readonly Table[], state: ModelState): Work<ProgramSpec> {
    const { trace, result } = this.#trace(tables);
    const { loss, ...others } = isTensor(result) ? { loss: result } : result;
    const total = addAll([loss, ...trace.penalties]);
    const records = [total, ...Object.values(others)];
    const name = this.#options.name ?? 'trainer';
    const variables = this.#parameters(trace);
    this.#names.set(key, ['loss', ...Object.keys(others)]);
    const parts = { name, loss: total, records, variables, trace };
    return yield* trainStep(parts, this.optimizer, state);
  }

  #trace(tables: readonly Table[]): { trace: Trace; result: StepResult } {
    const trace = new Trace(true, { examples: tables[0]?.shape[0] ?? 1 });
    const inputs = Object.fromEntries(
      tables.map((t) => [t.name, input(t.name, t.shape, t.dtype === 'i32' ? 'i32' : 'real')]),
    );
    const result = withTrace(trace, () => this.#f(inputs));
    if (!isTensor(result) && !isTensor(result?.loss)) {
      throw new TypeMismatchError(
        'trainer: the step function must return a scalar tensor, or { loss, … }',
      );
    }
    return { trace, result };
  }

  #parameters(trace: Trace): Variable[] {
    const all = trainable(trace);
    const { layers } = this.#options;
    const wanted = layers && new Set(layers.flatMap((l) => [...l.variables]));
    const chosen = wanted ? all.filter((v) => wanted.has(v)) : all;
    if (chosen.length === 0)
      throw new OptionError('trainer: the step reaches no trainable weights');
    return chosen;
  }

  /** Frees its programs, and the weights that no model uses. Later steps throw `DisposedError`. */
  dispose(): void {
    cleanup.unregister(this);
    this.#estate.dispose();
  }

  [DISPOSE](): void {
    this.dispose();
  }
}

/** Whole-number typed arrays other than bytes are i32; everything else is real. */
function stepTable(name: string, given: DataLike): Table {
  const data = ArrayBuffer.isView(given)
    ? given
    : !Array.isArray(given) && given && 'data' in given
      ? given.data
      : null;
  const whole = isA(data, 'Int32Array', 'Int16Array', 'Uint16Array');
  if (!whole) return table(name, given, 'values');
  const { shape } = given as { shape?: readonly number[] };
  return {
    name,
    data: Int32Array.from(data),
    shape: shape ?? [data.length],
    dtype: 'i32',
    scale: 1,
    offset: 0,
  };
}
