import { activate } from '../activate';
import { In, InAll, Out, shareStart } from '../share';
import { LANES, loadUpTo, madd, splat, storeUpTo, sumLanes } from '../simd';
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

function dot(x: usize, b: usize, K: i32): real {
  let s0 = splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let k = K;
  for (; k >= 4 * LANES; k -= 4 * LANES, x += 64, b += 64) {
    s0 = madd(v128.load(x), v128.load(b), s0);
    s1 = madd(v128.load(x, 16), v128.load(b, 16), s1);
    s2 = madd(v128.load(x, 32), v128.load(b, 32), s2);
    s3 = madd(v128.load(x, 48), v128.load(b, 48), s3);
  }
  for (; k > 0; k -= LANES, x += 16, b += 16) s0 = madd(loadUpTo(x, k), loadUpTo(b, k), s0);
  return sumLanes(v128.add<real>(v128.add<real>(s0, s1), v128.add<real>(s2, s3)));
}
