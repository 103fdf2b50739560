import { NR } from '../layout';
import { product, rowBytes } from '../product';
import { In, InAll, InOut, Out, OutAll, shareStart } from '../share';

/**
 * C[M, N] = act(beta·C + A·B + bias[N]), row stride ldc, from packed B (packB, packBT). A lies at m·aRow + k·aCol, one of
 * them 1; with aRow 1 and aCol MR it is packed (packA, packAT). beta is 0 (C is not read) or 1; bias 0: none; activation 0
 * none, 1 relu, 2 sigmoid, 3 tanh; 4, 5, 6 multiply by the slope of these where their value is y, which lies as C. Threads
 * share the rows: unit is a multiple of MR, aRow is not 1 unless A is packed.
 */
export function gemm(
  c: InOut,
  a: In,
  bp: InAll,
  bias: InAll,
  y: In,
  M: i32,
  unit: i32,
  N: i32,
  K: i32,
  aRow: i32,
  aCol: i32,
  ldc: i32,
  beta: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(M, unit, tid, threads);
  const rows = shareStart(M, unit, tid + 1, threads) - first;
  const toY = y - c;
  c += <usize>first * <usize>ldc * sizeof<real>();
  a += <usize>first * rowBytes(K, aRow, aCol);
  product(c, a, bp, bias, toY, rows, N, K, aRow, aCol, ldc, NR, beta, activation);
}

/** The same product as gemm, threads share the columns: for few rows. unit is a multiple of NR. */
export function gemmColumns(
  c: OutAll,
  a: InAll,
  bp: In,
  bias: InAll,
  y: InAll,
  N: i32,
  unit: i32,
  M: i32,
  K: i32,
  aRow: i32,
  aCol: i32,
  ldc: i32,
  beta: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(N, unit, tid, threads);
  const cols = shareStart(N, unit, tid + 1, threads) - first;
  const offset = <usize>first * sizeof<real>();
  const own = bias != 0 ? bias + offset : 0;
  product(
    c + offset,
    a,
    bp + offset * <usize>K,
    own,
    y - c,
    M,
    cols,
    K,
    aRow,
    aCol,
    ldc,
    NR,
    beta,
    activation,
  );
}

/**
 * C = A·B as gemm, in panels of NR columns, one behind the other: C[n / NR][m][n mod NR]. N is a
 * multiple of NR, threads share the columns.
 */
export function gemmPanels(
  c: Out,
  a: InAll,
  bp: In,
  N: i32,
  unit: i32,
  M: i32,
  K: i32,
  aRow: i32,
  aCol: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(N, unit, tid, threads);
  const cols = shareStart(N, unit, tid + 1, threads) - first;
  const offset = <usize>first * sizeof<real>();
  c += offset * <usize>M;
  product(c, a, bp + offset * <usize>K, 0, 0, M, cols, K, aRow, aCol, NR, M * NR, 0, 0);
}
