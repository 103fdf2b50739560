import { activate } from '../activate';
import { InAll, InOut, shareStart } from '../share';
import { LANES } from '../simd';
import { Column, multiplySmall, Vector } from '../small';

/**
 * C[M, N] = act(beta·C + A·B + bias[N]) for tiny products, straight from memory: A at m·aRow +
 * k·aCol, B at k·bRow + n·bCol. Fast when bCol is 1. beta, bias and activation as in gemm.
 */
export function gemmSmall(
  c: InOut,
  a: InAll,
  b: InAll,
  bias: InAll,
  M: i32,
  unit: i32,
  N: i32,
  K: i32,
  aRow: i32,
  aCol: i32,
  bRow: i32,
  bCol: i32,
  ldc: i32,
  beta: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(M, unit, tid, threads);
  const rows = shareStart(M, unit, tid + 1, threads) - first;
  const aM = <usize>aRow * sizeof<real>();
  const aK = <usize>aCol * sizeof<real>();
  const bK = <usize>bRow * sizeof<real>();
  const bN = <usize>bCol * sizeof<real>();
  const cM = <usize>ldc * sizeof<real>();
  c += <usize>first * cM;
  a += <usize>first * aM;
  const whole = bCol == 1 ? N & -LANES : 0;
  if (whole > 0) multiplySmall<Vector>(c, a, b, bias, rows, whole, K, aM, aK, bK, 16, cM, beta);
  if (whole < N) {
    const done = <usize>whole * sizeof<real>();
    const from = bias != 0 ? bias + done : 0;
    multiplySmall<Column>(
      c + done,
      a,
      b + done,
      from,
      rows,
      N - whole,
      K,
      aM,
      aK,
      bK,
      bN,
      cM,
      beta,
    );
  }
  if (activation != 0) activate(c, rows, N, cM, activation);
}
