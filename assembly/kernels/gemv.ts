import { activate } from '../activate';
import { NR } from '../layout';
import { In, InAll, Out, shareStart } from '../share';
import { dot, LANES, loadUpTo, madd, splat, storeUpTo, sumLanes } from '../simd';
import { Column, multiplySmall } from '../small';

/** y[N] = act(beta·y + Σ_k x[k]·b[k·ldb + n] + bias[n]): one row times a row-major B[K, N]. */
export function gemv(
  y: Out,
  x: InAll,
  b: InAll,
  bias: InAll,
  N: i32,
  unit: i32,
  K: i32,
  ldb: i32,
  beta: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(N, unit, tid, threads);
  const count = shareStart(N, unit, tid + 1, threads) - first;
  const offset = <usize>first * sizeof<real>();
  const whole = count & -LANES;
  const done = <usize>whole * sizeof<real>();
  const row = <usize>ldb * sizeof<real>();
  y += offset;
  b += offset;
  if (bias != 0) bias += offset;
  sumRows(y, x, b, bias, whole, K, row, beta);
  if (whole < count) {
    const from = bias != 0 ? bias + done : 0;
    const rest = count - whole;
    const one = sizeof<real>();
    multiplySmall<Column>(y + done, x, b + done, from, 1, rest, K, 0, one, row, one, 0, beta);
  }
  if (activation != 0) activate(y, 1, count, 0, activation);
}

/** y = beta·y + bias + Σ_k x[k]·b[k], in order of k; N is a multiple of LANES. */
function sumRows(
  y: usize,
  x: usize,
  b: usize,
  bias: usize,
  N: i32,
  K: i32,
  row: usize,
  beta: i32,
): void {
  startRow(y, bias, N, beta);
  let k = K;
  for (; k >= 8; k -= 8, x += 8 * sizeof<real>(), b += 8 * row) add8Rows(y, x, b, row, N);
  for (; k > 0; k--, x += sizeof<real>(), b += row) addRow(y, x, b, N);
}

/** y = beta·y + bias */
function startRow(y: usize, bias: usize, N: i32, beta: i32): void {
  for (let n = N; n > 0; n -= LANES, y += 16) {
    let v = beta != 0 ? loadUpTo(y, n) : splat(0);
    if (bias != 0) {
      v = v128.add<real>(v, loadUpTo(bias, n));
      bias += 16;
    }
    storeUpTo(y, v, n);
  }
}

function add8Rows(y: usize, x: usize, b: usize, row: usize, N: i32): void {
  const x0 = v128.load_splat<real>(x);
  const x1 = v128.load_splat<real>(x, sizeof<real>());
  const x2 = v128.load_splat<real>(x, 2 * sizeof<real>());
  const x3 = v128.load_splat<real>(x, 3 * sizeof<real>());
  const x4 = v128.load_splat<real>(x, 4 * sizeof<real>());
  const x5 = v128.load_splat<real>(x, 5 * sizeof<real>());
  const x6 = v128.load_splat<real>(x, 6 * sizeof<real>());
  const x7 = v128.load_splat<real>(x, 7 * sizeof<real>());
  const b4 = b + 4 * row;
  for (let i: usize = 0, bytes = <usize>N * sizeof<real>(); i < bytes; i += 16) {
    let v = madd(x0, v128.load(b + i), v128.load(y + i));
    v = madd(x1, v128.load(b + i + row), v);
    v = madd(x2, v128.load(b + i + 2 * row), v);
    v = madd(x3, v128.load(b + i + 3 * row), v);
    v = madd(x4, v128.load(b4 + i), v);
    v = madd(x5, v128.load(b4 + i + row), v);
    v = madd(x6, v128.load(b4 + i + 2 * row), v);
    v128.store(y + i, madd(x7, v128.load(b4 + i + 3 * row), v));
  }
}

function addRow(y: usize, x: usize, b: usize, N: i32): void {
  const x0 = v128.load_splat<real>(x);
  for (let n = N; n > 0; n -= LANES, y += 16, b += 16) {
    v128.store(y, madd(x0, v128.load(b), v128.load(y)));
  }
}

/** y[N] = act(beta·y + Σ_k x[k]·b[n·ldb + k] + bias[n]): one row times Bᵀ, stored [N, K]. */
export function gemvT(
  y: Out,
  x: InAll,
  b: In,
  bias: InAll,
  N: i32,
  unit: i32,
  K: i32,
  ldb: i32,
  beta: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(N, unit, tid, threads);
  const count = shareStart(N, unit, tid + 1, threads) - first;
  const offset = <usize>first * sizeof<real>();
  const row = <usize>ldb * sizeof<real>();
  y += offset;
  b += <usize>first * row;
  startRow(y, bias != 0 ? bias + offset : 0, count, beta);
  for (let n = 0; n < count; n++, b += row) {
    const at = y + <usize>n * sizeof<real>();
    store<real>(at, load<real>(at) + dot(x, b, K));
  }
  if (activation != 0) activate(y, 1, count, 0, activation);
}

/** y[M] = act(Σ_k a[m·lda + k]·x[k] + bias[0]): a row-major A[M, K] times one column; bias 0: none. */
export function gemvColumn(
  y: Out,
  a: In,
  x: InAll,
  bias: InAll,
  M: i32,
  unit: i32,
  K: i32,
  lda: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(M, unit, tid, threads);
  const count = shareStart(M, unit, tid + 1, threads) - first;
  const row = <usize>lda * sizeof<real>();
  const start: real = bias != 0 ? load<real>(bias) : 0;
  y += <usize>first * sizeof<real>();
  a += <usize>first * row;
  for (let m = 0; m < count; m++, a += row) {
    store<real>(y + <usize>m * sizeof<real>(), start + dot(x, a, K));
  }
  if (activation != 0) activate(y, 1, count, 0, activation);
}

/** Panels whose sums are formed side by side, to hide the latency of additions. */
const PANELS: i32 = 4;

/** y[N] = act(bias[n] + Σ_k x[k]·B[k, n]) for B in panels of NR columns; N is a multiple of NR. */
export function gemvPanels(
  y: Out,
  x: InAll,
  bp: In,
  bias: InAll,
  N: i32,
  unit: i32,
  K: i32,
  activation: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(N, unit, tid, threads);
  const count = shareStart(N, unit, tid + 1, threads) - first;
  const panel = <usize>NR * sizeof<real>();
  const bytes = <usize>K * panel;
  y += <usize>first * sizeof<real>();
  bp += <usize>first * <usize>K * sizeof<real>();
  startRow(y, bias != 0 ? bias + <usize>first * sizeof<real>() : 0, count, 0);
  let n = 0;
  let to = y;
  for (; n + PANELS * NR <= count; n += PANELS * NR, bp += <usize>PANELS * bytes) {
    for (let i: usize = 0; i < panel; i += 32, to += 32) addPanels4(to, x, bp + i, K, bytes);
    to += <usize>(PANELS - 1) * panel;
  }
  for (; n < count; n += NR, bp += bytes) {
    for (let i: usize = 0; i < panel; i += 32, to += 32) addPanel(to, x, bp + i, K);
  }
  if (activation != 0) activate(y, 1, count, 0, activation);
}

/** Two vectors of y in each of four neighbouring panels. */
function addPanels4(y: usize, x: usize, b: usize, K: i32, bytes: usize): void {
  const step = <usize>NR * sizeof<real>();
  const y1 = y + step;
  const y2 = y1 + step;
  const y3 = y2 + step;
  let b1 = b + bytes;
  let b2 = b1 + bytes;
  let b3 = b2 + bytes;
  let v00 = v128.load(y);
  let v01 = v128.load(y, 16);
  let v10 = v128.load(y1);
  let v11 = v128.load(y1, 16);
  let v20 = v128.load(y2);
  let v21 = v128.load(y2, 16);
  let v30 = v128.load(y3);
  let v31 = v128.load(y3, 16);
  for (const end = x + <usize>K * sizeof<real>(); x < end; x += sizeof<real>()) {
    const xk = v128.load_splat<real>(x);
    v00 = madd(xk, v128.load(b), v00);
    v01 = madd(xk, v128.load(b, 16), v01);
    v10 = madd(xk, v128.load(b1), v10);
    v11 = madd(xk, v128.load(b1, 16), v11);
    v20 = madd(xk, v128.load(b2), v20);
    v21 = madd(xk, v128.load(b2, 16), v21);
    v30 = madd(xk, v128.load(b3), v30);
    v31 = madd(xk, v128.load(b3, 16), v31);
    b += step;
    b1 += step;
    b2 += step;
    b3 += step;
  }
  v128.store(y, v00);
  v128.store(y, v01, 16);
  v128.store(y1, v10);
  v128.store(y1, v11, 16);
  v128.store(y2, v20);
  v128.store(y2, v21, 16);
  v128.store(y3, v30);
  v128.store(y3, v31, 16);
}

function addPanel(y: usize, x: usize, b: usize, K: i32): void {
  let v0 = v128.load(y);
  let v1 = v128.load(y, 16);
  for (const end = x + <usize>K * sizeof<real>(); x < end; x += sizeof<real>()) {
    const xk = v128.load_splat<real>(x);
    v0 = madd(xk, v128.load(b), v0);
    v1 = madd(xk, v128.load(b, 16), v1);
    b += <usize>NR * sizeof<real>();
  }
  v128.store(y, v0);
  v128.store(y, v1, 16);
}

/** y[N] = Σ_k x[k]·B[n, k] for B in panels of NR columns k; K is a multiple of NR. */
export function gemvPanelsT(
  y: Out,
  x: InAll,
  bp: InAll,
  N: i32,
  unit: i32,
  K: i32,
  tid: i32,
  threads: i32,
): void {
  const end = shareStart(N, unit, tid + 1, threads);
  for (let n = shareStart(N, unit, tid, threads); n < end; n += 4) {
    const r1 = panelRow(n + 1, N);
    const r2 = panelRow(n + 2, N);
    const r3 = panelRow(n + 3, N);
    const r0 = panelRow(n, N);
    let s0 = splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let panel = bp;
    for (let k = 0; k < K; k += NR, panel += <usize>N * <usize>NR * sizeof<real>()) {
      for (let i: usize = 0; i < <usize>NR * sizeof<real>(); i += 16) {
        const xk = v128.load(x + <usize>k * sizeof<real>() + i);
        s0 = madd(xk, v128.load(panel + r0 + i), s0);
        s1 = madd(xk, v128.load(panel + r1 + i), s1);
        s2 = madd(xk, v128.load(panel + r2 + i), s2);
        s3 = madd(xk, v128.load(panel + r3 + i), s3);
      }
    }
    const to = y + <usize>n * sizeof<real>();
    store<real>(to, sumLanes(s0));
    if (n + 1 < end) store<real>(to, sumLanes(s1), sizeof<real>());
    if (n + 2 < end) store<real>(to, sumLanes(s2), 2 * sizeof<real>());
    if (n + 3 < end) store<real>(to, sumLanes(s3), 3 * sizeof<real>());
  }
}

/** Bytes to row n of a panel; past the end, the last row once more. */
function panelRow(n: i32, N: i32): usize {
  return <usize>min(n, N - 1) * <usize>NR * sizeof<real>();
}
