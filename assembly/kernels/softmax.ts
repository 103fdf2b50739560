import { foldRow, Sum } from '../fold';
import { Exponential, Logarithm } from '../math';
import { In, Out, shareStart } from '../share';
import { LANES, loadPart, splat, storePart, sumLanes } from '../simd';
import { BLOCK, Largest, storeExp, sumExp } from '../sumExp';

/** A function of two numbers of a row and of up to three numbers that belong to the row. */
abstract class RowOp {
  abstract apply(a: v128, b: v128, p: v128, q: v128, r: v128): v128;
}

/** y = op(a, b) for n numbers. y may be a or b. */
function mapRow<Op extends RowOp>(
  y: usize,
  a: usize,
  b: usize,
  n: i32,
  p: real,
  q: real,
  r: real,
): i32 {
  const op = changetype<Op>(0);
  const vp = splat(p);
  const vq = splat(q);
  const vr = splat(r);
  const wide = y + <usize>(n & (-2 * LANES)) * sizeof<real>();
  for (; y < wide; y += 32, a += 32, b += 32) {
    const y0 = op.apply(v128.load(a), v128.load(b), vp, vq, vr);
    const y1 = op.apply(v128.load(a, 16), v128.load(b, 16), vp, vq, vr);
    v128.store(y, y0);
    v128.store(y, y1, 16);
  }
  const rest = n & (LANES - 1);
  if (n & LANES) {
    v128.store(y, op.apply(v128.load(a), v128.load(b), vp, vq, vr));
    y += 16;
    a += 16;
    b += 16;
  }
  if (rest > 0)
    storePart(y, op.apply(loadPart(a, rest, 0), loadPart(b, rest, 0), vp, vq, vr), rest);
  return n;
}

/** Σ op(a, b) over n numbers. op(0, 0) must be 0 or of no weight: it stands in unused lanes. */
function sumRow<Op extends RowOp>(a: usize, b: usize, n: i32, p: real, q: real): real {
  const op = changetype<Op>(0);
  const vp = splat(p);
  const vq = splat(q);
  let total = splat(0);
  let sum = splat(0);
  let i = 0;
  for (; i + LANES <= n; i += LANES, a += 16, b += 16) {
    if ((i & (BLOCK - 1)) == 0) {
      total = v128.add<real>(total, sum);
      sum = splat(0);
    }
    sum = v128.add<real>(sum, op.apply(v128.load(a), v128.load(b), vp, vq, vq));
  }
  const rest = n - i;
  if (rest > 0)
    sum = v128.add<real>(sum, op.apply(loadPart(a, rest, 0), loadPart(b, rest, 0), vp, vq, vq));
  return sumLanes(v128.add<real>(total, sum));
}

function log1(x: real): real {
  return v128.extract_lane<real>(Logarithm.log<real>(splat(x)), 0);
}

class Scale extends RowOp {
  @inline apply(a: v128, _b: v128, p: v128, _q: v128, _r: v128): v128 {
    return v128.mul<real>(a, p);
  }
}

class Shift extends RowOp {
  @inline apply(a: v128, _b: v128, p: v128, q: v128, _r: v128): v128 {
    return v128.sub<real>(v128.sub<real>(a, p), q);
  }
}

class Product extends RowOp {
  @inline apply(a: v128, b: v128, _p: v128, _q: v128, _r: v128): v128 {
    return v128.mul<real>(a, b);
  }
}

class SoftmaxGrad extends RowOp {
  @inline apply(dy: v128, y: v128, p: v128, _q: v128, _r: v128): v128 {
    return v128.mul<real>(y, v128.sub<real>(dy, p));
  }
}

class LogSoftmaxGrad extends RowOp {
  @inline apply(dy: v128, y: v128, p: v128, _q: v128, _r: v128): v128 {
    return v128.sub<real>(dy, v128.mul<real>(Exponential.exp<real>(y), p));
  }
}

class DenseLoss extends RowOp {
  @inline apply(x: v128, t: v128, p: v128, q: v128, _r: v128): v128 {
    return v128.mul<real>(t, v128.add<real>(v128.sub<real>(p, x), q));
  }
}

class DenseGrad extends RowOp {
  @inline apply(x: v128, t: v128, p: v128, q: v128, r: v128): v128 {
    return v128.sub<real>(
      v128.mul<real>(Exponential.exp<real>(v128.sub<real>(x, p)), q),
      v128.mul<real>(t, r),
    );
  }
}

/** y[r, c] = exp(x[r, c]) / Σ_k exp(x[r, k]), computed from x − max; x, y [rows, cols]. y may be x. */
export function softmax(
  y: Out,
  x: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const bytes = <usize>cols * sizeof<real>();
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = shareStart(rows, unit, tid, threads); r < last; r++) {
    const at = <usize>r * bytes;
    const sum = storeExp(y + at, x + at, cols, r + 1 < last ? bytes : 0);
    mapRow<Scale>(y + at, y + at, y + at, cols, <real>1 / sum, 0, 0);
  }
}

/** y[r, c] = x[r, c] − log Σ_k exp(x[r, k]); x, y [rows, cols]. y may be x. */
export function logSoftmax(
  y: Out,
  x: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const bytes = <usize>cols * sizeof<real>();
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = shareStart(rows, unit, tid, threads); r < last; r++) {
    const at = <usize>r * bytes;
    const most = foldRow<Largest>(x + at, cols, 0);
    const sum = sumExp(x + at, cols, most);
    mapRow<Shift>(y + at, x + at, x + at, cols, most, log1(sum), 0);
  }
}

/** dx[r, c] = y[r, c]·(dy[r, c] − Σ_k dy[r, k]·y[r, k]); all [rows, cols]. dx may be dy or y. */
export function softmaxGrad(
  dx: Out,
  dy: In,
  y: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const bytes = <usize>cols * sizeof<real>();
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = shareStart(rows, unit, tid, threads); r < last; r++) {
    const at = <usize>r * bytes;
    const dot = sumRow<Product>(dy + at, y + at, cols, 0, 0);
    mapRow<SoftmaxGrad>(dx + at, dy + at, y + at, cols, dot, 0, 0);
  }
}

/** dx[r, c] = dy[r, c] − exp(y[r, c])·Σ_k dy[r, k]; all [rows, cols]. dx may be dy or y. */
export function logSoftmaxGrad(
  dx: Out,
  dy: In,
  y: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const bytes = <usize>cols * sizeof<real>();
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = shareStart(rows, unit, tid, threads); r < last; r++) {
    const at = <usize>r * bytes;
    const sum = foldRow<Sum>(dy + at, cols, 0);
    mapRow<LogSoftmaxGrad>(dx + at, dy + at, y + at, cols, sum, 0, 0);
  }
}

/** loss[r] = log Σ_k exp(x[r, k]) − x[r, labels[r]]; x [rows, cols], labels i32 [rows]. A label outside [0, cols) gives NaN. */
export function softmaxCrossEntropy(
  loss: Out,
  x: In,
  labels: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = shareStart(rows, unit, tid, threads); r < last; r++) {
    const row = x + <usize>r * <usize>cols * sizeof<real>();
    const label = load<i32>(labels + ((<usize>r) << 2));
    let value: real = NaN;
    if (<u32>label < <u32>cols) {
      const most = foldRow<Largest>(row, cols, 0);
      const target = load<real>(row + <usize>label * sizeof<real>());
      value = log1(sumExp(row, cols, most)) + (most - target);
    }
    store<real>(loss + <usize>r * sizeof<real>(), value);
  }
}

/** dx[r, c] = dloss[r]·(softmax(x)[r, c] − (c == labels[r])); x, dx [rows, cols], labels i32 [rows], dloss [rows]. dx may be x. A label outside [0, cols) gives a row of NaN. */
export function softmaxCrossEntropyGrad(
  dx: Out,
  dloss: In,
  x: In,
  labels: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = <usize>shareStart(rows, unit, tid, threads); r < <usize>last; r++) {
    const at = r * <usize>cols * sizeof<real>();
    const label = load<i32>(labels + (r << 2));
    const inside = <u32>label < <u32>cols;
    const d: real = inside ? load<real>(dloss + r * sizeof<real>()) : <real>NaN;
    const sum = storeExp(dx + at, x + at, cols, 0);
    mapRow<Scale>(dx + at, dx + at, dx + at, cols, d / sum, 0, 0);
    const target = dx + at + <usize>label * sizeof<real>();
    if (inside) store<real>(target, load<real>(target) - d);
  }
}

/** loss[r] = Σ_c t[r, c]·(log Σ_k exp(x[r, k]) − x[r, c]); x, t [rows, cols]. */
export function softmaxCrossEntropyDense(
  loss: Out,
  x: In,
  t: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const bytes = <usize>cols * sizeof<real>();
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = shareStart(rows, unit, tid, threads); r < last; r++) {
    const at = <usize>r * bytes;
    const most = foldRow<Largest>(x + at, cols, 0);
    const logSum = log1(sumExp(x + at, cols, most));
    const value = sumRow<DenseLoss>(x + at, t + at, cols, most, logSum);
    store<real>(loss + <usize>r * sizeof<real>(), value);
  }
}

/** dx[r, c] = dloss[r]·(softmax(x)[r, c]·Σ_k t[r, k] − t[r, c]); x, t, dx [rows, cols], dloss [rows]. dx may be x or t. */
export function softmaxCrossEntropyDenseGrad(
  dx: Out,
  dloss: In,
  x: In,
  t: In,
  rows: i32,
  unit: i32,
  cols: i32,
  tid: i32,
  threads: i32,
): void {
  const bytes = <usize>cols * sizeof<real>();
  const last = shareStart(rows, unit, tid + 1, threads);
  for (let r = shareStart(rows, unit, tid, threads); r < last; r++) {
    const at = <usize>r * bytes;
    const d = load<real>(dloss + <usize>r * sizeof<real>());
    const most = foldRow<Largest>(x + at, cols, 0);
    const factor = (d * foldRow<Sum>(t + at, cols, 0)) / sumExp(x + at, cols, most);
    mapRow<DenseGrad>(dx + at, x + at, t + at, cols, most, factor, d);
  }
}
