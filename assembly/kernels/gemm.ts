import { activate } from '../activate';
import { MR, NR } from '../layout';
import { In, InAll, InOut, Out, OutAll, shareStart } from '../share';
import { multiplyPanels } from '../tile';

/** Most steps of k between two visits to C: KC × (MR + NR) fits the first-level cache. */
const KC: i32 = 512;
/** Columns of B walked for each panel of A: KC × NC fits the second-level cache. */
const NC: i32 = 256;

/**
 * C[M, N] = act(beta·C + A·B + bias[N]), row stride ldc, from packed A (packA, packAT) and B
 * (packB, packBT). beta is 0 (C is not read) or 1; bias 0: none; activation 0 none, 1 relu, 2
 * sigmoid, 3 tanh. Threads share the rows: unit is a multiple of MR.
 */
export function gemm(
  c: InOut,
  ap: In,
  bp: InAll,
  bias: InAll,
  M: i32,
  unit: i32,
  N: i32,
  K: i32,
  ldc: i32,
  beta: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(M, unit, tid, threads);
  const rows = shareStart(M, unit, tid + 1, threads) - first;
  c += <usize>first * <usize>ldc * sizeof<real>();
  ap += <usize>first * <usize>K * sizeof<real>();
  product(c, ap, bp, bias, rows, N, K, ldc, NR, beta, activation);
}

/** The same product as gemm, threads share the columns: for few rows. unit is a multiple of NR. */
export function gemmColumns(
  c: OutAll,
  ap: InAll,
  bp: In,
  bias: InAll,
  N: i32,
  unit: i32,
  M: i32,
  K: i32,
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
  product(c + offset, ap, bp + offset * <usize>K, own, M, cols, K, ldc, NR, beta, activation);
}

/**
 * C = A·B as gemm, in panels of NR columns, one behind the other: C[n / NR][m][n mod NR]. N is a
 * multiple of NR, threads share the columns.
 */
export function gemmPanels(
  c: Out,
  ap: InAll,
  bp: In,
  N: i32,
  unit: i32,
  M: i32,
  K: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(N, unit, tid, threads);
  const cols = shareStart(N, unit, tid + 1, threads) - first;
  const offset = <usize>first * sizeof<real>();
  product(c + offset * <usize>M, ap, bp + offset * <usize>K, 0, M, cols, K, NR, M * NR, 0, 0);
}

/**
 * Panels of C lie `ldn` elements apart. Blocks of k have lengths that depend on K only, so that sums
 * do not depend on the split.
 */
function product(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  M: i32,
  N: i32,
  K: i32,
  ldc: i32,
  ldn: i32,
  beta: i32,
  activation: i32,
): void {
  const kc = max(1, blockLength(K, KC));
  for (let n = 0; n < N; n += NC) {
    const cols = min(NC, N - n);
    const at = c + <usize>(n / NR) * <usize>ldn * sizeof<real>();
    const bn = b + <usize>n * <usize>K * sizeof<real>();
    for (let k = 0; k < K || k == 0; k += kc) {
      const own = bias != 0 && k == 0 ? bias + <usize>n * sizeof<real>() : 0;
      const act = k + kc >= K ? activation : 0;
      block(at, a, bn, own, M, cols, K, k, min(kc, K - k), ldc, ldn, beta != 0 || k > 0, act);
    }
  }
}

/** Length of the fewest equal parts of n, each at most `most`. */
function blockLength(n: i32, most: i32): i32 {
  const parts = max(1, (n + most - 1) / most);
  return (n + parts - 1) / parts;
}

/** One block of k: each panel of A against all panels of B. */
function block(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  M: i32,
  N: i32,
  K: i32,
  k: i32,
  steps: i32,
  ldc: i32,
  ldn: i32,
  accumulate: bool,
  activation: i32,
): void {
  const row = <usize>ldc * sizeof<real>();
  const panel = <usize>ldn * sizeof<real>();
  const bStride = <usize>NR * <usize>K * sizeof<real>();
  b += <usize>k * <usize>NR * sizeof<real>();
  for (let m = 0; m < M; m += MR) {
    const rows = min(MR, M - m);
    const at = c + <usize>m * row;
    const am = a + (<usize>m * <usize>K + <usize>k * <usize>MR) * sizeof<real>();
    let bn = b;
    let cn = at;
    for (let n = 0; n < N; n += NR, bn += bStride, cn += panel) {
      const own = bias != 0 ? bias + <usize>n * sizeof<real>() : 0;
      multiplyPanels(cn, am, bn, own, steps, row, rows, min(NR, N - n), accumulate);
    }
    if (activation != 0) activate(at, rows, N, row, activation);
  }
}
