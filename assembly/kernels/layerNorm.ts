import { foldRow, Sum } from '../fold';
import { Lanes, Part, Whole } from '../lanes';
import { In, InAll, Out, shareStart } from '../share';
import { LANES, madd, splat, sumLanes } from '../simd';
import { SquaredDeviation } from './moments';

/*
 * Normalisation of each row of [rows, cols]: x̂ = (x − mean)/√(variance + ε), or where it is not `centered`
 * x̂ = x/√(mean of x² + ε).
 */

const REAL: usize = sizeof<real>();

function meanOf(x: usize, cols: i32, centered: i32): real {
  return centered ? foldRow<Sum>(x, cols, 0) / <real>cols : <real>0;
}

/** 1/√(variance + ε) */
function inverseOf(x: usize, cols: i32, mean: real, epsilon: real): real {
  const variance = foldRow<SquaredDeviation>(x, cols, mean) / <real>cols;
  return <real>1 / <real>sqrt<real>(variance + epsilon);
}

/** y = x̂·scale + offset */
export function layerNorm(
  y: Out,
  x: In,
  scale: InAll,
  offset: InAll,
  rows: i32,
  unit: i32,
  cols: i32,
  centered: i32,
  epsilon: real,
  tid: i32,
  threads: i32,
): void {
  const first = <usize>shareStart(rows, unit, tid, threads);
  const last = <usize>shareStart(rows, unit, tid + 1, threads);
  const whole = <usize>(cols & -LANES) * REAL;
  const rest = cols & (LANES - 1);
  for (let r = first; r < last; r++) {
    const from = x + r * <usize>cols * REAL;
    const to = y + r * <usize>cols * REAL;
    const mean = meanOf(from, cols, centered);
    const inverse = inverseOf(from, cols, mean, epsilon);
    let at: usize = 0;
    for (; at < whole; at += 16)
      normalized<Whole>(to + at, from + at, scale + at, offset + at, mean, inverse, LANES);
    if (rest > 0)
      normalized<Part>(to + at, from + at, scale + at, offset + at, mean, inverse, rest);
  }
}

function normalized<L extends Lanes>(
  y: usize,
  x: usize,
  scale: usize,
  offset: usize,
  mean: real,
  inverse: real,
  n: i32,
): void {
  const lanes = changetype<L>(0);
  const z = v128.mul<real>(v128.sub<real>(lanes.load(x, n), splat(mean)), splat(inverse));
  lanes.store(y, madd(z, lanes.load(scale, n), lanes.load(offset, n)), n);
}

/** Vectors that are summed one after the other before they are added to the total. */
const BLOCK: i32 = 64 * LANES;

/** Σ scale·dy·(x − mean) of a row, or where `x` is 0, Σ scale·dy. */
function rowSum(dy: usize, scale: usize, x: usize, cols: i32, mean: real): real {
  let total = splat(0);
  for (let c = 0; c < cols; c += BLOCK) {
    const at = <usize>c * REAL;
    const count = min(BLOCK, cols - c);
    const part = blockSum(dy + at, scale + at, x == 0 ? 0 : x + at, count, mean);
    total = v128.add<real>(total, part);
  }
  return sumLanes(total);
}

/** Four sums hide the latency of the additions. */
function blockSum(dy: usize, scale: usize, x: usize, count: i32, mean: real): v128 {
  let a = splat(0);
  let b = a;
  let c = a;
  let d = a;
  const step: usize = x == 0 ? 0 : 16;
  for (; count >= 4 * LANES; count -= 4 * LANES, dy += 64, scale += 64, x += 4 * step) {
    a = term<Whole>(a, dy, scale, x, mean, LANES);
    b = term<Whole>(b, dy + 16, scale + 16, x + step, mean, LANES);
    c = term<Whole>(c, dy + 32, scale + 32, x + 2 * step, mean, LANES);
    d = term<Whole>(d, dy + 48, scale + 48, x + 3 * step, mean, LANES);
  }
  for (; count >= LANES; count -= LANES, dy += 16, scale += 16, x += step)
    a = term<Whole>(a, dy, scale, x, mean, LANES);
  if (count > 0) b = term<Part>(b, dy, scale, x, mean, count);
  return v128.add<real>(v128.add<real>(a, b), v128.add<real>(c, d));
}

function term<L extends Lanes>(
  sum: v128,
  dy: usize,
  scale: usize,
  x: usize,
  mean: real,
  n: i32,
): v128 {
  const lanes = changetype<L>(0);
  const g = v128.mul<real>(lanes.load(dy, n), lanes.load(scale, n));
  if (x == 0) return v128.add<real>(sum, g);
  return madd(g, v128.sub<real>(lanes.load(x, n), splat(mean)), sum);
}

/** dx = (g − mean of g − x̂·mean of g·x̂)/σ with g = scale·dy; where it is not centered, without the mean of g. */
export function layerNormGrad(
  dx: Out,
  dy: In,
  x: In,
  scale: InAll,
  rows: i32,
  unit: i32,
  cols: i32,
  centered: i32,
  epsilon: real,
  tid: i32,
  threads: i32,
): void {
  const first = <usize>shareStart(rows, unit, tid, threads);
  const last = <usize>shareStart(rows, unit, tid + 1, threads);
  const whole = <usize>(cols & -LANES) * REAL;
  const rest = cols & (LANES - 1);
  const n = <real>cols;
  for (let r = first; r < last; r++) {
    const start = r * <usize>cols * REAL;
    const from = x + start;
    const d = dy + start;
    const to = dx + start;
    const mean = meanOf(from, cols, centered);
    const s = inverseOf(from, cols, mean, epsilon);
    const c = centered ? (-s * rowSum(d, scale, 0, cols, 0)) / n : <real>0;
    const b = (-s * s * s * rowSum(d, scale, from, cols, mean)) / n;
    let at: usize = 0;
    for (; at < whole; at += 16)
      slope<Whole>(to + at, d + at, from + at, scale + at, mean, s, b, c, LANES);
    if (rest > 0) slope<Part>(to + at, d + at, from + at, scale + at, mean, s, b, c, rest);
  }
}

/** dx = scale·dy·s + (x − mean)·b + c */
function slope<L extends Lanes>(
  dx: usize,
  dy: usize,
  x: usize,
  scale: usize,
  mean: real,
  s: real,
  b: real,
  c: real,
  n: i32,
): void {
  const lanes = changetype<L>(0);
  const g = v128.mul<real>(lanes.load(dy, n), lanes.load(scale, n));
  const rest = madd(v128.sub<real>(lanes.load(x, n), splat(mean)), splat(b), splat(c));
  lanes.store(dx, madd(g, splat(s), rest), n);
}

/** p[k] = [Σ dy, Σ dy·x̂] of each column over the rows k·chunk … */
export function layerNormSums(
  p: Out,
  dy: InAll,
  x: InAll,
  chunks: i32,
  unit: i32,
  chunk: i32,
  rows: i32,
  cols: i32,
  centered: i32,
  epsilon: real,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(chunks, unit, tid + 1, threads);
  const rowBytes = <usize>cols * REAL;
  for (let k = shareStart(chunks, unit, tid, threads); k < last; k++) {
    const to = p + <usize>k * 2 * rowBytes;
    memory.fill(to, 0, 2 * rowBytes);
    const end = min(rows, (k + 1) * chunk);
    for (let r = k * chunk; r < end; r++) {
      const start = <usize>r * rowBytes;
      addRow(to, dy + start, x + start, cols, centered, epsilon);
    }
  }
}

function addRow(p: usize, dy: usize, x: usize, cols: i32, centered: i32, epsilon: real): i32 {
  const mean = meanOf(x, cols, centered);
  const inverse = inverseOf(x, cols, mean, epsilon);
  const rowBytes = <usize>cols * REAL;
  const whole = <usize>(cols & -LANES) * REAL;
  const rest = cols & (LANES - 1);
  let at: usize = 0;
  for (; at < whole; at += 16)
    addVector<Whole>(p + at, dy + at, x + at, rowBytes, mean, inverse, LANES);
  if (rest > 0) addVector<Part>(p + at, dy + at, x + at, rowBytes, mean, inverse, rest);
  return cols;
}

function addVector<L extends Lanes>(
  p: usize,
  dy: usize,
  x: usize,
  rowBytes: usize,
  mean: real,
  inverse: real,
  n: i32,
): void {
  const lanes = changetype<L>(0);
  const d = lanes.load(dy, n);
  const z = v128.mul<real>(v128.sub<real>(lanes.load(x, n), splat(mean)), splat(inverse));
  lanes.store(p, v128.add<real>(lanes.load(p, n), d), n);
  lanes.store(p + rowBytes, madd(d, z, lanes.load(p + rowBytes, n)), n);
}
