import type { NDArray } from '../compile/array.ts';
import { type Executable, plainStep } from '../compile/executable.ts';
import type { ProgramSpec } from '../compile/program.ts';
import { hostValues, rowsOf, type Table } from '../data/table.ts';
import { sizeOf } from '../graph/shape.ts';
import { checkOptions, OptionError, StateError } from '../runtime/errors.ts';
import { atOnce, inTurns, pieces, type Work } from '../runtime/turns.ts';
import { type Inputs, type NetworkCore, rowShapes } from './networkCore.ts';
import { checkWhole } from './options.ts';
import type { WeightState } from './weightState.ts';

export type Core = NetworkCore<WeightState>;

const keyOf = (size: number) => `predict:${size}`;

function* predictSpec(core: Core, size: number): Work<ProgramSpec> {
  const { outputs } = core.trace(size, false);
  yield;
  return { name: `predict ${core.network.name}`, outputs };
}

/** The inference program for batches of `size`. */
function predictProgram(core: Core, size: number): Promise<Executable> {
  return core.state.programInTurns(keyOf(size), () => predictSpec(core, size));
}

/** Batches are filled up to a power of two, so that few programs serve all sizes; what was filled up is discarded. */
function paddedSize(rows: number, batchSize: number): number {
  return Math.min(batchSize, 2 ** Math.ceil(Math.log2(Math.max(rows, 1))));
}

/** Writes `size` examples from `from` on to the inputs, in pieces. */
export function* writingBatch(
  executable: Executable,
  tables: readonly Table[],
  from: number,
  size: number,
): Work<void> {
  for (const t of tables) {
    const { data } = rowsOf(t, from, Math.min(from + size, t.shape[0] as number));
    yield* writingTable(executable, { ...t, data }, size * sizeOf(t.shape.slice(1)));
  }
}

/** Writes a table to its input, in pieces, filled up to `length` numbers. */
export function* writingTable(
  executable: Executable,
  t: Table,
  length = t.data.length,
): Work<void> {
  if (!executable.program.inputs.has(t.name)) return;
  for (const [from, to] of pieces(length)) {
    if (from > 0) yield;
    const values = hostValues({ ...t, data: t.data.subarray(from, to) });
    executable.write(t.name, filledUp(values, to - from), from);
  }
}

function filledUp(values: ArrayLike<number>, length: number): ArrayLike<number> {
  if (values.length === length) return values;
  const whole = new Float64Array(length);
  whole.set(values);
  return whole;
}

/** Puts batches of one output together. */
class Collected {
  readonly #examples: number;
  #outputs: Record<string, NDArray> = {};

  constructor(examples: number) {
    this.#examples = examples;
  }

  *add(name: string, { data, shape }: NDArray, start: number): Work<void> {
    const row = shape.slice(1);
    const Form = data.constructor as new (n: number) => NDArray['data'];
    this.#outputs[name] ??= {
      data: new Form(this.#examples * sizeOf(row)),
      shape: [this.#examples, ...row],
    };
    const rows = Math.min(shape[0] as number, this.#examples - start);
    const all = this.#outputs[name].data.subarray(start * sizeOf(row));
    for (const [from, to] of pieces(rows * sizeOf(row))) {
      if (from > 0) yield;
      all.set(data.subarray(from, to), from);
    }
  }

  get outputs(): Record<string, NDArray> {
    return this.#outputs;
  }
}

export interface PredictOptions {
  /** Examples that are computed together, default 32. */
  readonly batchSize?: number;
  /** Aborting drops what has not begun: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Outputs of the model for all examples, batch by batch; others take their turn between batches. */
export async function predict(
  core: Core,
  x: Inputs,
  options: PredictOptions,
): Promise<Record<string, NDArray>> {
  checkOptions('predict', options, ['batchSize', 'signal']);
  const { batchSize = 32, signal } = options;
  checkWhole('batchSize', batchSize, 1);
  core.checkAlive();
  const tables = await inTurns(core.tabulating(x));
  const { engine } = await core.build(rowShapes(tables));
  const examples = tables[0]?.shape[0] ?? 0;
  const collected = new Collected(examples);
  for (let from = 0; from < examples; from += batchSize) {
    const size = paddedSize(examples - from, batchSize);
    await engine.exclusive(async () => {
      signal?.throwIfAborted();
      const executable = await predictProgram(core, size);
      await inTurns(writingBatch(executable, tables, from, size));
      await executable.run([plainStep(core.seed)]);
      for (const name of executable.program.outputs.keys())
        await inTurns(collected.add(name, await executable.read(name), from));
    });
  }
  return collected.outputs;
}

/** What each layer's ops computed for one batch, by name; needs DEBUG=3. */
export async function intermediates(core: Core, x: Inputs): Promise<Record<string, NDArray>> {
  const tables = core.inputTables(x);
  const { engine } = await core.build(rowShapes(tables));
  const size = tables[0]?.shape[0] ?? 0;
  return engine.exclusive(async () => {
    const executable = await predictProgram(core, size);
    await inTurns(writingBatch(executable, tables, 0, size));
    await executable.run([plainStep(core.seed)]);
    return executable.intermediates();
  });
}

/** The same without waiting, in one batch. */
export function predictSync(core: Core, x: Inputs): Record<string, NDArray> {
  if (core.busy)
    throw new StateError(
      `predictSync: model "${core.network.name}" is in the middle of ${core.busy}; use predict`,
    );
  core.state;
  const tables = core.inputTables(x);
  const examples = tables[0]?.shape[0] ?? 0;
  const collected = new Collected(examples);
  const size = paddedSize(examples, Number.POSITIVE_INFINITY);
  const executable = core.state.program(keyOf(size), () => atOnce(predictSpec(core, size)));
  atOnce(writingBatch(executable, tables, 0, size));
  executable.runSync([plainStep(core.seed)]);
  for (const name of executable.program.outputs.keys())
    atOnce(collected.add(name, executable.readSync(name), 0));
  return collected.outputs;
}

/** The only output. */
export function single(outputs: Record<string, NDArray>, model: string): NDArray {
  const all = Object.values(outputs);
  if (all.length !== 1) {
    throw new OptionError(`model "${model}" has outputs ${Object.keys(outputs)}: use predictAll`);
  }
  return all[0] as NDArray;
}
