import { wholeLines } from '../graph/tensor.ts';
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

interface Hole {
  at: number;
  bytes: number;
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
  const holes: Hole[] = [];
  let top = 0;
  let freed = 0;
  for (const [buffer, { first }] of starts) {
    for (; freed < ends.length && free(ends[freed] as [Buffer, Lifetime]) < first; freed++) {
      const [old] = ends[freed] as [Buffer, Lifetime];
      release(holes, { at: offsets.get(old) as number, bytes: padded(old.bytes) });
    }
    const bytes = padded(buffer.bytes);
    const at = take(holes, bytes);
    if (at !== undefined) {
      offsets.set(buffer, at);
      continue;
    }
    const tail = holes.at(-1);
    const start = tail && tail.at + tail.bytes === top ? (holes.pop() as Hole).at : top;
    offsets.set(buffer, start);
    top = start + bytes;
  }
  return { offsets, bytes: top };
}

function padded(bytes: number): number {
  return Math.max(64, wholeLines(bytes));
}

function take(holes: Hole[], bytes: number): number | undefined {
  let best = -1;
  holes.forEach((hole, i) => {
    if (hole.bytes >= bytes && (best < 0 || hole.bytes < (holes[best] as Hole).bytes)) best = i;
  });
  if (best < 0) return undefined;
  const hole = holes[best] as Hole;
  const { at } = hole;
  hole.at += bytes;
  hole.bytes -= bytes;
  if (hole.bytes === 0) holes.splice(best, 1);
  return at;
}

/** Keeps holes sorted by place and joined with their neighbours. */
function release(holes: Hole[], hole: Hole): void {
  let i = holes.findIndex((h) => h.at > hole.at);
  if (i < 0) i = holes.length;
  holes.splice(i, 0, hole);
  const next = holes[i + 1];
  if (next && hole.at + hole.bytes === next.at) {
    hole.bytes += next.bytes;
    holes.splice(i + 1, 1);
  }
  const before = holes[i - 1];
  if (before && before.at + before.bytes === hole.at) {
    before.bytes += hole.bytes;
    holes.splice(i, 1);
  }
}
