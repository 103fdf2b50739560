import { LANES, loadPart, maxLanes, minLanes, storePart, sumLanes } from './simd';

/** A reduction, only ever a type argument. `shift` is the row's or column's mean, for those that need one. */
export abstract class Fold {
  /** The result for no elements, where accumulators start. */
  abstract empty(): real;
  /** What stands in the unused lanes of a part of a vector. */
  abstract neutral(shift: real): real;
  abstract step(sum: v128, x: v128, shift: v128): v128;
  abstract join(a: v128, b: v128): v128;
  abstract lanes(v: v128): real;
  /** Whether `foldColumns` touches the memory that is wanted next. */
  abstract touches(): boolean;
}

export class Sum extends Fold {
  @inline touches(): boolean {
    return false;
  }
  @inline empty(): real {
    return 0;
  }
  @inline neutral(_shift: real): real {
    return 0;
  }
  @inline step(sum: v128, x: v128, _shift: v128): v128 {
    return v128.add<real>(sum, x);
  }
  @inline join(a: v128, b: v128): v128 {
    return v128.add<real>(a, b);
  }
  @inline lanes(v: v128): real {
    return sumLanes(v);
  }
}

/** `pmax` keeps a NaN of its first operand; one of the second becomes a lane of ones, which is a NaN. */
export class Max extends Fold {
  @inline touches(): boolean {
    return false;
  }
  @inline empty(): real {
    return <real>-Infinity;
  }
  @inline neutral(_shift: real): real {
    return <real>-Infinity;
  }
  @inline step(sum: v128, x: v128, _shift: v128): v128 {
    return v128.or(v128.pmax<real>(sum, x), v128.ne<real>(x, x));
  }
  @inline join(a: v128, b: v128): v128 {
    return v128.or(v128.pmax<real>(a, b), v128.ne<real>(b, b));
  }
  @inline lanes(v: v128): real {
    return maxLanes(v);
  }
}

export class Min extends Fold {
  @inline touches(): boolean {
    return false;
  }
  @inline empty(): real {
    return <real>Infinity;
  }
  @inline neutral(_shift: real): real {
    return <real>Infinity;
  }
  @inline step(sum: v128, x: v128, _shift: v128): v128 {
    return v128.or(v128.pmin<real>(sum, x), v128.ne<real>(x, x));
  }
  @inline join(a: v128, b: v128): v128 {
    return v128.or(v128.pmin<real>(a, b), v128.ne<real>(b, b));
  }
  @inline lanes(v: v128): real {
    return minLanes(v);
  }
}

/** Numbers of a row that are folded one after the other; longer rows are halved and joined pairwise. */
const ROW_BLOCK: i32 = 512 * LANES;
/** The same for the rows of a column. */
const COLUMN_BLOCK: i32 = 32;

/** Fold of the n numbers at x. */
export function foldRow<Op extends Fold>(x: usize, n: i32, shift: real): real {
  return changetype<Op>(0).lanes(foldSpan<Op>(x, n, shift));
}

function foldSpan<Op extends Fold>(x: usize, n: i32, shift: real): v128 {
  if (n <= ROW_BLOCK) return foldBlock<Op>(x, n, shift);
  if (n == 4 * ROW_BLOCK) return foldFour<Op>(x, v128.splat<real>(shift));
  const half = ((n >> 1) + ROW_BLOCK - 1) & -ROW_BLOCK;
  const right = x + <usize>half * sizeof<real>();
  return changetype<Op>(0).join(foldSpan<Op>(x, half, shift), foldSpan<Op>(right, n - half, shift));
}

function foldBlock<Op extends Fold>(x: usize, n: i32, shift: real): v128 {
  const wide = n & (-8 * LANES);
  const s = v128.splat<real>(shift);
  let a = v128.splat<real>(changetype<Op>(0).empty());
  if (wide > 0) a = foldWide<Op>(x, x + <usize>wide * sizeof<real>(), s);
  let p = x + <usize>wide * sizeof<real>();
  const end = x + <usize>(n & -LANES) * sizeof<real>();
  for (; p < end; p += 16) a = changetype<Op>(0).step(a, v128.load(p), s);
  const rest = n & (LANES - 1);
  if (rest == 0) return a;
  return changetype<Op>(0).step(a, loadPart(p, rest, changetype<Op>(0).neutral(shift)), s);
}

/** Four blocks side by side, a quarter after the other: memory answers four streams sooner than one. */
function foldFour<Op extends Fold>(x: usize, s: v128): v128 {
  const op = changetype<Op>(0);
  const quarter: usize = (ROW_BLOCK / 4) * sizeof<real>();
  const low = op.join(foldStreams<Op>(x, s), foldStreams<Op>(x + quarter, s));
  const high = foldStreams<Op>(x + 2 * quarter, s);
  return op.join(low, op.join(high, foldStreams<Op>(x + 3 * quarter, s)));
}

/** The first quarter of four blocks. */
function foldStreams<Op extends Fold>(x: usize, s: v128): v128 {
  const op = changetype<Op>(0);
  let a = v128.splat<real>(op.empty());
  let b = a;
  let c = a;
  let d = a;
  let e = a;
  let f = a;
  let g = a;
  let h = a;
  const bytes: usize = ROW_BLOCK * sizeof<real>();
  for (const end = x + bytes / 4; x < end; x += 32) {
    a = op.step(a, v128.load(x), s);
    b = op.step(b, v128.load(x, 16), s);
    c = op.step(c, v128.load(x, bytes), s);
    d = op.step(d, v128.load(x, bytes + 16), s);
    e = op.step(e, v128.load(x, 2 * bytes), s);
    f = op.step(f, v128.load(x, 2 * bytes + 16), s);
    g = op.step(g, v128.load(x, 3 * bytes), s);
    h = op.step(h, v128.load(x, 3 * bytes + 16), s);
  }
  return op.join(op.join(op.join(a, b), op.join(c, d)), op.join(op.join(e, f), op.join(g, h)));
}

/** Eight accumulators hide the latency of the additions. */
function foldWide<Op extends Fold>(x: usize, end: usize, s: v128): v128 {
  const op = changetype<Op>(0);
  let a = v128.splat<real>(op.empty());
  let b = a;
  let c = a;
  let d = a;
  let e = a;
  let f = a;
  let g = a;
  let h = a;
  for (; x < end; x += 128) {
    a = op.step(a, v128.load(x), s);
    b = op.step(b, v128.load(x, 16), s);
    c = op.step(c, v128.load(x, 32), s);
    d = op.step(d, v128.load(x, 48), s);
    e = op.step(e, v128.load(x, 64), s);
    f = op.step(f, v128.load(x, 80), s);
    g = op.step(g, v128.load(x, 96), s);
    h = op.step(h, v128.load(x, 112), s);
  }
  return op.join(op.join(op.join(a, b), op.join(c, d)), op.join(op.join(e, f), op.join(g, h)));
}

/**
 * y[c] = fold of x[0 … rows − 1, c] for the columns first … last − 1; mean 0: none. x is [rows, cols]. Ops that touch read a
 * number of each line from `next` on, as much as of x.
 */
export function foldColumns<Op extends Fold>(
  y: usize,
  x: usize,
  mean: usize,
  cols: i32,
  first: i32,
  last: i32,
  rows: i32,
  next: usize = 0,
): i32 {
  const stride = <usize>cols * sizeof<real>();
  let at = <usize>first * sizeof<real>();
  let left = last - first;
  for (; left >= 4 * LANES; left -= 4 * LANES, at += 64, next += (<usize>rows) << 6)
    fourColumns<Op>(y + at, x + at, mean == 0 ? 0 : mean + at, stride, rows, next);
  for (; left >= LANES; left -= LANES, at += 16)
    oneColumn<Op>(y + at, x + at, mean == 0 ? 0 : mean + at, stride, rows);
  if (left > 0) partOfColumn<Op>(y + at, x + at, mean == 0 ? 0 : mean + at, stride, rows, left);
  return last;
}

/** Four vectors of columns at a time: whole cache lines of x. */
function fourColumns<Op extends Fold>(
  y: usize,
  x: usize,
  mean: usize,
  stride: usize,
  rows: i32,
  next: usize,
): void {
  const op = changetype<Op>(0);
  const empty = v128.splat<real>(op.empty());
  const s0 = mean == 0 ? empty : v128.load(mean);
  const s1 = mean == 0 ? empty : v128.load(mean, 16);
  const s2 = mean == 0 ? empty : v128.load(mean, 32);
  const s3 = mean == 0 ? empty : v128.load(mean, 48);
  let y0 = empty;
  let y1 = empty;
  let y2 = empty;
  let y3 = empty;
  for (let row = 0; row < rows; row += COLUMN_BLOCK) {
    let a = empty;
    let b = empty;
    let c = empty;
    let d = empty;
    for (let i = min(COLUMN_BLOCK, rows - row); i > 0; i--, x += stride) {
      if (op.touches()) {
        load<u8>(next);
        next += 64;
      }
      a = op.step(a, v128.load(x), s0);
      b = op.step(b, v128.load(x, 16), s1);
      c = op.step(c, v128.load(x, 32), s2);
      d = op.step(d, v128.load(x, 48), s3);
    }
    y0 = op.join(y0, a);
    y1 = op.join(y1, b);
    y2 = op.join(y2, c);
    y3 = op.join(y3, d);
  }
  v128.store(y, y0);
  v128.store(y, y1, 16);
  v128.store(y, y2, 32);
  v128.store(y, y3, 48);
}

/** Four blocks of rows at a time hide the latency; they are joined in the same order as one by one. */
function oneColumn<Op extends Fold>(
  y: usize,
  x: usize,
  mean: usize,
  stride: usize,
  rows: i32,
): void {
  const op = changetype<Op>(0);
  const empty = v128.splat<real>(op.empty());
  const s = mean == 0 ? empty : v128.load(mean);
  const block = <usize>COLUMN_BLOCK * stride;
  let sum = empty;
  let row = 0;
  for (; row + 4 * COLUMN_BLOCK <= rows; row += 4 * COLUMN_BLOCK, x += 3 * block) {
    let a = empty;
    let b = empty;
    let c = empty;
    let d = empty;
    for (let i = COLUMN_BLOCK; i > 0; i--, x += stride) {
      a = op.step(a, v128.load(x), s);
      b = op.step(b, v128.load(x + block), s);
      c = op.step(c, v128.load(x + 2 * block), s);
      d = op.step(d, v128.load(x + 3 * block), s);
    }
    sum = op.join(op.join(op.join(op.join(sum, a), b), c), d);
  }
  for (; row < rows; row += COLUMN_BLOCK) {
    let a = empty;
    for (let i = min(COLUMN_BLOCK, rows - row); i > 0; i--, x += stride)
      a = op.step(a, v128.load(x), s);
    sum = op.join(sum, a);
  }
  v128.store(y, sum);
}

/** The last `count` < LANES columns. */
function partOfColumn<Op extends Fold>(
  y: usize,
  x: usize,
  mean: usize,
  stride: usize,
  rows: i32,
  count: i32,
): void {
  const op = changetype<Op>(0);
  const empty = v128.splat<real>(op.empty());
  const s = mean == 0 ? empty : loadPart(mean, count, 0);
  let sum = empty;
  for (let row = 0; row < rows; row += COLUMN_BLOCK) {
    let a = empty;
    for (let i = min(COLUMN_BLOCK, rows - row); i > 0; i--, x += stride)
      a = op.step(a, loadPart(x, count, 0), s);
    sum = op.join(sum, a);
  }
  storePart(y, sum, count);
}
