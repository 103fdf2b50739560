import { MR, NR } from '../layout';
import { copyPanels, MrWide, NrWide, transposePanels } from '../panels';
import { product } from '../product';
import { InAll, Out, OutAll, shareStart } from '../share';
import { dot } from '../simd';
import { multiplyAll } from '../small';

/** Columns of B that are packed at once. */
const NC: i32 = 256;
/** Panels of a transposed A that are packed at once: they stay in the first-level cache. */
const PANELS: i32 = 8;

/**
 * C[i] = A[i]·B[i] of `items` / parts matrices, C [M, N], A at m·aRow + k·aCol, B at k·bRow + n·bCol. A[i] is matrix
 * (i / aEach) mod aOf of those at `a`, B likewise. Threads share the items, each of which is M / parts rows of a matrix; who
 * begins one packs its B. Of scratch each thread has `slot` numbers: K rows of at most 256 columns of B in whole panels; with
 * `packs`, behind them 8 panels of A, of which aRow is then 1. slot 0: tiny matrices in one part, straight from memory; a single
 * row meets a stored Bᵀ by dot products.
 */
export function gemmBatch(
  c: Out,
  a: InAll,
  b: InAll,
  scratch: OutAll,
  items: i32,
  unit: i32,
  parts: i32,
  M: i32,
  N: i32,
  K: i32,
  aRow: i32,
  aCol: i32,
  bRow: i32,
  bCol: i32,
  aEach: i32,
  aOf: i32,
  bEach: i32,
  bOf: i32,
  packs: i32,
  slot: i32,
  tid: i32,
  threads: i32,
): void {
  const end = shareStart(items, unit, tid + 1, threads);
  const rows = M / parts;
  const bp = scratch + <usize>tid * <usize>slot * sizeof<real>();
  const columns = (min(N, NC) + NR - 1) / NR;
  const ap = packs != 0 ? bp + <usize>(columns * NR) * <usize>K * sizeof<real>() : 0;
  let i = shareStart(items, unit, tid, threads);
  while (i < end) {
    const matrix = i / parts;
    const part = i - matrix * parts;
    const count = min(parts - part, end - i);
    const first = part * rows;
    const to = c + <usize>(matrix * M + first) * <usize>N * sizeof<real>();
    const left = a + <usize>((matrix / aEach) % aOf) * <usize>(M * K) * sizeof<real>();
    const right = b + <usize>((matrix / bEach) % bOf) * <usize>(K * N) * sizeof<real>();
    const from = left + <usize>first * <usize>aRow * sizeof<real>();
    if (slot != 0) packed(to, from, right, bp, ap, count * rows, M, N, K, aRow, aCol, bRow);
    else if (M == 1 && bRow == 1) dots(to, left, right, N, K);
    else multiplyAll(to, left, right, 0, M, N, K, aRow, aCol, bRow, bCol, N, 0);
    i += count;
  }
}

/** `rows` rows of one product; bRow 1: B is stored transposed, ap 0: A is read as it lies. */
function packed(
  c: usize,
  a: usize,
  b: usize,
  bp: usize,
  ap: usize,
  rows: i32,
  M: i32,
  N: i32,
  K: i32,
  aRow: i32,
  aCol: i32,
  bRow: i32,
): void {
  for (let n = 0; n < N; n += NC) {
    const cols = min(NC, N - n);
    const to = c + <usize>n * sizeof<real>();
    const bn = b + <usize>(bRow == 1 ? n * K : n) * sizeof<real>();
    if (bRow == 1) transposePanels<NrWide>(bp, bn, 0, cols, K, K);
    else copyPanels<NrWide>(bp, bn, 0, cols, K, N);
    if (ap == 0) {
      product(to, a, bp, 0, 0, rows, cols, K, aRow, aCol, N, NR, 0, 0);
      continue;
    }
    for (let m = 0; m < rows; m += PANELS * MR) {
      const some = min(PANELS * MR, rows - m);
      copyPanels<MrWide>(ap, a + <usize>m * sizeof<real>(), 0, some, K, M);
      const at = to + <usize>m * <usize>N * sizeof<real>();
      product(at, ap, bp, 0, 0, some, cols, K, 1, MR, N, NR, 0, 0);
    }
  }
}

/** y[N] = x[K] times each row of b[N, K]. */
function dots(y: usize, x: usize, b: usize, N: i32, K: i32): void {
  for (let n = 0; n < N; n++) {
    store<real>(y, dot(x, b, K));
    y += sizeof<real>();
    b += <usize>K * sizeof<real>();
  }
}
