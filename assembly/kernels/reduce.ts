import { Fold, foldColumns, foldRow, Max, Min, Sum } from '../fold';
import { In, InAll, Out, shareStart } from '../share';
import { divideSpan } from '../span';

function eachRow<Op extends Fold>(
  y: usize,
  x: usize,
  rows: i32,
  unit: i32,
  cols: i32,
  scale: real,
  tid: i32,
  threads: i32,
): i32 {
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = <usize>shareStart(rows, unit, tid, threads); r < <usize>last; r++) {
    const row = x + r * <usize>cols * sizeof<real>();
    store<real>(y + r * sizeof<real>(), foldRow<Op>(row, cols, 0) / scale);
  }
  return last;
}

function eachColumn<Op extends Fold>(
  y: usize,
  x: usize,
  cols: i32,
  unit: i32,
  rows: i32,
  tid: i32,
  threads: i32,
): i32 {
  const first = shareStart(cols, unit, tid, threads);
  const last = shareStart(cols, unit, tid + 1, threads);
  return foldColumns<Op>(y, x, 0, cols, first, last, rows);
}

function eachChunk<Op extends Fold>(
  partial: usize,
  x: usize,
  chunks: i32,
  unit: i32,
  chunk: i32,
  n: i32,
  tid: i32,
  threads: i32,
): i32 {
  const last = shareStart(chunks, unit, tid + 1, threads);
  for (let c = shareStart(chunks, unit, tid, threads); c < last; c++) {
    const first = min(n, c * chunk);
    const count = min(n - first, chunk);
    const sum = foldRow<Op>(x + <usize>first * sizeof<real>(), count, 0);
    store<real>(partial + <usize>c * sizeof<real>(), sum);
  }
  return last;
}

function eachColumnChunk<Op extends Fold>(
  partial: usize,
  x: usize,
  chunks: i32,
  unit: i32,
  chunk: i32,
  rows: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): i32 {
  const last = shareStart(chunks, unit, tid + 1, threads);
  const rowBytes = <usize>cols * sizeof<real>();
  for (let c = shareStart(chunks, unit, tid, threads); c < last; c++) {
    const first = min(rows, c * chunk);
    const part = x + <usize>first * rowBytes;
    const count = min(rows - first, chunk);
    foldColumns<Op>(partial + <usize>c * rowBytes, part, 0, cols, 0, cols, count);
  }
  return last;
}

/** y[r] = Σ_c x[r, c]; x [rows, cols]. */
export function sumRows(
  y: Out,
  x: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  eachRow<Sum>(y, x, rows, unit, cols, 1, tid, threads);
}

/** y[r] = Σ_c x[r, c] / count; x [rows, cols]. */
export function meanRows(
  y: Out,
  x: In,
  rows: i32,
  unit: i32,
  cols: i32,
  count: real,
  tid: i32,
  threads: i32,
): void {
  eachRow<Sum>(y, x, rows, unit, cols, count, tid, threads);
}

/** y[r] = max_c x[r, c], NaN if there is one; x [rows, cols]. */
export function maxRows(
  y: Out,
  x: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  eachRow<Max>(y, x, rows, unit, cols, 1, tid, threads);
}

/** y[r] = min_c x[r, c], NaN if there is one; x [rows, cols]. */
export function minRows(
  y: Out,
  x: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  eachRow<Min>(y, x, rows, unit, cols, 1, tid, threads);
}

/** y[c] = Σ_r x[r, c]; x [rows, cols]. */
export function sumColumns(
  y: Out,
  x: InAll,
  cols: i32,
  unit: i32,
  rows: i32,
  tid: i32,
  threads: i32,
): void {
  eachColumn<Sum>(y, x, cols, unit, rows, tid, threads);
}

/** y[c] = Σ_r x[r, c] / count; x [rows, cols]. */
export function meanColumns(
  y: Out,
  x: InAll,
  cols: i32,
  unit: i32,
  rows: i32,
  count: real,
  tid: i32,
  threads: i32,
): void {
  const last = eachColumn<Sum>(y, x, cols, unit, rows, tid, threads);
  divideSpan(y, shareStart(cols, unit, tid, threads), last, count);
}

/** y[c] = max_r x[r, c], NaN if there is one; x [rows, cols]. */
export function maxColumns(
  y: Out,
  x: InAll,
  cols: i32,
  unit: i32,
  rows: i32,
  tid: i32,
  threads: i32,
): void {
  eachColumn<Max>(y, x, cols, unit, rows, tid, threads);
}

/** y[c] = min_r x[r, c], NaN if there is one; x [rows, cols]. */
export function minColumns(
  y: Out,
  x: InAll,
  cols: i32,
  unit: i32,
  rows: i32,
  tid: i32,
  threads: i32,
): void {
  eachColumn<Min>(y, x, cols, unit, rows, tid, threads);
}

/** partial[c] = Σ of x[c·chunk … min(n, (c + 1)·chunk) − 1]. */
export function sumChunks(
  partial: Out,
  x: InAll,
  chunks: i32,
  unit: i32,
  chunk: i32,
  n: i32,
  tid: i32,
  threads: i32,
): void {
  eachChunk<Sum>(partial, x, chunks, unit, chunk, n, tid, threads);
}

/** partial[c] = max of x[c·chunk … min(n, (c + 1)·chunk) − 1]; −Inf if empty. */
export function maxChunks(
  partial: Out,
  x: InAll,
  chunks: i32,
  unit: i32,
  chunk: i32,
  n: i32,
  tid: i32,
  threads: i32,
): void {
  eachChunk<Max>(partial, x, chunks, unit, chunk, n, tid, threads);
}

/** partial[c] = min of x[c·chunk … min(n, (c + 1)·chunk) − 1]; +Inf if empty. */
export function minChunks(
  partial: Out,
  x: InAll,
  chunks: i32,
  unit: i32,
  chunk: i32,
  n: i32,
  tid: i32,
  threads: i32,
): void {
  eachChunk<Min>(partial, x, chunks, unit, chunk, n, tid, threads);
}

/** partial[k, c] = Σ of x[r, c] for r = k·chunk … min(rows, (k + 1)·chunk) − 1; x [rows, cols], partial [chunks, cols]. */
export function sumColumnChunks(
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
  eachColumnChunk<Sum>(partial, x, chunks, unit, chunk, rows, cols, tid, threads);
}

/** partial[k, c] = max of x[r, c] for r = k·chunk … min(rows, (k + 1)·chunk) − 1; x [rows, cols], partial [chunks, cols]. */
export function maxColumnChunks(
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
  eachColumnChunk<Max>(partial, x, chunks, unit, chunk, rows, cols, tid, threads);
}

/** partial[k, c] = min of x[r, c] for r = k·chunk … min(rows, (k + 1)·chunk) − 1; x [rows, cols], partial [chunks, cols]. */
export function minColumnChunks(
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
  eachColumnChunk<Min>(partial, x, chunks, unit, chunk, rows, cols, tid, threads);
}
