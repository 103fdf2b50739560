import { activate } from '../activate';
import { InAll, InOut, shareStart } from '../share';
import { multiplyAll } from '../small';

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
  c += <usize>first * <usize>ldc * sizeof<real>();
  a += <usize>first * <usize>aRow * sizeof<real>();
  multiplyAll(c, a, b, bias, rows, N, K, aRow, aCol, bRow, bCol, ldc, beta);
  if (activation != 0) activate(c, rows, N, <usize>ldc * sizeof<real>(), activation);
}
