import { activate, slope } from './activate';
import { MR, NR } from './layout';
import { Apart, Left, Near } from './left';
import { LANES } from './simd';
import { multiplyPanels, multiplyTwoPanels } from './tile';

/** Most steps of k between two visits to C: KC × (MR + NR) fits the first-level cache. */
const KC: i32 = 512;
/** Columns of B walked for each panel of A: KC × NC fits the second-level cache. */
const NC: i32 = 256;

/** Bytes from a row of A to the next one, where that begins a panel if A is packed. */
export function rowBytes(K: i32, aRow: i32, aCol: i32): usize {
  return <usize>(aRow == 1 && aCol == MR ? K : aRow) * sizeof<real>();
}

/**
 * C = act(beta·C + A·B + bias) of a packed B, on one thread: as the kernel gemm has it. Panels of C lie `ldn` elements apart, Y `toY` bytes behind C. Blocks of k have lengths that depend on K only, so that
 * sums do not depend on the split.
 */
export function product(
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
