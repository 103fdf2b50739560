import { wholeLines } from '../graph/tensor.ts';
import { FreeList } from '../runtime/freeList.ts';
import { type Buffer, END, REPEAT, type Row } from '../runtime/row.ts';

export interface Plan {
  /** Offset of each planned buffer in the arena. */
  readonly offsets: ReadonlyMap<Buffer, number>;
  readonly bytes: number;
}

export interface Lifetime {
  first: number;
  last: number;
}

/** First and last row that touch each buffer; a buffer touched inside a loop lives as long as the loop. */
export function lifetimes(
  rows: readonly Row[],
  isPlanned: (b: Buffer) => boolean,
): Map<Buffer, Lifetime> {
  const spans = loopSpans(rows);
  const found = new Map<Buffer, Lifetime>();
  rows.forEach((row, i) => {
    const { first, last } = spans[i] as Lifetime;
    for (const arg of row.args) {
      if (typeof arg === 'number' || !arg.buffer || !isPlanned(arg.buffer)) continue;
      const life = found.get(arg.buffer);
      if (!life) found.set(arg.buffer, { first, last });
      else life.last = Math.max(life.last, last);
    }
  });
  return found;
}

/** For each row the outermost loop that it stands in, or itself. */
function loopSpans(rows: readonly Row[]): Lifetime[] {
  const spans: Lifetime[] = [];
  let open: Lifetime | null = null;
  let depth = 0;
  rows.forEach((row, i) => {
    if (row.kernel === REPEAT && depth++ === 0) open = { first: i, last: i };
    spans.push(open ?? { first: i, last: i });
    if (open) open.last = i;
    if (row.kernel === END && --depth === 0) open = null;
  });
  return spans;
}

/** Rows for which memory rests before others take it: taken at once, it would need a barrier that nothing else asks for. */
const REST = 8;
/** Bytes from which on memory counts for more than the barrier. */
const LARGE = 2 ** 18;

/**
 * Places buffers in one arena. What is kept for the backward pass leaves gaps in one direction of time that it does not leave in
 * the other: the smaller of both walks is taken.
 */
export function plan(lives: ReadonlyMap<Buffer, Lifetime>, reuse = true, rest = REST): Plan {
  const mirrored = [...lives].map(([buffer, { first, last }]): [Buffer, Lifetime] => {
    return [buffer, { first: -last, last: -first }];
  });
  const [forward, backward] = [walk([...lives], reuse, rest), walk(mirrored, reuse, rest)];
  return backward.bytes < forward.bytes ? backward : forward;
}

/** Walks through the rows: best fit among what is free, freed behind the last use. */
function walk(lives: readonly [Buffer, Lifetime][], reuse: boolean, rest: number): Plan {
  const offsets = new Map<Buffer, number>();
  const starts = [...lives].sort((a, b) => a[1].first - b[1].first);
  const free = ([{ bytes }, { last }]: [Buffer, Lifetime]) => last + (bytes < LARGE ? rest : 0);
  const ends = reuse ? [...lives].sort((a, b) => free(a) - free(b)) : [];
  const holes = new FreeList();
  let top = 0;
  let freed = 0;
  for (const [buffer, { first }] of starts) {
    for (; freed < ends.length && free(ends[freed] as [Buffer, Lifetime]) < first; freed++) {
      const [old] = ends[freed] as [Buffer, Lifetime];
      holes.put(offsets.get(old) as number, padded(old.bytes));
    }
    const bytes = padded(buffer.bytes);
    const hole = holes.take(bytes);
    const at = hole ?? holes.startOf(top);
    if (hole === undefined) {
      holes.cut(at);
      top = at + bytes;
    }
    offsets.set(buffer, at);
  }
  return { offsets, bytes: top };
}

function padded(bytes: number): number {
  return Math.max(64, wholeLines(bytes));
}
