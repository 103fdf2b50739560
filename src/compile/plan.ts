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

/**
 * First and last row that touch each buffer. Inside a loop, one that holds what a single iteration needs lives between these rows;
 * any other as long as the loop.
 */
export function lifetimes(
  rows: readonly Row[],
  isPlanned: (b: Buffer) => boolean,
): Map<Buffer, Lifetime> {
  const spans = loopSpans(rows);
  const found = new Map<Buffer, Lifetime>();
  rows.forEach((row, i) => {
    for (const arg of row.args) {
      if (typeof arg === 'number' || !arg.buffer || !isPlanned(arg.buffer)) continue;
      const { first, last } = spans[i]?.[arg.buffer.depth ?? 0] ?? { first: i, last: i };
      const life = found.get(arg.buffer) ?? { first, last };
      found.set(arg.buffer, {
        first: Math.min(life.first, first),
        last: Math.max(life.last, last),
      });
    }
  });
  return found;
}

/** For each row the loops that it stands in, the outermost first. */
function loopSpans(rows: readonly Row[]): Lifetime[][] {
  const open: Lifetime[] = [];
  return rows.map((row, i) => {
    if (row.kernel === REPEAT) open.push({ first: i, last: i });
    for (const loop of open) loop.last = i;
    const around = [...open];
    if (row.kernel === END) open.pop();
    return around;
  });
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
