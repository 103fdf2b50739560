import { Table, WINOGRAD } from './math/table';
import { LANES, madd } from './simd';

/*
 * F(4×4, 3×3) of Lavin and Gray (2015) with the points 0, ±a, ±b, ∞, a = 3/4, b = 3/2: tiles of 4 × 4 sums from 6 × 6 pixels.
 * Elements of a tile lie in planes `step` bytes apart, vectors of channels in each.
 */
export const PLANES: i32 = 36;
/** Pixels of y along a side of a tile. */
export const SIDE: i32 = 4;
/** Numbers between planes, so that these do not meet in the same sets of a cache. */
export const GAP: i32 = 4 * LANES;

function constant(i: i32): v128 {
  return Table.get<real>(WINOGRAD + i);
}
const A: i32 = 0;
const B: i32 = 1;
const AA: i32 = 2;
const BB: i32 = 3;
const AABB: i32 = 4;
const SUM: i32 = 5;
const AAA: i32 = 6;
const BBB: i32 = 7;
/** 1 / Π(p − q) over the other points q of 0, a and b. */
const INVERSE: i32 = 8;
const INVERSE_A: i32 = 9;
const INVERSE_B: i32 = 10;

/** c − a·b */
function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_nmadd<real>(a, b, c);
  return v128.sub<real>(c, v128.mul<real>(a, b));
}

/** Bᵀd for six elements d at d0 … d5, `bytes` bytes of channels: to six places from `to` on, `step` bytes apart. */
export function inputLine(
  to: usize,
  step: usize,
  d0: usize,
  d1: usize,
  d2: usize,
  d3: usize,
  d4: usize,
  d5: usize,
  bytes: usize,
): void {
  for (const end = to + bytes; to < end; to += 16) {
    const x0 = v128.load(d0);
    const x1 = v128.load(d1);
    const x2 = v128.load(d2);
    const x3 = v128.load(d3);
    const x4 = v128.load(d4);
    const x5 = v128.load(d5);
    const aabb = constant(AABB);
    const sum = constant(SUM);
    const even = nmadd(constant(BB), x2, x4);
    const odd = nmadd(constant(BB), x1, x3);
    const even1 = nmadd(constant(AA), x2, x4);
    const odd1 = nmadd(constant(AA), x1, x3);
    let at = to;
    v128.store(at, madd(aabb, x0, nmadd(sum, x2, x4)));
    at += step;
    v128.store(at, madd(constant(A), odd, even));
    at += step;
    v128.store(at, nmadd(constant(A), odd, even));
    at += step;
    v128.store(at, madd(constant(B), odd1, even1));
    at += step;
    v128.store(at, nmadd(constant(B), odd1, even1));
    at += step;
    v128.store(at, madd(aabb, x1, nmadd(sum, x3, x5)));
    d0 += 16;
    d1 += 16;
    d2 += 16;
    d3 += 16;
    d4 += 16;
    d5 += 16;
  }
}

/** Aᵀm for six elements m, `step` bytes apart, to the first four of them; `bytes` bytes of channels. */
export function outputLine(m: usize, step: usize, bytes: usize): void {
  for (const end = m + bytes; m < end; m += 16) {
    const m1 = m + step;
    const m2 = m1 + step;
    const m3 = m2 + step;
    const x1 = v128.load(m1);
    const x2 = v128.load(m2);
    const x3 = v128.load(m3);
    const x4 = v128.load(m3 + step);
    const s1 = v128.add<real>(x1, x2);
    const d1 = v128.sub<real>(x1, x2);
    const s2 = v128.add<real>(x3, x4);
    const d2 = v128.sub<real>(x3, x4);
    v128.store(m, v128.add<real>(v128.add<real>(v128.load(m), s1), s2));
    v128.store(m1, madd(constant(B), d2, v128.mul<real>(constant(A), d1)));
    v128.store(m2, madd(constant(BB), s2, v128.mul<real>(constant(AA), s1)));
    const x5 = v128.load(m3 + 2 * step);
    v128.store(m3, madd(constant(BBB), d2, madd(constant(AAA), d1, x5)));
  }
}

/** Aᵀm + bias, at least `floor`, for six elements m: the first `n` of the four go to `y`, `yStep` bytes apart. */
export function outputPixels(
  y: usize,
  yStep: usize,
  m: usize,
  step: usize,
  bias: usize,
  bytes: usize,
  n: i32,
  floor: v128,
): void {
  const b = bias;
  for (const end = m + bytes; m < end; m += 16, y += 16) {
    let at = m + step;
    const x1 = v128.load(at);
    at += step;
    const x2 = v128.load(at);
    at += step;
    const x3 = v128.load(at);
    at += step;
    const x4 = v128.load(at);
    const x5 = v128.load(at + step);
    const own = bias != 0 ? v128.load(bias) : v128.splat<real>(0);
    if (b != 0) bias += 16;
    const s1 = v128.add<real>(x1, x2);
    const d1 = v128.sub<real>(x1, x2);
    const s2 = v128.add<real>(x3, x4);
    const d2 = v128.sub<real>(x3, x4);
    const y0 = v128.add<real>(v128.add<real>(v128.add<real>(v128.load(m), s1), s2), own);
    v128.store(y, v128.pmax<real>(y0, floor));
    if (n < 2) continue;
    let to = y + yStep;
    const y1 = madd(constant(B), d2, madd(constant(A), d1, own));
    v128.store(to, v128.pmax<real>(y1, floor));
    if (n < 3) continue;
    to += yStep;
    const y2 = madd(constant(BB), s2, madd(constant(AA), s1, own));
    v128.store(to, v128.pmax<real>(y2, floor));
    if (n < 4) continue;
    to += yStep;
    const y3 = madd(constant(BBB), d2, madd(constant(AAA), d1, v128.add<real>(x5, own)));
    v128.store(to, v128.pmax<real>(y3, floor));
  }
}

/** Gg for three elements g: to six places from `to` on, `step` bytes apart. */
export function filterLine(g0: v128, g1: v128, g2: v128, to: usize, step: usize): void {
  const even1 = madd(constant(AA), g2, g0);
  const odd1 = v128.mul<real>(constant(A), g1);
  const even2 = madd(constant(BB), g2, g0);
  const odd2 = v128.mul<real>(constant(B), g1);
  const n1 = constant(INVERSE_A);
  const n2 = constant(INVERSE_B);
  v128.store(to, v128.mul<real>(constant(INVERSE), g0));
  v128.store(to + step, v128.mul<real>(n1, v128.add<real>(even1, odd1)));
  v128.store(to + 2 * step, v128.mul<real>(n1, v128.sub<real>(even1, odd1)));
  v128.store(to + 3 * step, v128.mul<real>(n2, v128.add<real>(even2, odd2)));
  v128.store(to + 4 * step, v128.mul<real>(n2, v128.sub<real>(even2, odd2)));
  v128.store(to + 5 * step, g2);
}

/** Gᵀm for six elements m, `step` bytes apart, to three places from `to` on, `toStep` bytes apart. */
export function filterGradLine(to: usize, toStep: usize, m: usize, step: usize): void {
  const n1 = constant(INVERSE_A);
  const n2 = constant(INVERSE_B);
  const x1 = v128.load(m + step);
  const x2 = v128.load(m + 2 * step);
  const x3 = v128.load(m + 3 * step);
  const x4 = v128.load(m + 4 * step);
  const x5 = v128.load(m + 5 * step);
  const s1 = v128.mul<real>(n1, v128.add<real>(x1, x2));
  const d1 = v128.mul<real>(n1, v128.sub<real>(x1, x2));
  const s2 = v128.mul<real>(n2, v128.add<real>(x3, x4));
  const d2 = v128.mul<real>(n2, v128.sub<real>(x3, x4));
  const g0 = v128.add<real>(madd(constant(INVERSE), v128.load(m), s1), s2);
  v128.store(to, g0);
  v128.store(to + toStep, madd(constant(B), d2, v128.mul<real>(constant(A), d1)));
  v128.store(to + 2 * toStep, madd(constant(BB), s2, madd(constant(AA), s1, x5)));
}

/** Ay for four elements y at y0 … y3, `bytes` bytes of channels: to six places from `to` on, `step` bytes apart. */
export function gradLine(
  to: usize,
  step: usize,
  y0: usize,
  y1: usize,
  y2: usize,
  y3: usize,
  bytes: usize,
): void {
  for (const end = to + bytes; to < end; to += 16) {
    const x0 = v128.load(y0);
    const x1 = v128.load(y1);
    const x2 = v128.load(y2);
    const x3 = v128.load(y3);
    const even1 = madd(constant(AA), x2, x0);
    const odd1 = madd(constant(AA), x3, x1);
    const even2 = madd(constant(BB), x2, x0);
    const odd2 = madd(constant(BB), x3, x1);
    let at = to;
    v128.store(at, x0);
    at += step;
    v128.store(at, madd(constant(A), odd1, even1));
    at += step;
    v128.store(at, nmadd(constant(A), odd1, even1));
    at += step;
    v128.store(at, madd(constant(B), odd2, even2));
    at += step;
    v128.store(at, nmadd(constant(B), odd2, even2));
    at += step;
    v128.store(at, x3);
    y0 += 16;
    y1 += 16;
    y2 += 16;
    y3 += 16;
  }
}
