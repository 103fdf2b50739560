import { Fold, foldColumns, foldRow, Sum } from '../fold';
import { In, InAll, Out, shareStart } from '../share';
import { LANES, loadUpTo, madd, splat, storeUpTo, sumLanes } from '../simd';
import { divideSpan } from '../span';

/*
 * Mean and variance (Σ(x − mean)² / n) in one pass over memory: each chunk is read twice while it is in the cache, and
 * chunks are combined after Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing sample
 * variances (1979).
 */
export class SquaredDeviation extends Fold {
  @inline empty(): real {
    return 0;
  }
  @inline neutral(shift: real): real {
    return shift;
  }
  @inline step(sum: v128, x: v128, shift: v128): v128 {
    const d = v128.sub<real>(x, shift);
    return madd(d, d, sum);
  }
  @inline join(a: v128, b: v128): v128 {
    return v128.add<real>(a, b);
  }
  @inline lanes(v: v128): real {
    return sumLanes(v);
  }
  @inline touches(): boolean {
    return true;
  }
}

/** Columns whose rows are read twice: 128 rows of them are 32 KiB. */
const SLAB: i32 = 64;
/** Chunks that are added one after the other before they are added to the total. */
const BLOCK: i32 = 32;

/** mean[c] and deviation[c] = Σ(x[r, c] − mean[c])² for the columns first … last − 1; x [rows, cols]. Meanwhile as much from `next` on enters the cache. */
function columnMoments(
  mean: usize,
  deviation: usize,
  x: usize,
  cols: i32,
  first: i32,
  last: i32,
  rows: i32,
  next: usize,
): i32 {
  for (let c = first; c < last; c += SLAB) {
    const end = min(last, c + SLAB);
    foldColumns<Sum>(mean, x, 0, cols, c, end, rows);
    divideSpan(mean, c, end, <real>rows);
    foldColumns<SquaredDeviation>(deviation, x, mean, cols, c, end, rows, next);
  }
  return last;
}

/** Moments of chunk k of the rows: mean partial[k, 0, c] and deviation partial[k, 1, c]; `more`: the next one is read next. Returns its rows. */
export function chunkMoments(
  partial: usize,
  x: usize,
  k: i32,
  more: boolean,
  chunk: i32,
  rows: i32,
  cols: i32,
): i32 {
  const width = <usize>cols * sizeof<real>();
  const at = partial + <usize>(2 * k) * width;
  const part = x + <usize>(k * chunk) * width;
  const count = min(rows - k * chunk, chunk);
  const whole = more && cols <= SLAB && (k + 2) * chunk <= rows;
  columnMoments(
    at,
    at + width,
    part,
    cols,
    0,
    cols,
    count,
    whole ? part + <usize>chunk * width : part,
  );
  return count;
}

/** mean[r] and variance[r] of x[r, …]; x [rows, cols]. */
export function momentRows(
  mean: Out,
  variance: Out,
  x: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = <usize>shareStart(rows, unit, tid, threads); r < <usize>last; r++) {
    const at = r * sizeof<real>();
    const row = x + at * <usize>cols;
    const m = foldRow<Sum>(row, cols, 0) / <real>cols;
    store<real>(mean + at, m);
    store<real>(variance + at, foldRow<SquaredDeviation>(row, cols, m) / <real>cols);
  }
}

/** mean[c] and variance[c] of x[…, c]; x [rows, cols]. */
export function momentColumns(
  mean: Out,
  variance: Out,
  x: InAll,
  cols: i32,
  unit: i32,
  rows: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(cols, unit, tid, threads);
  const last = shareStart(cols, unit, tid + 1, threads);
  columnMoments(mean, variance, x, cols, first, last, rows, x);
  divideSpan(variance, first, last, <real>rows);
}

/** partial[k] = mean of x[k·chunk … min(n, (k + 1)·chunk) − 1] and the sum of its squared deviations; partial [chunks, 2], no chunk empty. */
export function momentChunks(
  partial: Out,
  x: InAll,
  chunks: i32,
  unit: i32,
  chunk: i32,
  n: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(chunks, unit, tid + 1, threads);
  for (let k = shareStart(chunks, unit, tid, threads); k < last; k++) {
    const part = x + <usize>(k * chunk) * sizeof<real>();
    const count = min(n - k * chunk, chunk);
    const m = foldRow<Sum>(part, count, 0) / <real>count;
    const at = partial + <usize>(2 * k) * sizeof<real>();
    store<real>(at, m);
    store<real>(at, foldRow<SquaredDeviation>(part, count, m), sizeof<real>());
  }
}

/** partial[k, 0, c] = mean of x[r, c] and partial[k, 1, c] = the sum of squared deviations for r = k·chunk … min(rows, (k + 1)·chunk) − 1; x [rows, cols], partial [chunks, 2, cols], no chunk empty. */
export function momentColumnChunks(
  partial: Out,
  x: InAll,
  chunks: i32,
  unit: i32,
  chunk: i32,
  rows: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(chunks, unit, tid + 1, threads);
  for (let k = shareStart(chunks, unit, tid, threads); k < last; k++)
    chunkMoments(partial, x, k, k + 1 < last, chunk, rows, cols);
}

/** mean[c] and variance[c] of the n numbers whose chunks of `chunk` (the last one shorter) have the moments partial [chunks, 2, cols]. */
export function combineMoments(
  mean: Out,
  variance: Out,
  partial: InAll,
  cols: i32,
  unit: i32,
  chunks: i32,
  chunk: i32,
  n: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(cols, unit, tid + 1, threads);
  const width = <usize>cols * sizeof<real>();
  for (let c = shareStart(cols, unit, tid, threads); c < last; c += LANES) {
    const at = <usize>c * sizeof<real>();
    const m = combinedMean(partial + at, width, chunks, chunk, n, last - c);
    storeUpTo(mean + at, m, last - c);
    const d = combinedDeviation(partial + at, width, chunks, chunk, n, last - c, m);
    storeUpTo(variance + at, v128.div<real>(d, splat(<real>n)), last - c);
  }
}

/** m₀ + Σ nₖ·(mₖ − m₀) / n */
function combinedMean(p: usize, width: usize, chunks: i32, chunk: i32, n: i32, lanes: i32): v128 {
  const start = loadUpTo(p, lanes);
  let total = splat(0);
  for (let k = 0; k < chunks; ) {
    let sum = splat(0);
    for (const end = min(chunks, k + BLOCK); k < end; k++, p += 2 * width) {
      const weight = splat(<real>min(chunk, n - k * chunk));
      sum = madd(v128.sub<real>(loadUpTo(p, lanes), start), weight, sum);
    }
    total = v128.add<real>(total, sum);
  }
  return v128.add<real>(start, v128.div<real>(total, splat(<real>n)));
}

/** Σ dₖ + nₖ·(mₖ − mean)² */
function combinedDeviation(
  p: usize,
  width: usize,
  chunks: i32,
  chunk: i32,
  n: i32,
  lanes: i32,
  mean: v128,
): v128 {
  let total = splat(0);
  for (let k = 0; k < chunks; ) {
    let sum = splat(0);
    for (const end = min(chunks, k + BLOCK); k < end; k++, p += 2 * width) {
      const weight = splat(<real>min(chunk, n - k * chunk));
      const d = v128.sub<real>(loadUpTo(p, lanes), mean);
      const within = loadUpTo(p + width, lanes);
      sum = v128.add<real>(sum, madd(v128.mul<real>(d, d), weight, within));
    }
    total = v128.add<real>(total, sum);
  }
  return total;
}
