import type { Pointer } from '../runtime/row.ts';
import type { EmittedRow } from './emitter.ts';

/**
 * Joins rows that do the same to neighbouring pieces of memory: the updates of all parameters in a slab become one pass.
 * Only rows whose threads touch no more than their share can be joined.
 */
export function mergeNeighbours(rows: readonly EmittedRow[]): EmittedRow[] {
  const merged: EmittedRow[] = [];
  for (const next of rows) {
    const last = merged.at(-1);
    const joined = last && joinRows(last, next);
    if (joined) merged[merged.length - 1] = joined;
    else merged.push(next);
  }
  return merged;
}

function joinRows(a: EmittedRow, b: EmittedRow): EmittedRow | undefined {
  const { kernel } = a.row;
  if (kernel !== b.row.kernel || kernel.unit < 1 || !a.node.op.effect) return undefined;
  const count = kernel.unit - 1;
  const args: (Pointer | number)[] = [];
  for (let i = 0; i < a.row.args.length; i++) {
    const [x, y] = [a.row.args[i], b.row.args[i]];
    if (typeof x === 'number' && typeof y === 'number') {
      if (i !== count && x !== y) return undefined;
      args.push(i === count ? x + y : x);
    } else {
      const pointer = joinPointers(x as Pointer, y as Pointer, kernel.types[i] ?? '');
      if (!pointer) return undefined;
      args.push(pointer);
    }
  }
  return { row: { kernel, args }, node: a.node };
}

/** Pointers that all threads use as they are. */
const SHARED: readonly string[] = ['InAll', 'Flag', 'Step'];

function joinPointers(x: Pointer, y: Pointer, type: string): Pointer | undefined {
  if (x.buffer !== y.buffer) return undefined;
  const shared = SHARED.includes(type) || x.buffer === null;
  if (shared) return x.offset === y.offset ? x : undefined;
  if (x.strides || y.strides || x.offset + x.bytes !== y.offset) return undefined;
  return { ...x, bytes: x.bytes + y.bytes };
}
