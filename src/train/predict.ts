import type { NDArray } from '../compile/array.ts';
import { type Executable, plainStep } from '../compile/executable.ts';
import { hostValues, rowsOf, type Table } from '../data/table.ts';
import { sizeOf } from '../graph/shape.ts';
import { OptionError, StateError } from '../runtime/errors.ts';
import { type Inputs, type NetworkCore, rowShapes } from './networkCore.ts';
import { checkWhole } from './options.ts';
import type { WeightState } from './weightState.ts';

type Core = NetworkCore<WeightState>;

/** The inference program for batches of `size`. */
function predictProgram(core: Core, size: number): Executable {
  return core.state.program(`predict:${size}`, () => ({
    name: `predict ${core.network.name}`,
    outputs: core.trace(size, false).outputs,
  }));
}

/** Batches are filled up to a power of two, so that few programs serve all sizes; what was filled up is discarded. */
function paddedSize(rows: number, batchSize: number): number {
  return Math.min(batchSize, 2 ** Math.ceil(Math.log2(Math.max(rows, 1))));
}

export function writeBatch(
  executable: Executable,
  tables: readonly Table[],
  from: number,
  size: number,
): void {
  for (const t of tables) {
    if (!executable.program.inputs.has(t.name)) continue;
    const values = hostValues(rowsOf(t, from, Math.min(from + size, t.shape[0] as number)));
    const whole = new Float64Array(size * sizeOf(t.shape.slice(1)));
    whole.set(values);
    executable.write(t.name, whole);
  }
}

/** Puts batches of one output together. */
class Collected {
  readonly #examples: number;
  #outputs: Record<string, NDArray> = {};

  constructor(examples: number) {
    this.#examples = examples;
  }

  add(name: string, { data, shape }: NDArray, from: number): void {
    const row = shape.slice(1);
    const Form = data.constructor as new (n: number) => NDArray['data'];
    this.#outputs[name] ??= {
      data: new Form(this.#examples * sizeOf(row)),
      shape: [this.#examples, ...row],
    };
    const rows = Math.min(shape[0] as number, this.#examples - from);
    this.#outputs[name].data.set(data.subarray(0, rows * sizeOf(row)), from * sizeOf(row));
  }

  get outputs(): Record<string, NDArray> {
    return this.#outputs;
  }
}

/** Outputs of the model for all examples, batch by batch; others take their turn between batches. */
export async function predict(
  core: Core,
  x: Inputs,
  batchSize: number,
): Promise<Record<string, NDArray>> {
  checkWhole('batchSize', batchSize, 1);
  core.checkAlive();
  const tables = core.inputTables(x);
  const { engine } = await core.build(rowShapes(tables));
  const examples = tables[0]?.shape[0] ?? 0;
  const collected = new Collected(examples);
  for (let from = 0; from < examples; from += batchSize) {
    const size = paddedSize(examples - from, batchSize);
    await engine.exclusive(async () => {
      const executable = predictProgram(core, size);
      writeBatch(executable, tables, from, size);
      await executable.run([plainStep(core.seed)]);
      for (const name of executable.program.outputs.keys())
        collected.add(name, await executable.read(name), from);
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
    const executable = predictProgram(core, size);
    writeBatch(executable, tables, 0, size);
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
  if (examples === 0) return collected.outputs;
  const size = paddedSize(examples, Number.POSITIVE_INFINITY);
  const executable = predictProgram(core, size);
  writeBatch(executable, tables, 0, size);
  executable.runSync([plainStep(core.seed)]);
  for (const name of executable.program.outputs.keys())
    collected.add(name, executable.readSync(name), 0);
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
