import { LANES, madd, splat } from './simd';

/**
 * How many columns of C are formed at once: LANES neighbours, or one in all lanes with the same
 * bits.
 */
export abstract class Columns {
  abstract bytes(): usize;
  abstract load(p: usize): v128;
  abstract store(p: usize, v: v128): void;
}
export class Vector extends Columns {
  @inline bytes(): usize {
    return 16;
  }
  @inline load(p: usize): v128 {
    return v128.load(p);
  }
  @inline store(p: usize, v: v128): void {
    v128.store(p, v);
  }
}
export class Column extends Columns {
  @inline bytes(): usize {
    return sizeof<real>();
  }
  @inline load(p: usize): v128 {
    return v128.load_splat<real>(p);
  }
  @inline store(p: usize, v: v128): void {
    store<real>(p, v128.extract_lane<real>(v, 0));
  }
}

/**
 * C[M, N] = act(beta·C + A·B + bias) straight from memory, four rows at a time; strides are in
 * bytes, bN that between two groups of columns. Missing rows repeat the last one: the same bits are
 * stored again.
 */
export function multiplySmall<C extends Columns>(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  M: i32,
  N: i32,
  K: i32,
  aM: usize,
  aK: usize,
  bK: usize,
  bN: usize,
  cM: usize,
  beta: i32,
): void {
  const width = <usize>N * sizeof<real>();
  for (let m = 0; m < M; m += 4, a += 4 * aM, c += 4 * cM) {
    const r1 = min(1, M - m - 1);
    const r2 = min(2, M - m - 1);
    const r3 = min(3, M - m - 1);
    const a1 = <usize>r1 * aM;
    const a2 = <usize>r2 * aM;
    const a3 = <usize>r3 * aM;
    const c1 = <usize>r1 * cM;
    const c2 = <usize>r2 * cM;
    const c3 = <usize>r3 * cM;
    let bn = b;
    for (let n: usize = 0; n < width; n += changetype<C>(0).bytes(), bn += bN) {
      const at = c + n;
      let v0 = bias != 0 ? changetype<C>(0).load(bias + n) : splat(0);
      let v1 = v0;
      let v2 = v0;
      let v3 = v0;
      if (beta != 0) {
        v0 = v128.add<real>(v0, changetype<C>(0).load(at));
        v1 = v128.add<real>(v1, changetype<C>(0).load(at + c1));
        v2 = v128.add<real>(v2, changetype<C>(0).load(at + c2));
        v3 = v128.add<real>(v3, changetype<C>(0).load(at + c3));
      }
      let ak = a;
      let bk = bn;
      for (let k = K; k > 0; k--, ak += aK, bk += bK) {
        const x = changetype<C>(0).load(bk);
        v0 = madd(v128.load_splat<real>(ak), x, v0);
        v1 = madd(v128.load_splat<real>(ak + a1), x, v1);
        v2 = madd(v128.load_splat<real>(ak + a2), x, v2);
        v3 = madd(v128.load_splat<real>(ak + a3), x, v3);
      }
      changetype<C>(0).store(at, v0);
      changetype<C>(0).store(at + c1, v1);
      changetype<C>(0).store(at + c2, v2);
      changetype<C>(0).store(at + c3, v3);
    }
  }
}

/** The same for all columns, strides in numbers: groups of neighbours, then one by one. */
export function multiplyAll(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  M: i32,
  N: i32,
  K: i32,
  aRow: i32,
  aCol: i32,
  bRow: i32,
  bCol: i32,
  ldc: i32,
  beta: i32,
): void {
  const aM = <usize>aRow * sizeof<real>();
  const aK = <usize>aCol * sizeof<real>();
  const bK = <usize>bRow * sizeof<real>();
  const bN = <usize>bCol * sizeof<real>();
  const cM = <usize>ldc * sizeof<real>();
  const whole = bCol == 1 ? N & -LANES : 0;
  if (whole > 0) multiplySmall<Vector>(c, a, b, bias, M, whole, K, aM, aK, bK, 16, cM, beta);
  if (whole == N) return;
  const done = <usize>whole * sizeof<real>();
  const from = bias != 0 ? bias + done : 0;
  multiplySmall<Column>(c + done, a, b + done, from, M, N - whole, K, aM, aK, bK, bN, cM, beta);
}
