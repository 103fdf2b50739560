import { NR } from '../layout';
import { copyPanels, MrWide, NrWide, transposePanels, transposeSquare } from '../panels';
import { In, InAll, Out, OutAll, shareStart } from '../share';

/**
 * ap[panel][k][MR] = A[M, K], row stride lda, in panels of MR rows; the last one is padded with
 * zeros.
 */
export function packA(
  ap: Out,
  a: In,
  M: i32,
  unit: i32,
  K: i32,
  lda: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(M, unit, tid, threads);
  const end = shareStart(M, unit, tid + 1, threads);
  transposePanels<MrWide>(ap, a, first, end, K, lda);
}

/** ap[panel][k][MR] = Aᵀ: as packA for a stored [K, M], element (m, k) at a[k·lda + m]. */
export function packAT(
  ap: Out,
  a: InAll,
  M: i32,
  unit: i32,
  K: i32,
  lda: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(M, unit, tid, threads);
  const end = shareStart(M, unit, tid + 1, threads);
  copyPanels<MrWide>(ap, a, first, end, K, lda);
}

/**
 * bp[panel][k][NR] = B[K, N], row stride ldb, in panels of NR columns; the last one is padded with
 * zeros.
 */
export function packB(
  bp: Out,
  b: InAll,
  N: i32,
  unit: i32,
  K: i32,
  ldb: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(N, unit, tid, threads);
  const end = shareStart(N, unit, tid + 1, threads);
  copyPanels<NrWide>(bp, b, first, end, K, ldb);
}

/** bp[panel][k][NR] = Bᵀ: as packB for b stored [N, K], element (k, n) at b[n·ldb + k]. */
export function packBT(
  bp: Out,
  b: In,
  N: i32,
  unit: i32,
  K: i32,
  ldb: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(N, unit, tid, threads);
  const end = shareStart(N, unit, tid + 1, threads);
  transposePanels<NrWide>(bp, b, first, end, K, ldb);
}

/**
 * bp = Bᵀ for b[N, K] that is itself in panels: b[k / NR][n][k mod NR], K a multiple of NR. The
 * columns of bp are shared.
 */
export function packPanelsT(
  bp: Out,
  b: InAll,
  N: i32,
  unit: i32,
  K: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(N, unit, tid, threads);
  const end = shareStart(N, unit, tid + 1, threads);
  for (let k = 0; k < K; k += NR) {
    let from = b + <usize>(k * N + first * NR) * sizeof<real>();
    let to = bp + <usize>(first * K + k * NR) * sizeof<real>();
    for (let n = first; n < end; n += NR) {
      if (end - n >= NR) transposeSquare(to, from);
      else transposePanels<NrWide>(to, from, 0, end - n, NR, NR);
      from += <usize>(NR * NR) * sizeof<real>();
      to += <usize>(NR * K) * sizeof<real>();
    }
  }
}

/** b[K, N], row stride ldb, from panels of NR columns; N is a multiple of NR. */
export function unpackB(
  b: OutAll,
  bp: In,
  N: i32,
  unit: i32,
  K: i32,
  ldb: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(N, unit, tid, threads);
  const end = shareStart(N, unit, tid + 1, threads);
  const row = <usize>ldb * sizeof<real>();
  const bytes = <usize>NR * sizeof<real>();
  let from = bp + <usize>first * <usize>K * sizeof<real>();
  for (let n = first; n < end; n += NR) {
    let to = b + <usize>n * sizeof<real>();
    for (let k = 0; k < K; k++, to += row, from += bytes) {
      for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, v128.load(from + i));
    }
  }
}
