import { In, InAll, Out, OutAll, shareStart } from '../share';
import { LANES } from '../simd';
import { copyBytes, fillSpan } from '../span';

/** y = x */
export function copy(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  copyShare(y, x, n, unit, sizeof<real>(), tid, threads);
}

/** y = x, all i32 */
export function copyI32(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  copyShare(y, x, n, unit, 4, tid, threads);
}

function copyShare(
  y: usize,
  x: usize,
  n: i32,
  unit: i32,
  bytes: usize,
  tid: i32,
  threads: i32,
): i32 {
  const first = <usize>shareStart(n, unit, tid, threads);
  const last = <usize>shareStart(n, unit, tid + 1, threads);
  memory.copy(y + first * bytes, x + first * bytes, (last - first) * bytes);
  return n;
}

/** y = value */
export function fill(y: Out, n: i32, unit: i32, value: real, tid: i32, threads: i32): void {
  const first = shareStart(n, unit, tid, threads);
  const count = shareStart(n, unit, tid + 1, threads) - first;
  fillSpan(y + <usize>first * sizeof<real>(), count, value);
}

/** What is done with the planes (the last two dimensions) of a contiguous and of a strided tensor. Strides are in bytes. */
abstract class Plane {
  abstract run(flat: usize, strided: usize, n0: i32, n1: i32, s0: isize, s1: isize): i32;
}

class Copy extends Plane {
  @inline run(flat: usize, strided: usize, n0: i32, n1: i32, s0: isize, s1: isize): i32 {
    return copyPlane(flat, strided, n0, n1, s0, s1);
  }
}

class Place extends Plane {
  @inline run(flat: usize, strided: usize, n0: i32, n1: i32, s0: isize, s1: isize): i32 {
    return placePlane(flat, strided, n0, n1, s0, s1);
  }
}

/** Both tiles of a transposition, whole cache lines, stay in the first-level cache. */
const TILE: i32 = 16;

function copyPlane(y: usize, x: usize, n0: i32, n1: i32, s0: isize, s1: isize): i32 {
  if (s0 == sizeof<real>() && n0 >= LANES && s1 != sizeof<real>())
    return transposePlane(y, x, n0, n1, <isize>n1 * sizeof<real>(), s1);
  const row = <usize>n1 * sizeof<real>();
  for (let i = 0; i < n0; i++, y += row, x += s0) {
    if (s1 == sizeof<real>()) copyBytes(y, x, row);
    else if (s1 == 0 && n1 > 0) fillSpan(y, n1, load<real>(x));
    else copyEach(y, x, n1, sizeof<real>(), s1);
  }
  return n0;
}

function placePlane(x: usize, y: usize, n0: i32, n1: i32, s0: isize, s1: isize): i32 {
  if (s0 == sizeof<real>() && n1 >= LANES && s1 != sizeof<real>())
    return transposePlane(y, x, n1, n0, s1, <isize>n1 * sizeof<real>());
  const row = <usize>n1 * sizeof<real>();
  for (let i = 0; i < n0; i++, x += row, y += s0) {
    if (s1 == sizeof<real>()) copyBytes(y, x, row);
    else copyEach(y, x, n1, s1, sizeof<real>());
  }
  return n0;
}

function copyEach(y: usize, x: usize, n: i32, ys: isize, xs: isize): i32 {
  for (let i = 0; i < n; i++, y += ys, x += xs) store<real>(y, load<real>(x));
  return n;
}

/** y[i, j] = x[j, i] for i < rows, j < cols; the rows of y are ys bytes apart, those of x xs. */
function transposePlane(y: usize, x: usize, rows: i32, cols: i32, ys: isize, xs: isize): i32 {
  for (let i = 0; i < rows; i += TILE) {
    const height = min(rows - i, TILE);
    for (let j = 0; j < cols; j += TILE) {
      const to = y + <isize>i * ys + <isize>j * sizeof<real>();
      const from = x + <isize>j * xs + <isize>i * sizeof<real>();
      transposeTile(to, from, height, min(cols - j, TILE), ys, xs);
    }
  }
  return rows;
}

function transposeTile(y: usize, x: usize, rows: i32, cols: i32, ys: isize, xs: isize): i32 {
  const down = <isize>LANES * ys;
  const across = <isize>LANES * xs;
  let i = 0;
  for (; i + LANES <= rows; i += LANES, y += down, x += 16) {
    let j = 0;
    let from = x;
    let to = y;
    for (; j + LANES <= cols; j += LANES, from += across, to += 16) {
      if (sizeof<real>() == 8) transpose2(to, from, ys, xs);
      else transpose4(to, from, ys, xs);
    }
    for (; j < cols; j++, from += xs, to += sizeof<real>())
      copyEach(to, from, LANES, ys, sizeof<real>());
  }
  for (; i < rows; i++, y += ys, x += sizeof<real>()) copyEach(y, x, cols, sizeof<real>(), xs);
  return rows;
}

function transpose2(y: usize, x: usize, ys: isize, xs: isize): void {
  const a = v128.load(x);
  const b = v128.load(x + xs);
  v128.store(y, v128.shuffle<f64>(a, b, 0, 2));
  v128.store(y + ys, v128.shuffle<f64>(a, b, 1, 3));
}

function transpose4(y: usize, x: usize, ys: isize, xs: isize): void {
  const a = v128.load(x);
  const b = v128.load(x + xs);
  const c = v128.load(x + 2 * xs);
  const d = v128.load(x + 3 * xs);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const ef = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const gh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(y, v128.shuffle<f64>(ab, cd, 0, 2));
  v128.store(y + ys, v128.shuffle<f64>(ab, cd, 1, 3));
  v128.store(y + 2 * ys, v128.shuffle<f64>(ef, gh, 0, 2));
  v128.store(y + 3 * ys, v128.shuffle<f64>(ef, gh, 1, 3));
}

/** y[r, c] = x[c, r]; y [rows, cols], x [cols, rows]. */
export function transpose(
  y: Out,
  x: InAll,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(rows, unit, tid, threads);
  const count = shareStart(rows, unit, tid + 1, threads) - first;
  const rowBytes = <isize>cols * sizeof<real>();
  const from = x + <usize>first * sizeof<real>();
  transposePlane(
    y + <usize>first * rowBytes,
    from,
    count,
    cols,
    rowBytes,
    <isize>rows * sizeof<real>(),
  );
}

/** Runs the op on each plane of a tensor [n0 … n5] for this thread's share of the first dimension. */
function eachPlane<Op extends Plane>(
  flat: usize,
  strided: usize,
  n0: i32,
  unit: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  n4: i32,
  n5: i32,
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  s4: i32,
  s5: i32,
  tid: i32,
  threads: i32,
): i32 {
  const op = changetype<Op>(0);
  const plane = <usize>n4 * <usize>n5 * sizeof<real>();
  const first = shareStart(n0, unit, tid, threads);
  const last = shareStart(n0, unit, tid + 1, threads);
  flat += <usize>first * <usize>n1 * <usize>n2 * <usize>n3 * plane;
  for (let i0 = first; i0 < last; i0++) {
    for (let i1 = 0; i1 < n1; i1++) {
      for (let i2 = 0; i2 < n2; i2++) {
        let at = strided + <usize>(i0 * s0 + i1 * s1 + i2 * s2) * sizeof<real>();
        for (let i3 = 0; i3 < n3; i3++, flat += plane, at += <isize>s3 * sizeof<real>())
          op.run(flat, at, n4, n5, <isize>s4 * sizeof<real>(), <isize>s5 * sizeof<real>());
      }
    }
  }
  return last;
}

/** y[i0 … i5] = x[Σ i_d·s_d]; y contiguous [n0 … n5], strides of x in elements, 0 or negative allowed. */
export function copyStrided(
  y: Out,
  x: InAll,
  n0: i32,
  unit: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  n4: i32,
  n5: i32,
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  s4: i32,
  s5: i32,
  tid: i32,
  threads: i32,
): void {
  eachPlane<Copy>(y, x, n0, unit, n1, n2, n3, n4, n5, s0, s1, s2, s3, s4, s5, tid, threads);
}

/** y[Σ i_d·s_d] = x[i0 … i5]; x contiguous [n0 … n5], strides of y in elements, negative allowed. */
export function placeStrided(
  y: OutAll,
  x: In,
  n0: i32,
  unit: i32,
  n1: i32,
  n2: i32,
  n3: i32,
  n4: i32,
  n5: i32,
  s0: i32,
  s1: i32,
  s2: i32,
  s3: i32,
  s4: i32,
  s5: i32,
  tid: i32,
  threads: i32,
): void {
  eachPlane<Place>(x, y, n0, unit, n1, n2, n3, n4, n5, s0, s1, s2, s3, s4, s5, tid, threads);
}

/** x[place[i]] = value[i] for i ascending; x [n], place i32 [count]. Places outside of x are skipped. One thread does it all. */
export function setElements(
  x: OutAll,
  place: InAll,
  value: InAll,
  n: i32,
  count: i32,
  tid: i32,
  threads: i32,
): void {
  if (tid != 0) return;
  for (let i = 0; i < count; i++, place += 4, value += sizeof<real>()) {
    const at = load<i32>(place);
    if (<u32>at < <u32>n) store<real>(x + <usize>at * sizeof<real>(), load<real>(value));
  }
}
