/** The vector vocabulary of the kernels, for `real` = f32 (4 lanes) or f64 (2 lanes). */

export const LANES: i32 = 16 / sizeof<real>();

/** a·b + c: fused where the build has relaxed SIMD, otherwise multiplied and then added. */
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<real>(a, b, c);
  return v128.add<real>(v128.mul<real>(a, b), c);
}

export function splat(x: real): v128 {
  return v128.splat<real>(x);
}

/** Sum of the lanes, pairwise: (x0 + x2) + (x1 + x3). */
export function sumLanes(v: v128): real {
  if (sizeof<real>() == 8) return v128.extract_lane<real>(v, 0) + v128.extract_lane<real>(v, 1);
  const w = v128.add<f32>(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return <real>(v128.extract_lane<f32>(w, 0) + v128.extract_lane<f32>(w, 1));
}

/** Maximum of the lanes; NaN if any lane is NaN. */
export function maxLanes(v: v128): real {
  const w = v128.max<real>(v, v128.shuffle<i64>(v, v, 1, 0));
  if (sizeof<real>() == 8) return v128.extract_lane<real>(w, 0);
  return v128.extract_lane<real>(v128.max<real>(w, v128.shuffle<i32>(w, w, 1, 0, 3, 2)), 0);
}

/** Minimum of the lanes; NaN if any lane is NaN. */
export function minLanes(v: v128): real {
  const w = v128.min<real>(v, v128.shuffle<i64>(v, v, 1, 0));
  if (sizeof<real>() == 8) return v128.extract_lane<real>(w, 0);
  return v128.extract_lane<real>(v128.min<real>(w, v128.shuffle<i32>(w, w, 1, 0, 3, 2)), 0);
}

/** Part of a vector, lane by lane, inlined: where calls beside a loop would cost it its registers. */
export class Lanes {
  @inline static load(p: usize, n: i32, fill: real): v128 {
    let v = splat(fill);
    if (sizeof<real>() == 8) return n > 0 ? v128.replace_lane<real>(v, 0, load<real>(p)) : v;
    if (n > 0) v = v128.replace_lane<real>(v, 0, load<real>(p));
    if (n > 1) v = v128.replace_lane<real>(v, 1, load<real>(p, 4));
    if (n > 2) v = v128.replace_lane<real>(v, sizeof<real>() == 8 ? 0 : 2, load<real>(p, 8));
    return v;
  }

  @inline static store(p: usize, v: v128, n: i32): void {
    if (sizeof<real>() == 4 && n > 1) {
      v128.store64_lane(p, v, 0);
      if (n > 2) store<real>(p, v128.extract_lane<real>(v, sizeof<real>() == 8 ? 0 : 2), 8);
    } else if (n > 0) store<real>(p, v128.extract_lane<real>(v, 0));
  }
}

/** The first `n` < LANES numbers at `p`; the other lanes are `fill`. Never reads past them. */
export function loadPart(p: usize, n: i32, fill: real): v128 {
  return Lanes.load(p, n, fill);
}

/** Stores the first `n` < LANES lanes of `v` at `p`. */
export function storePart(p: usize, v: v128, n: i32): void {
  Lanes.store(p, v, n);
}

/** The first min(n, LANES) numbers at `p`; the other lanes are 0. */
export function loadUpTo(p: usize, n: i32): v128 {
  return n >= LANES ? v128.load(p) : loadPart(p, n, 0);
}

/** Stores the first min(n, LANES) lanes of `v` at `p`. */
export function storeUpTo(p: usize, v: v128, n: i32): void {
  if (n >= LANES) v128.store(p, v);
  else storePart(p, v, n);
}

/** Σ x[k]·b[k], in an order that depends on K only. */
export function dot(x: usize, b: usize, K: i32): real {
  let s0 = splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let k = K;
  for (; k >= 4 * LANES; k -= 4 * LANES, x += 64, b += 64) {
    s0 = madd(v128.load(x), v128.load(b), s0);
    s1 = madd(v128.load(x, 16), v128.load(b, 16), s1);
    s2 = madd(v128.load(x, 32), v128.load(b, 32), s2);
    s3 = madd(v128.load(x, 48), v128.load(b, 48), s3);
  }
  for (; k > 0; k -= LANES, x += 16, b += 16) s0 = madd(loadUpTo(x, k), loadUpTo(b, k), s0);
  return sumLanes(v128.add<real>(v128.add<real>(s0, s1), v128.add<real>(s2, s3)));
}
