import { type DataLike, type Table, tabulating } from '../data/table.ts';
import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import type { Regularizer } from '../nn/regularizer.ts';
import { input } from '../ops/leaf.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { createEngine, defaultEngine, type EngineOptions } from '../runtime/create.ts';
import type { Engine } from '../runtime/engine.ts';
import { DisposedError, StateError } from '../runtime/errors.ts';
import { atOnce, turn, type Work } from '../runtime/turns.ts';
import { type Network, traceNetwork } from './network.ts';
import type { OutputLoss } from './outputs.ts';
import { Pausing } from './pausing.ts';
import { ModelState } from './state.ts';

export interface ModelOptions extends Pick<EngineOptions, 'threads' | 'build' | 'reproducible'> {
  readonly name?: string;
  /** Default: the engine of the process; one of its own when `threads`, `build` or `reproducible` is given. */
  readonly engine?: Engine;
  /** Governs first weights, shuffling and dropout. Default 0. */
  readonly seed?: number;
}

export interface Compiled {
  readonly optimizer: Optimizer;
  /** Loss, weight and metrics of each output. */
  readonly losses: ReadonlyMap<string, OutputLoss>;
  readonly accumulate: number;
  /** Penalty of the weights that have none of their own. */
  readonly regularizer?: Regularizer | undefined;
  readonly regularizeBiases?: boolean;
}

/** Inputs as users give them: one, a list in order, or by name. */
export type Inputs = DataLike | readonly DataLike[] | Readonly<Record<string, DataLike>>;

/** What a model's parts share: network, engine, memory, what it was compiled for. */
export class ModelCore {
  readonly network: Network;
  readonly options: ModelOptions;
  readonly seed: number;
  compiled: Compiled | null = null;
  layers: readonly Layer[] = [];
  outputShapes: ReadonlyMap<string, Shape> = new Map();
  /** Updates and epochs so far. */
  iterations = 0;
  epochs = 0;
  busy: string | null = null;
  stopTraining = false;
  readonly pausing = new Pausing();
  #state: ModelState | null = null;
  #opening: Promise<ModelState> | null = null;
  #ownEngine: Engine | null = null;
  #disposed = false;

  constructor(network: Network, options: ModelOptions) {
    this.network = network;
    this.options = options;
    this.seed = options.seed ?? 0;
  }

  get state(): ModelState {
    this.checkAlive();
    if (!this.#state)
      throw new StateError(
        `model "${this.network.name}" has no weights yet: call build, fit or predict first`,
      );
    return this.#state;
  }

  get built(): boolean {
    return this.#state !== null;
  }

  checkAlive(): void {
    if (this.#disposed) throw new DisposedError(`model "${this.network.name}" was disposed`);
  }

  get requireCompiled(): Compiled {
    if (!this.compiled)
      throw new StateError(`model "${this.network.name}": call compile({ optimizer, loss }) first`);
    return this.compiled;
  }

  /** Chooses the engine, traces the network once and gives its variables memory and first values. */
  async build(rows: ReadonlyMap<string, Shape>): Promise<ModelState> {
    this.checkAlive();
    for (const [name, shape] of rows)
      if (!this.network.inputs.get(name)) this.network.inputs.set(name, shape);
    if (this.#state) return this.#state;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #open(): Promise<ModelState> {
    const engine = await this.#engine();
    await turn();
    const { trace, outputs } = this.trace(1, false);
    await turn();
    const state = new ModelState(engine, this.network.name);
    try {
      await state.adopt(trace.variables, this.seed);
    } catch (error) {
      state.dispose();
      throw error;
    }
    this.layers = [...trace.layers];
    this.outputShapes = new Map(
      Object.entries(outputs).map(([name, t]) => [name, t.shape.slice(1)]),
    );
    this.#state = state;
    return state;
  }

  /** Walks through the network with batches of `size` that the host fills. */
  trace(size: number, training: boolean) {
    const inputs: Record<string, Tensor> = {};
    for (const [name, shape] of this.network.inputs) {
      if (!shape)
        throw new StateError(
          `input "${name}" of model "${this.network.name}" has no shape: give inputShape, or data first`,
        );
      inputs[name] = input(name, [size, ...shape]);
    }
    return traceNetwork(this.network, inputs, training, null, { examples: size });
  }

  async #engine(): Promise<Engine> {
    const { engine, threads, build, reproducible } = this.options;
    if (engine) return engine;
    if (threads === undefined && build === undefined && !reproducible) return defaultEngine();
    this.#ownEngine = await createEngine({
      ...(threads === undefined ? {} : { threads }),
      ...(build === undefined ? {} : { build }),
      ...(reproducible === undefined ? {} : { reproducible }),
    });
    return this.#ownEngine;
  }

  /** Tables of the inputs in the network's order, with equal numbers of examples. */
  inputTables(given: Inputs): Table[] {
    return atOnce(this.tabulating(given));
  }

  /** The same in pieces. */
  *tabulating(given: Inputs): Work<Table[]> {
    const tables: Table[] = [];
    for (const [name, data] of namedData('input', given, [...this.network.inputs.keys()]))
      tables.push(
        yield* tabulating(name, data, 'values', this.network.inputs.get(name) ?? undefined),
      );
    return tables;
  }

  /** Runs `body` as the model's only job. */
  async exclusively<T>(what: string, body: () => Promise<T>): Promise<T> {
    this.checkAlive();
    if (this.busy)
      throw new StateError(
        `${what}: model "${this.network.name}" is in the middle of ${this.busy}`,
      );
    this.busy = what;
    try {
      return await body();
    } finally {
      this.busy = null;
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.pausing.resume();
    const state = this.#state;
    const own = this.#ownEngine;
    if (!state) {
      own?.dispose();
      return;
    }
    // Behind the running chunk, which still writes to this memory; an engine that is gone needs nothing.
    const free = async () => {
      state.dispose();
      own?.dispose();
    };
    state.engine.exclusive(free).catch(() => {});
  }

  get disposed(): boolean {
    return this.#disposed;
  }
}

/** Pairs data with names: one for one, a list in order, or by name. */
export function namedData(
  what: string,
  given: Inputs,
  names: readonly string[],
): [string, DataLike][] {
  if (names.length === 1 && !isRecordOf(given, names))
    return [[names[0] as string, given as DataLike]];
  if (isRecordOf(given, names)) {
    const record = given as Readonly<Record<string, DataLike>>;
    return names.map((name) => [name, record[name] as DataLike]);
  }
  const list = given as readonly DataLike[];
  if (!Array.isArray(given) || list.length !== names.length) {
    throw new StateError(`expected ${names.length} ${what}s (${names}), by name or as a list`);
  }
  return names.map((name, i) => [name, list[i] as DataLike]);
}

function isRecordOf(given: unknown, names: readonly string[]): boolean {
  if (
    typeof given !== 'object' ||
    given === null ||
    Array.isArray(given) ||
    ArrayBuffer.isView(given)
  )
    return false;
  return names.every((name) => name in given);
}
