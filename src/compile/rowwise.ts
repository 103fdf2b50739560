import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { encode, rowBytes } from '../runtime/encode.ts';
import type { Engine } from '../runtime/engine.ts';
import { nameOf } from '../runtime/kernelName.ts';
import { END, type Pointer, REPEAT, type Row } from '../runtime/row.ts';
import { fromMemory, type NDArray } from './array.ts';
import { Block } from './block.ts';
import { describeNotFinite, type InputRange, type NotFinite } from './notFinite.ts';
import { debugLine } from './print.ts';
import type { Program } from './program.ts';

/** A program in memory, and where what it refers to lies. */
interface Loaded {
  readonly engine: Engine;
  readonly program: Program;
  readonly resolve: (p: Pointer) => number;
}

/** One run of a row: which, and in which iteration of each loop around it. */
interface Turn {
  readonly row: number;
  readonly iterations: readonly number[];
}

/** The rows in the order in which they run. Counts that are data are read when their loop begins. */
async function* turns(
  loaded: Loaded,
  from = 0,
  iterations: readonly number[] = [],
): AsyncGenerator<Turn> {
  const { rows } = loaded.program;
  for (let i = from; i < rows.length; i++) {
    const row = rows[i] as Row;
    if (row.kernel === END) return;
    if (row.kernel !== REPEAT) {
      yield { row: i, iterations };
      continue;
    }
    const last = endOf(rows, i);
    const count = await countOf(loaded, row, iterations);
    for (let k = 0; k < count; k++) {
      yield* turns(loaded, i + 1, [...iterations, k]);
      if (!(await goesOn(loaded, rows[last] as Row, iterations))) break;
    }
    i = last;
  }
}

function endOf(rows: readonly Row[], start: number): number {
  let depth = 0;
  for (let i = start; ; i++) {
    if (rows[i]?.kernel === REPEAT) depth++;
    if (rows[i]?.kernel === END && --depth === 0) return i;
  }
}

async function countOf({ engine, resolve }: Loaded, { args }: Row, iterations: readonly number[]) {
  const [bound, at] = args as [number, Pointer];
  if (isNone(at)) return bound;
  const { buffer } = await engine.read(resolve(moved(at, iterations)), 4);
  return Math.min(bound, new Int32Array(buffer)[0] as number);
}

async function goesOn(
  { engine, program, resolve }: Loaded,
  { args }: Row,
  iterations: readonly number[],
) {
  const [more] = args as [Pointer];
  if (isNone(more)) return true;
  const { realBytes } = program.target;
  const bytes = await engine.read(resolve(moved(more, iterations)), realBytes);
  return fromMemory(bytes, 'real', realBytes)[0] !== 0;
}

function isNone({ buffer, offset }: Pointer): boolean {
  return !buffer && offset === 0;
}

/** The place where a pointer of a loop stands in an iteration; what moves with the step stays. */
function moved({ strides = [], ...p }: Pointer, iterations: readonly number[]): Pointer {
  const steps = strides.filter(([level]) => level === 0);
  const loops = strides.filter(([level]) => level > 0);
  const by = loops.reduce((sum, [level, bytes]) => sum + (iterations[level - 1] ?? 0) * bytes, 0);
  return { ...p, offset: p.offset + by, ...(steps.length ? { strides: steps } : {}) };
}

/** The row of one iteration as a program of its own. */
function rowAlone({ program, resolve }: Loaded, { row, iterations }: Turn): Row {
  const { kernel, args } = program.rows[row] as Row;
  const absolute = (p: Pointer): Pointer => {
    if (!p.buffer) return moved(p, iterations);
    const at = moved(p, iterations);
    return { ...at, buffer: null, offset: resolve(at) };
  };
  return { kernel, args: args.map((arg) => (typeof arg === 'number' ? arg : absolute(arg))) };
}

/**
 * Runs one step row by row (the step table must hold it) and returns the first row with results that are not finite. Ends
 * there, unless `report` wants to be told each row's time.
 */
export async function runRows(
  loaded: Loaded,
  report?: (line: string) => void,
): Promise<NotFinite | null> {
  const { engine, program } = loaded;
  const largest = Math.max(...program.rows.map(rowBytes));
  const block = new Block(engine, 'row', largest);
  let first: NotFinite | null = null;
  try {
    for await (const turn of turns(loaded)) {
      const row = rowAlone(loaded, turn);
      const inputs: readonly InputRange[] = first ? [] : await rangesOf(loaded, turn, row);
      const us = await runAlone(loaded, row, block);
      const { scope, op } = program.nodes[turn.row] as Tensor;
      const count = await countNotFinite(loaded, turn, row);
      const { iterations } = turn;
      const kernel = nameOf(row.kernel);
      if (count) first ??= { ...turn, layer: scope, op: op.name, kernel, count, inputs };
      report?.(
        `${String(turn.row).padStart(4)} ${kernel} ${us.toFixed(0)} µs  ${scope || '–'}${iterations.length ? ` [${iterations}]` : ''}${count ? `  ${count} not finite` : ''}`,
      );
      if (first && !report) return first;
    }
    return first;
  } finally {
    block.free();
  }
}

/** Microseconds that the row takes. */
async function runAlone({ engine, program }: Loaded, row: Row, block: Block): Promise<number> {
  const bytes = encode([row], [false], (p) => p.offset, program.target.realBytes);
  engine.write(block.at, bytes);
  const started = performance.now();
  await engine.run({ first: block.at, last: block.at + bytes.length, steps: 1 });
  return (performance.now() - started) * 1000;
}

/** The same telling each row's time and what is not finite. */
export async function debugRows(loaded: Loaded): Promise<void> {
  const bad = await runRows(loaded, debugLine);
  if (bad) debugLine(`first not finite: ${describeNotFinite(bad)}`);
}

/** What each row left in the arena, by the name of its buffer. */
export async function readPlanned(loaded: Loaded): Promise<Record<string, NDArray>> {
  const { engine, program, resolve } = loaded;
  const { rows, nodes, plan, target } = program;
  const found: Record<string, NDArray> = {};
  for (const [i, node] of nodes.entries()) {
    const [to] = (rows[i] as Row).args;
    if (typeof to !== 'object' || !to.buffer || !plan.offsets.has(to.buffer)) continue;
    const bytes = await engine.read(resolve(to), bytesOf(node, target.realBytes));
    const data = fromMemory(bytes, node.dtype, target.realBytes);
    found[to.buffer.name] = { data, shape: node.shape };
  }
  return found;
}

/** Numbers behind those arguments of a row whose type is among `types`. */
async function reals({ engine, program }: Loaded, row: Row, types: RegExp) {
  const { realBytes } = program.target;
  const found: { readonly argument: number; readonly values: ArrayLike<number> }[] = [];
  for (const [argument, arg] of row.args.entries()) {
    const type = row.kernel.types[argument] ?? '';
    if (typeof arg === 'number' || arg.bytes === 0 || !types.test(type)) continue;
    const bytes = await engine.read(arg.offset, arg.bytes);
    found.push({ argument, values: fromMemory(bytes, 'real', realBytes) });
  }
  return found;
}

async function countNotFinite(loaded: Loaded, turn: Turn, row: Row): Promise<number> {
  if (loaded.program.nodes[turn.row]?.dtype === 'i32') return 0;
  let count = 0;
  for (const { values } of await reals(loaded, row, /^(Out|InOut|OutAll|InOutAll)$/))
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
  return count;
}

async function rangesOf(loaded: Loaded, turn: Turn, row: Row): Promise<InputRange[]> {
  const { inputs } = loaded.program.nodes[turn.row] as Tensor;
  const whole = inputs.filter((t) => t.dtype === 'i32' || t.dtype === 'u8');
  if (whole.length) return [];
  const read = await reals(loaded, row, /^(In|InAll|InOut)$/);
  const { args } = loaded.program.rows[turn.row] as Row;
  return read.map(({ argument, values }) => {
    const pointer = args[argument] as Pointer;
    const weight = inputs.find((t) => isAt(t, pointer));
    const name = weight ? weight.attrs.variable.name : pointer.buffer?.name;
    return { name, ...range(values) };
  });
}

function isAt({ op, attrs }: Tensor, { buffer, offset }: Pointer): boolean {
  const storage = op.source === 'variable' ? attrs.variable.storage : undefined;
  return storage?.buffer === buffer && storage?.offset === offset;
}

function range(values: ArrayLike<number>): Omit<InputRange, 'name'> {
  let [low, high, notFinite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (let i = 0; i < values.length; i++) {
    const x = values[i] as number;
    if (!Number.isFinite(x)) notFinite++;
    else {
      if (x < low) low = x;
      if (x > high) high = x;
    }
  }
  return { low, high, notFinite };
}
