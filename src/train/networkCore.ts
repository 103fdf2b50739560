import { type DataLike, type Table, tabulating } from '../data/table.ts';
import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import type { Callee } from '../nn/trace.ts';
import { input } from '../ops/leaf.ts';
import { DisposedError, ShapeError, StateError, shown } from '../runtime/errors.ts';
import { atOnce, turn, type Work } from '../runtime/turns.ts';
import { type Network, traceNetwork } from './network.ts';
import type { WeightState } from './weightState.ts';

/** Inputs as users give them: one, a list in order, or by name. */
export type Inputs = DataLike | readonly DataLike[] | Readonly<Record<string, DataLike>>;

/** A network with its engine and memory: all that predictions need. */
export abstract class NetworkCore<State extends WeightState> {
  readonly network: Network;
  readonly seed: number;
  layers: readonly Layer[] = [];
  /** Models that are called as layers. */
  models: readonly Callee[] = [];
  outputShapes: ReadonlyMap<string, Shape> = new Map();
  busy: string | null = null;
  #state: State | null = null;
  #opening: Promise<State> | null = null;
  #disposed = false;

  constructor(network: Network, seed: number) {
    this.network = network;
    this.seed = seed;
  }

  /** The engine to run on, and memory on it. */
  protected abstract open(): Promise<State>;
  /** Behind the end of the state, if there was one. */
  protected close(_state: State | null): void {}

  get state(): State {
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

  /** Chooses the engine, traces the network once and gives its variables memory and first values. */
  async build(rows: ReadonlyMap<string, Shape>): Promise<State> {
    this.checkAlive();
    const { inputs } = this.network;
    const fresh = [...rows].filter(([name]) => !inputs.get(name));
    for (const [name, shape] of fresh) inputs.set(name, shape);
    if (this.#state) return this.#state;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening.catch((error) => {
      for (const [name] of fresh) inputs.set(name, null);
      throw error;
    });
  }

  async #open(): Promise<State> {
    const state = await this.open();
    try {
      await turn();
      const { trace, outputs } = this.trace(1, false);
      await turn();
      await state.adopt(trace, this.seed);
      this.checkAlive();
      this.layers = [...trace.layers];
      this.models = [...trace.models];
      this.outputShapes = new Map(
        Object.entries(outputs).map(([name, t]) => [name, t.shape.slice(1)]),
      );
    } catch (error) {
      state.dispose();
      throw error;
    }
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
      if (!Array.isArray(shape))
        throw new ShapeError(`input "${name}": shape is ${shown(shape)}, expected a list of sizes`);
      inputs[name] = input(name, [size, ...shape]);
    }
    return traceNetwork(this.network, inputs, training, null, { examples: size });
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

  /** `collected`: nobody asked for it, but nobody can use the model any more. */
  dispose(collected = false): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const state = this.#state;
    if (!state) {
      this.close(null);
      return;
    }
    // Behind the running chunk, which still writes to this memory; an engine that is gone needs nothing.
    const free = async () => {
      state.dispose(collected);
      this.close(state);
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
    ArrayBuffer.isView(given) ||
    (names.length === 1 && isDescription(given))
  )
    return false;
  return names.every((name) => name in given);
}

/** Whether it is numbers with their shape, whatever inputs are called. */
function isDescription({ data, shape }: { data?: unknown; shape?: unknown }): boolean {
  return ArrayBuffer.isView(data) && Array.isArray(shape);
}

/** Shape of one example of each table, by name. */
export function rowShapes(tables: readonly Table[]): Map<string, readonly number[]> {
  return new Map(tables.map((t) => [t.name, t.shape.slice(1)]));
}
