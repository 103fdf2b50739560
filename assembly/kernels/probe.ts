import { OutAll } from '../share';

/**
 * The peak of one thread: n · 24 · LANES floating-point operations in registers, as 12 chains of
 * fused multiply-adds or, where the build has none, 6 of multiplications and 6 of additions. out[0]
 * is their sum.
 */
export function peak(out: OutAll, n: i32, tid: i32, threads: i32): void {
  if (tid == 0) chains(out, v128.splat<real>(<real>n / <real>n), v128.splat<real>(<real>n), n);
}

function chains(out: usize, x: v128, y: v128, n: i32): void {
  let c0 = y;
  let c1 = v128.add<real>(c0, x);
  let c2 = v128.add<real>(c1, x);
  let c3 = v128.add<real>(c2, x);
  let c4 = v128.add<real>(c3, x);
  let c5 = v128.add<real>(c4, x);
  let c6 = v128.add<real>(c5, x);
  let c7 = v128.add<real>(c6, x);
  let c8 = v128.add<real>(c7, x);
  let c9 = v128.add<real>(c8, x);
  let c10 = v128.add<real>(c9, x);
  let c11 = v128.add<real>(c10, x);
  for (let rounds = ASC_FEATURE_RELAXED_SIMD ? n : 2 * n; rounds > 0; rounds--) {
    c0 = multiply(c0, x, y);
    c6 = add(c6, x, y);
    c1 = multiply(c1, x, y);
    c7 = add(c7, x, y);
    c2 = multiply(c2, x, y);
    c8 = add(c8, x, y);
    c3 = multiply(c3, x, y);
    c9 = add(c9, x, y);
    c4 = multiply(c4, x, y);
    c10 = add(c10, x, y);
    c5 = multiply(c5, x, y);
    c11 = add(c11, x, y);
  }
  c0 = v128.add<real>(v128.add<real>(c0, c1), v128.add<real>(c2, c3));
  c4 = v128.add<real>(v128.add<real>(c4, c5), v128.add<real>(c6, c7));
  c8 = v128.add<real>(v128.add<real>(c8, c9), v128.add<real>(c10, c11));
  c0 = v128.add<real>(v128.add<real>(c0, c4), c8);
  store<real>(out, v128.extract_lane<real>(c0, 0));
}

function multiply(c: v128, x: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<real>(c, x, y);
  return v128.mul<real>(c, x);
}

function add(c: v128, x: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return v128.relaxed_madd<real>(c, x, y);
  return v128.add<real>(c, y);
}
