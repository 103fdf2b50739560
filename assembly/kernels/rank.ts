import { In, InAll, Out, shareStart } from '../share';

/** y[i] = how many of the `count` ascending thresholds are below x[i]; none are below a NaN. */
export function countBelow(
  y: Out,
  x: In,
  thresholds: InAll,
  n: i32,
  unit: i32,
  count: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = <usize>shareStart(n, unit, tid, threads); i < <usize>last; i++) {
    const value = load<real>(x + i * sizeof<real>());
    store<real>(y + i * sizeof<real>(), <real>lowerBound(thresholds, count, value));
  }
}

/** Place of the first of n ascending numbers that is not below `value`. */
function lowerBound(sorted: usize, n: i32, value: real): i32 {
  let low = 0;
  let high = n;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<real>(sorted + <usize>middle * sizeof<real>()) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** y[r, c] = how many of the row stand before x[r, c]: those larger, not a number, or equal and further left; x [rows, cols]. */
export function rankRows(
  y: Out,
  x: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = <usize>shareStart(rows, unit, tid, threads); r < <usize>last; r++) {
    const row = x + r * <usize>cols * sizeof<real>();
    const to = y + r * <usize>cols * sizeof<real>();
    for (let c = 0; c < cols; c++)
      store<real>(to + <usize>c * sizeof<real>(), <real>rankOf(row, cols, c));
  }
}

function rankOf(row: usize, cols: i32, c: i32): i32 {
  const own = load<real>(row + <usize>c * sizeof<real>());
  let before = 0;
  for (let i = 0; i < cols; i++) {
    const other = load<real>(row + <usize>i * sizeof<real>());
    before += i32(i < c ? !(other < own) : !(other <= own));
  }
  return before;
}
