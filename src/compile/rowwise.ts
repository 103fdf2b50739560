import { bytesOf, type Tensor } from '../graph/tensor.ts';
import { rowBytes } from '../runtime/encode.ts';
import type { Engine } from '../runtime/engine.ts';
import { END, type Pointer, REPEAT, type Row } from '../runtime/row.ts';
import { fromMemory, type NDArray } from './array.ts';
import { describeNotFinite, type InputRange, type NotFinite } from './notFinite.ts';
import { debugLine } from './print.ts';
import type { Program } from './program.ts';

/** A row, or a whole loop, that runs alone. */
interface Span {
  readonly first: number;
  readonly last: number;
  readonly row: number;
}

function spans({ rows }: Program): Span[] {
  const found: Span[] = [];
  let depth = 0;
  let at = 0;
  rows.forEach((row, i) => {
    const first = at;
    at += rowBytes(row);
    if (depth === 0) found.push({ first, last: at, row: i });
    else found[found.length - 1] = { ...(found.at(-1) as Span), last: at };
    if (row.kernel === REPEAT) depth++;
    if (row.kernel === END) depth--;
  });
  return found;
}

/** A program in memory: where it starts, and where what it refers to lies. */
interface Loaded {
  readonly engine: Engine;
  readonly program: Program;
  readonly at: number;
  readonly resolve: (p: Pointer) => number;
}

/**
 * Runs one step row by row (the step table must hold it) and returns the first row with results that are not finite. Ends
 * there, unless `report` wants to be told each row's time.
 */
export async function runRows(
  loaded: Loaded,
  report?: (line: string) => void,
): Promise<NotFinite | null> {
  const { engine, program, at } = loaded;
  let first: NotFinite | null = null;
  for (const span of spans(program)) {
    const row = program.rows[span.row] as Row;
    const inputs: readonly InputRange[] = first ? [] : await rangesOf(loaded, span.row);
    const started = performance.now();
    await engine.run({ first: at + span.first, last: at + span.last, steps: 1 });
    const us = (performance.now() - started) * 1000;
    const { scope, op } = program.nodes[span.row] as Tensor;
    const count = await countNotFinite(loaded, span.row);
    if (count)
      first ??= {
        row: span.row,
        layer: scope,
        op: op.name,
        kernel: row.kernel.name,
        count,
        inputs,
      };
    report?.(
      `${String(span.row).padStart(4)} ${row.kernel.name} ${us.toFixed(0)} µs  ${scope || '–'}${count ? `  ${count} not finite` : ''}`,
    );
    if (first && !report) return first;
  }
  return first;
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
async function reals({ engine, program, resolve }: Loaded, index: number, types: RegExp) {
  const row = program.rows[index] as Row;
  const { realBytes } = program.target;
  const found: { readonly pointer: Pointer; readonly values: ArrayLike<number> }[] = [];
  for (const [a, arg] of row.args.entries()) {
    const type = row.kernel.types[a] ?? '';
    if (typeof arg === 'number' || !arg.buffer || arg.bytes === 0 || !types.test(type)) continue;
    const bytes = await engine.read(resolve(arg), arg.bytes);
    found.push({ pointer: arg, values: fromMemory(bytes, 'real', realBytes) });
  }
  return found;
}

async function countNotFinite(loaded: Loaded, index: number): Promise<number> {
  if (loaded.program.nodes[index]?.dtype === 'i32') return 0;
  let count = 0;
  for (const { values } of await reals(loaded, index, /^(Out|InOut|OutAll|InOutAll)$/))
    for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) count++;
  return count;
}

async function rangesOf(loaded: Loaded, index: number): Promise<InputRange[]> {
  const { inputs } = loaded.program.nodes[index] as Tensor;
  const whole = inputs.filter((t) => t.dtype === 'i32' || t.dtype === 'u8');
  if (whole.length) return [];
  const read = await reals(loaded, index, /^(In|InAll|InOut)$/);
  return read.map(({ pointer, values }) => {
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
