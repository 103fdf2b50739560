import { Fold, foldRow, Max, Min } from '../fold';
import { In, InAll, Out, shareStart } from '../share';
import { LANES, Lanes } from '../simd';

function argRows<Op extends Fold>(
  y: usize,
  x: usize,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): i32 {
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = <usize>shareStart(rows, unit, tid, threads); r < <usize>last; r++) {
    const row = x + r * <usize>cols * sizeof<real>();
    store<i32>(y + (r << 2), indexOf(row, cols, foldRow<Op>(row, cols, 0)));
  }
  return last;
}

/** First place of `value` among the n numbers at x; a NaN finds the first NaN. */
function indexOf(x: usize, n: i32, value: real): i32 {
  const v = v128.splat<real>(value);
  let i = 0;
  for (; i + LANES <= n; i += LANES, x += 16) {
    const found = equalLanes(v128.load(x), v, value);
    if (found != 0) return i + ctz(found);
  }
  const rest = n - i;
  return i + (rest > 0 ? ctz(equalLanes(Lanes.load(x, rest, value), v, value)) : 0);
}

function equalLanes(x: v128, v: v128, value: real): i32 {
  const found = value == value ? v128.eq<real>(x, v) : v128.ne<real>(x, x);
  return sizeof<real>() == 8 ? v128.bitmask<i64>(found) : v128.bitmask<i32>(found);
}

/** y[r] = index of the first maximum of x[r, …], a NaN counting as the largest; x [rows, cols], y i32. */
export function argMaxRows(
  y: Out,
  x: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  argRows<Max>(y, x, rows, unit, cols, tid, threads);
}

/** y[r] = index of the first minimum of x[r, …], a NaN counting as the smallest; x [rows, cols], y i32. */
export function argMinRows(
  y: Out,
  x: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  argRows<Min>(y, x, rows, unit, cols, tid, threads);
}

function argColumns<Op extends Fold>(
  y: usize,
  x: usize,
  cols: i32,
  unit: i32,
  rows: i32,
  tid: i32,
  threads: i32,
): i32 {
  const last = shareStart(cols, unit, tid + 1, threads);
  for (let c = shareStart(cols, unit, tid, threads); c < last; c += LANES) {
    const count = min(last - c, LANES);
    const at = x + <usize>c * sizeof<real>();
    const index = argColumn<Op>(at, <usize>cols * sizeof<real>(), rows, count);
    storeIndex(y + ((<usize>c) << 2), index, count);
  }
  return last;
}

/** The row of the first extreme in each lane, as integers as wide as a lane. */
function argColumn<Op extends Fold>(x: usize, stride: usize, rows: i32, count: i32): v128 {
  let best = v128.splat<real>(changetype<Op>(0).empty());
  let index = v128.splat<i32>(0);
  for (let r = 0; r < rows; r++, x += stride) {
    const v = count == LANES ? v128.load(x) : Lanes.load(x, count, 0);
    const next = changetype<Op>(0).join(best, v);
    const stays = v128.or(v128.eq<real>(next, best), v128.ne<real>(best, best));
    const row = sizeof<real>() == 8 ? v128.splat<i64>(r) : v128.splat<i32>(r);
    index = v128.bitselect(index, row, stays);
    best = next;
  }
  return index;
}

function storeIndex(y: usize, index: v128, count: i32): void {
  store<i32>(y, v128.extract_lane<i32>(index, 0));
  if (count > 1) store<i32>(y, v128.extract_lane<i32>(index, sizeof<real>() == 8 ? 2 : 1), 4);
  if (count > 2) store<i32>(y, v128.extract_lane<i32>(index, 2), 8);
  if (count > 3) store<i32>(y, v128.extract_lane<i32>(index, 3), 12);
}

/** y[c] = index of the first maximum of x[…, c], a NaN counting as the largest; x [rows, cols], y i32. */
export function argMaxColumns(
  y: Out,
  x: InAll,
  cols: i32,
  unit: i32,
  rows: i32,
  tid: i32,
  threads: i32,
): void {
  argColumns<Max>(y, x, cols, unit, rows, tid, threads);
}

/** y[c] = index of the first minimum of x[…, c], a NaN counting as the smallest; x [rows, cols], y i32. */
export function argMinColumns(
  y: Out,
  x: InAll,
  cols: i32,
  unit: i32,
  rows: i32,
  tid: i32,
  threads: i32,
): void {
  argColumns<Min>(y, x, cols, unit, rows, tid, threads);
}
