import { Lanes, Part, Whole } from '../lanes';
import { In, InAll, Out, OutAll, shareStart } from '../share';
import { LANES, madd, splat } from '../simd';
import { divideSpan } from '../span';
import { chunkMoments } from './moments';

/*
 * Normalisation of the columns of [images, rows, cols] by moments [.., 2, cols]: mean and variance, of each image or of
 * all. σ = √(variance + ε), x̂ = (x − mean)/σ.
 */

const REAL: usize = sizeof<real>();

/** Rows that are read several times while they are in the cache. */
const BLOCK: i32 = 64;
/** Rows that are summed one after the other before they are added to the total. */
const SUM_BLOCK: i32 = 32;

/** p[k] = [mean, variance] of the rows k·chunk … of each column of x [rows, cols]. */
export function momentsChunks(
  p: Out,
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
  const rowBytes = <usize>cols * REAL;
  for (let k = shareStart(chunks, unit, tid, threads); k < last; k++) {
    const count = chunkMoments(p, x, k, k + 1 < last, chunk, rows, cols);
    divideSpan(p + <usize>(2 * k + 1) * rowBytes, 0, cols, <real>count);
  }
}

/** y = moments of all rows from those of their chunks, joined in order (Chan, Golub, LeVeque 1979). */
export function momentsJoin(
  y: OutAll,
  p: InAll,
  cols: i32,
  unit: i32,
  chunks: i32,
  chunk: i32,
  rows: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(cols, unit, tid + 1, threads);
  const rowBytes = <usize>cols * REAL;
  for (let c = shareStart(cols, unit, tid, threads); c < last; c += LANES) {
    const at = <usize>c * REAL;
    if (last - c >= LANES) joinColumn<Whole>(y + at, p + at, rowBytes, chunks, chunk, rows, LANES);
    else joinColumn<Part>(y + at, p + at, rowBytes, chunks, chunk, rows, last - c);
  }
}

function joinColumn<L extends Lanes>(
  y: usize,
  p: usize,
  rowBytes: usize,
  chunks: i32,
  chunk: i32,
  rows: i32,
  n: i32,
): i32 {
  const lanes = changetype<L>(0);
  let mean = splat(0);
  let squares = splat(0);
  let seen: real = 0;
  for (let k = 0; k < chunks; k++, p += 2 * rowBytes) {
    const count = <real>min(chunk, rows - k * chunk);
    const share = count / (seen + count);
    const delta = v128.sub<real>(lanes.load(p, n), mean);
    mean = madd(delta, splat(share), mean);
    squares = madd(lanes.load(p + rowBytes, n), splat(count), squares);
    squares = madd(v128.mul<real>(delta, delta), splat(seen * share), squares);
    seen += count;
  }
  lanes.store(y, mean, n);
  lanes.store(y + rowBytes, v128.div<real>(squares, splat(<real>rows)), n);
  return chunks;
}

/** y = x̂·scale + offset; without moments, y = x·scale + offset. Steps: elements from image to image, 0 for the same. */
export function normalize(
  y: Out,
  x: In,
  moments: InAll,
  scale: InAll,
  offset: InAll,
  images: i32,
  unit: i32,
  rows: i32,
  cols: i32,
  momentsStep: i32,
  scaleStep: i32,
  epsilon: real,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(images, unit, tid, threads);
  const last = shareStart(images, unit, tid + 1, threads);
  const shared = momentsStep == 0 && scaleStep == 0;
  const count = shared ? (last - first) * rows : rows;
  for (let i = <usize>first; i < <usize>last; i++) {
    const at = i * <usize>rows * <usize>cols * REAL;
    const m: usize = moments == 0 ? <usize>0 : moments + i * <usize>momentsStep * REAL;
    const step = i * <usize>scaleStep * REAL;
    normalizeRows(y + at, x + at, m, scale + step, offset + step, count, cols, epsilon);
    if (shared) return;
  }
}

function normalizeRows(
  y: usize,
  x: usize,
  moments: usize,
  scale: usize,
  offset: usize,
  rows: i32,
  cols: i32,
  epsilon: real,
): i32 {
  const rowBytes = <usize>cols * REAL;
  for (let row = 0; row < rows; row += BLOCK) {
    const count = min(BLOCK, rows - row);
    const top = <usize>row * rowBytes;
    for (let c = 0; c < cols; c += LANES) {
      const at = <usize>c * REAL;
      const m: usize = moments == 0 ? <usize>0 : moments + at;
      const from = top + at;
      const left = cols - c;
      if (left >= LANES)
        normalizeColumn<Whole>(
          y + from,
          x + from,
          m,
          scale + at,
          offset + at,
          count,
          rowBytes,
          epsilon,
          LANES,
        );
      else
        normalizeColumn<Part>(
          y + from,
          x + from,
          m,
          scale + at,
          offset + at,
          count,
          rowBytes,
          epsilon,
          left,
        );
    }
  }
  return rows;
}

function normalizeColumn<L extends Lanes>(
  y: usize,
  x: usize,
  moments: usize,
  scale: usize,
  offset: usize,
  rows: i32,
  stride: usize,
  epsilon: real,
  n: i32,
): i32 {
  const lanes = changetype<L>(0);
  let a = lanes.load(scale, n);
  const b = lanes.load(offset, n);
  let mean = splat(0);
  if (moments != 0) {
    mean = lanes.load(moments, n);
    a = v128.div<real>(a, deviation<L>(moments + stride, epsilon, n));
  }
  const end = x + <usize>rows * stride;
  for (; x < end; x += stride, y += stride)
    lanes.store(y, madd(v128.sub<real>(lanes.load(x, n), mean), a, b), n);
  return rows;
}

/** √(variance + ε) */
function deviation<L extends Lanes>(variance: usize, epsilon: real, n: i32): v128 {
  return v128.sqrt<real>(v128.add<real>(changetype<L>(0).load(variance, n), splat(epsilon)));
}

/** p[k] = [Σ dy, Σ dy·x̂] of the rows k·chunk … of each column; without moments, of dy·x. */
export function normalizeSums(
  p: Out,
  dy: InAll,
  x: InAll,
  moments: InAll,
  chunks: i32,
  unit: i32,
  chunk: i32,
  rows: i32,
  cols: i32,
  momentsStep: i32,
  epsilon: real,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(chunks, unit, tid + 1, threads);
  const rowBytes = <usize>cols * REAL;
  for (let k = shareStart(chunks, unit, tid, threads); k < last; k++) {
    const from = <usize>k * <usize>chunk * rowBytes;
    const count = min(chunk, rows - k * chunk);
    for (let c = 0; c < cols; c += LANES) {
      const at = <usize>c * REAL;
      const to = p + <usize>k * 2 * rowBytes + at;
      const m: usize = moments == 0 ? <usize>0 : moments + <usize>(k * momentsStep) * REAL + at;
      const left = cols - c;
      if (left >= LANES)
        sumsOfColumn<Whole>(to, dy + from + at, x + from + at, m, count, rowBytes, epsilon, LANES);
      else sumsOfColumn<Part>(to, dy + from + at, x + from + at, m, count, rowBytes, epsilon, left);
    }
  }
}

function sumsOfColumn<L extends Lanes>(
  p: usize,
  dy: usize,
  x: usize,
  moments: usize,
  rows: i32,
  stride: usize,
  epsilon: real,
  n: i32,
): i32 {
  const lanes = changetype<L>(0);
  const mean = moments == 0 ? splat(0) : lanes.load(moments, n);
  let sum = splat(0);
  let product = splat(0);
  for (let row = 0; row < rows; row += SUM_BLOCK) {
    let s0 = splat(0);
    let s1 = s0;
    let p0 = s0;
    let p1 = s0;
    let i = min(SUM_BLOCK, rows - row);
    for (; i >= 2; i -= 2, dy += 2 * stride, x += 2 * stride) {
      const d0 = lanes.load(dy, n);
      const d1 = lanes.load(dy + stride, n);
      s0 = v128.add<real>(s0, d0);
      s1 = v128.add<real>(s1, d1);
      p0 = madd(d0, v128.sub<real>(lanes.load(x, n), mean), p0);
      p1 = madd(d1, v128.sub<real>(lanes.load(x + stride, n), mean), p1);
    }
    if (i > 0) {
      const d0 = lanes.load(dy, n);
      s0 = v128.add<real>(s0, d0);
      p0 = madd(d0, v128.sub<real>(lanes.load(x, n), mean), p0);
      dy += stride;
      x += stride;
    }
    sum = v128.add<real>(sum, v128.add<real>(s0, s1));
    product = v128.add<real>(product, v128.add<real>(p0, p1));
  }
  if (moments != 0) product = v128.div<real>(product, deviation<L>(moments + stride, epsilon, n));
  lanes.store(p, sum, n);
  lanes.store(p + stride, product, n);
  return rows;
}

/** dx = (scale·dy − means₀ − x̂·means₁)/σ; means [.., 2, cols] are those of scale·dy and scale·dy·x̂ over what is normalised. */
export function normalizeGrad(
  dx: Out,
  dy: In,
  x: In,
  moments: InAll,
  scale: InAll,
  means: InAll,
  images: i32,
  unit: i32,
  rows: i32,
  cols: i32,
  momentsStep: i32,
  scaleStep: i32,
  epsilon: real,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(images, unit, tid, threads);
  const last = shareStart(images, unit, tid + 1, threads);
  const shared = momentsStep == 0 && scaleStep == 0;
  const count = shared ? (last - first) * rows : rows;
  for (let i = <usize>first; i < <usize>last; i++) {
    const at = i * <usize>rows * <usize>cols * REAL;
    const m = i * <usize>momentsStep * REAL;
    const s = scale + i * <usize>scaleStep * REAL;
    gradRows(dx + at, dy + at, x + at, moments + m, s, means + m, count, cols, epsilon);
    if (shared) return;
  }
}

function gradRows(
  dx: usize,
  dy: usize,
  x: usize,
  moments: usize,
  scale: usize,
  means: usize,
  rows: i32,
  cols: i32,
  epsilon: real,
): i32 {
  const rowBytes = <usize>cols * REAL;
  for (let row = 0; row < rows; row += BLOCK) {
    const count = min(BLOCK, rows - row);
    const top = <usize>row * rowBytes;
    for (let c = 0; c < cols; c += LANES) {
      const at = <usize>c * REAL;
      const to = dx + top + at;
      const d = dy + top + at;
      const from = x + top + at;
      const m = moments + at;
      const s = scale + at;
      const g = means + at;
      const left = cols - c;
      if (left >= LANES) gradColumn<Whole>(to, d, from, m, s, g, count, rowBytes, epsilon, LANES);
      else gradColumn<Part>(to, d, from, m, s, g, count, rowBytes, epsilon, left);
    }
  }
  return rows;
}

/** dy·a + (x − mean)·b + c with a = scale/σ, b = −means₁/σ², c = −means₀/σ. */
function gradColumn<L extends Lanes>(
  dx: usize,
  dy: usize,
  x: usize,
  moments: usize,
  scale: usize,
  means: usize,
  rows: i32,
  stride: usize,
  epsilon: real,
  n: i32,
): i32 {
  const lanes = changetype<L>(0);
  const mean = lanes.load(moments, n);
  const s = v128.div<real>(splat(1), deviation<L>(moments + stride, epsilon, n));
  const a = v128.mul<real>(lanes.load(scale, n), s);
  const c = v128.neg<real>(v128.mul<real>(lanes.load(means, n), s));
  const b = v128.neg<real>(v128.mul<real>(v128.mul<real>(lanes.load(means + stride, n), s), s));
  const end = x + <usize>rows * stride;
  for (; x < end; x += stride, dy += stride, dx += stride) {
    const centered = v128.sub<real>(lanes.load(x, n), mean);
    lanes.store(dx, madd(lanes.load(dy, n), a, madd(centered, b, c)), n);
  }
  return rows;
}
