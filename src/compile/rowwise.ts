import { formatShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { rowBytes } from '../runtime/encode.ts';
import type { Engine } from '../runtime/engine.ts';
import { END, type Pointer, REPEAT } from '../runtime/row.ts';
import { fromMemory } from './array.ts';
import { debugLine } from './debug.ts';
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

/** What a row wrote that is not finite. */
export interface NotFinite {
  readonly row: number;
  readonly layer: string;
  readonly op: string;
  readonly kernel: string;
  /** Elements that are NaN or infinite. */
  readonly count: number;
  readonly inputs: readonly string[];
}

/**
 * Runs one step row by row (the step table must hold it), tells each row's time, and returns the first row with results
 * that are not finite.
 */
export async function runRows(
  engine: Engine,
  program: Program,
  at: number,
  resolve: (p: Pointer) => number,
  report = debugLine,
): Promise<NotFinite | null> {
  let first: NotFinite | null = null;
  for (const span of spans(program)) {
    const started = performance.now();
    await engine.run({ first: at + span.first, last: at + span.last, steps: 1 });
    const us = (performance.now() - started) * 1000;
    const bad = await check(engine, program, span.row, resolve);
    first ??= bad;
    const row = program.rows[span.row] as Program['rows'][number];
    const scope = program.nodes[span.row]?.scope || '–';
    report(
      `${String(span.row).padStart(4)} ${row.kernel.name} ${us.toFixed(0)} µs  ${scope}${bad ? `  ${bad.count} not finite` : ''}`,
    );
  }
  return first;
}

async function check(
  engine: Engine,
  program: Program,
  index: number,
  resolve: (p: Pointer) => number,
): Promise<NotFinite | null> {
  const row = program.rows[index] as Program['rows'][number];
  const node = program.nodes[index] as Tensor;
  if (node.dtype === 'i32') return null;
  let count = 0;
  for (const [a, arg] of row.args.entries()) {
    const type = row.kernel.parameters[a]?.[1];
    if (typeof arg === 'number' || (type !== 'Out' && type !== 'InOut')) continue;
    const bytes = await engine.read(resolve(arg), arg.bytes);
    for (const x of fromMemory(bytes, 'real', program.target.realBytes))
      if (!Number.isFinite(x)) count++;
  }
  const inputs = node.inputs.map((t) => `${t.op.name} ${formatShape(t.shape)}`);
  return count
    ? { row: index, layer: node.scope, op: node.op.name, kernel: row.kernel.name, count, inputs }
    : null;
}
