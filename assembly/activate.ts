import { LANES, loadUpTo, splat, storeUpTo } from './simd';

/** Activations that products apply to their result; 0: none. */
const RELU: i32 = 1;
const SIGMOID: i32 = 2;
const TANH: i32 = 3;

/** act(v), with `activation` one of the numbers above. */
export function activate(v: v128, activation: i32): v128 {
  if (activation == RELU) return v128.max<real>(v, splat(0));
  if (activation == SIGMOID) return v;
  if (activation == TANH) return v;
  return v;
}

/** C = act(C) for [rows, N] at `c`; `ldc` is in bytes. */
export function activateRows(c: usize, rows: i32, N: i32, ldc: usize, activation: i32): void {
  for (let m = 0; m < rows; m++, c += ldc) {
    let at = c;
    for (let n = N; n > 0; n -= LANES, at += 16) {
      storeUpTo(at, activate(loadUpTo(at, n), activation), n);
    }
  }
}
