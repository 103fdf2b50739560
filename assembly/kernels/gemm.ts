import { activate, slope } from '../activate';
import { MR, NR } from '../layout';
import { Apart, Left, Near } from '../left';
import { In, InAll, InOut, Out, OutAll, shareStart } from '../share';
import { LANES } from '../simd';
import { multiplyPanels, multiplyTwoPanels } from '../tile';

/** Most steps of k between two visits to C: KC × (MR + NR) fits the first-level cache. */
const KC: i32 = 512;
/** Columns of B walked for each panel of A: KC × NC fits the second-level cache. */
const NC: i32 = 256;

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

/** Bytes from a row of A to the next one, where that begins a panel if A is packed. */
function rowBytes(K: i32, aRow: i32, aCol: i32): usize {
  return <usize>(aRow == 1 && aCol == MR ? K : aRow) * sizeof<real>();
}

/**
 * Panels of C lie `ldn` elements apart, Y `toY` bytes behind C. Blocks of k have lengths that depend on K only, so that
 * sums do not depend on the split.
 */
function product(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  toY: usize,
  M: i32,
  N: i32,
  K: i32,
  aRow: i32,
  aCol: i32,
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
      const more = beta != 0 || k > 0;
      const steps = min(kc, K - k);
      block(at, a, bn, own, toY, M, cols, K, aRow, aCol, k, steps, ldc, ldn, more, act);
    }
  }
}

/** Length of the fewest equal parts of n, each at most `most`. */
function blockLength(n: i32, most: i32): i32 {
  const parts = max(1, (n + most - 1) / most);
  return (n + parts - 1) / parts;
}

/**
 * One block of k: each panel of A against all panels of B. A narrow last panel of B waits for the next panel of A: two of
 * them keep the multipliers as busy as a whole tile does.
 */
function block(
  c: usize,
  a: usize,
  b: usize,
  bias: usize,
  toY: usize,
  M: i32,
  N: i32,
  K: i32,
  aRow: i32,
  aCol: i32,
  k: i32,
  steps: i32,
  ldc: i32,
  ldn: i32,
  accumulate: bool,
  activation: i32,
): void {
  const row = <usize>ldc * sizeof<real>();
  const panel = <usize>ldn * sizeof<real>();
  const bPanel = <usize>NR * <usize>K * sizeof<real>();
  const next = <usize>aRow * sizeof<real>();
  const step = <usize>aCol * sizeof<real>();
  const down = rowBytes(K, aRow, aCol);
  const packed = aRow == 1 && aCol == MR;
  const narrow = narrowColumns(N);
  a += <usize>k * step;
  b += <usize>k * <usize>NR * sizeof<real>();
  let done = 0;
  let rows = 0;
  for (let m = 0; m < M; m += rows) {
    const second = m > done;
    rows = packed || second ? min(MR, M - m) : rowsOfTile(M - m);
    const wait = narrow > 0 && !second && m + 2 * MR <= M;
    const cols = second || wait ? N - narrow : N;
    const at = c + <usize>m * row;
    const am = a + <usize>m * down;
    const near = packed || (aRow == 1 && rows == MR);
    if (near)
      tiles<Near>(at, am, next, step, b, bPanel, bias, steps, row, panel, rows, cols, accumulate);
    else
      tiles<Apart>(at, am, next, step, b, bPanel, bias, steps, row, panel, rows, cols, accumulate);
    if (wait) continue;
    const top = c + <usize>done * row;
    if (second) {
      const places = <usize>(cols / NR);
      const to = top + places * panel;
      const from = a + <usize>done * down;
      const bn = b + places * bPanel;
      const own = bias != 0 ? bias + <usize>cols * sizeof<real>() : 0;
      const low = <usize>MR * down;
      if (near)
        multiplyTwoPanels<Near>(to, from, next, step, low, bn, own, steps, row, narrow, accumulate);
      else
        multiplyTwoPanels<Apart>(
          to,
          from,
          next,
          step,
          low,
          bn,
          own,
          steps,
          row,
          narrow,
          accumulate,
        );
    }
    const count = m + rows - done;
    if (activation > 3) slope(top, top + toY, count, N, row, activation);
    else if (activation != 0) activate(top, count, N, row, activation);
    done += count;
  }
}

/** Rows of the next tile, of `rest` rows of A as they lie: of 6 and 2 or 6 and 1, two tiles of 4 are less than 6 and 4. */
function rowsOfTile(rest: i32): i32 {
  return MR == 6 && (rest == 7 || rest == 8) ? 4 : min(MR, rest);
}

/** Columns of a last panel that fills no more than a vector; the wide tile takes all parts vector by vector. */
function narrowColumns(N: i32): i32 {
  const rest = N % NR;
  return WIDE || rest > LANES ? 0 : rest;
}

/** One panel of A against panels of B, `bPanel` bytes apart. */
function tiles<L extends Left>(
  c: usize,
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bPanel: usize,
  bias: usize,
  steps: i32,
  ldc: usize,
  panel: usize,
  rows: i32,
  N: i32,
  accumulate: bool,
): void {
  for (let n = 0; n < N; n += NR, b += bPanel, c += panel) {
    const own = bias != 0 ? bias + <usize>n * sizeof<real>() : 0;
    const cols = min(NR, N - n);
    multiplyPanels<L>(c, a, aRow, aStep, b, own, steps, ldc, rows, cols, accumulate);
  }
}
