import { Binary } from './map';
import { sigmoid, tanh } from './math';
import { LANES, loadUpTo, splat, storeUpTo } from './simd';

/** Activations that a product applies to its result; 0: none. */
const RELU: i32 = 1;
const SIGMOID: i32 = 2;
const TANH: i32 = 3;
/** The product times the slope of an activation where its value is y. */
const RELU_SLOPE: i32 = 4;
const SIGMOID_SLOPE: i32 = 5;
const TANH_SLOPE: i32 = 6;

abstract class Activation {
  abstract apply(x: v128): v128;
}
class Relu extends Activation {
  @inline apply(x: v128): v128 {
    return v128.pmax<real>(x, v128.splat<real>(0));
  }
}
class Sigmoid extends Activation {
  @inline apply(x: v128): v128 {
    return sigmoid(x);
  }
}
class Tanh extends Activation {
  @inline apply(x: v128): v128 {
    return tanh(x);
  }
}

/** C[rows, N] = act(C) at `c`; `ldc` is in bytes. */
export function activate(c: usize, rows: i32, N: i32, ldc: usize, activation: i32): void {
  if (activation == RELU) activateRows<Relu>(c, rows, N, ldc);
  else if (activation == SIGMOID) activateRows<Sigmoid>(c, rows, N, ldc);
  else if (activation == TANH) activateRows<Tanh>(c, rows, N, ldc);
}

function activateRows<A extends Activation>(c: usize, rows: i32, N: i32, ldc: usize): void {
  for (let m = 0; m < rows; m++, c += ldc) {
    let at = c;
    let n = N;
    for (; n >= 2 * LANES; n -= 2 * LANES, at += 32) {
      const v0 = changetype<A>(0).apply(v128.load(at));
      const v1 = changetype<A>(0).apply(v128.load(at, 16));
      v128.store(at, v0);
      v128.store(at, v1, 16);
    }
    for (; n > 0; n -= LANES, at += 16) {
      storeUpTo(at, changetype<A>(0).apply(loadUpTo(at, n)), n);
    }
  }
}

export class ReluSlope extends Binary {
  @inline apply(dy: v128, y: v128): v128 {
    return v128.and(dy, v128.gt<real>(y, splat(0)));
  }
}
export class SigmoidSlope extends Binary {
  @inline apply(dy: v128, y: v128): v128 {
    return v128.mul<real>(dy, v128.mul<real>(y, v128.sub<real>(splat(1), y)));
  }
}
export class TanhSlope extends Binary {
  @inline apply(dy: v128, y: v128): v128 {
    return v128.mul<real>(dy, v128.sub<real>(splat(1), v128.mul<real>(y, y)));
  }
}

/** C[rows, N] = C times the slope of an activation where its value is y, which lies as C; `ldc` is in bytes. */
export function slope(c: usize, y: usize, rows: i32, N: i32, ldc: usize, activation: i32): void {
  if (activation == RELU_SLOPE) slopeRows<ReluSlope>(c, y, rows, N, ldc);
  else if (activation == SIGMOID_SLOPE) slopeRows<SigmoidSlope>(c, y, rows, N, ldc);
  else if (activation == TANH_SLOPE) slopeRows<TanhSlope>(c, y, rows, N, ldc);
}

function slopeRows<S extends Binary>(c: usize, y: usize, rows: i32, N: i32, ldc: usize): void {
  for (let m = 0; m < rows; m++, c += ldc, y += ldc) {
    let at: usize = 0;
    let n = N;
    for (; n >= 2 * LANES; n -= 2 * LANES, at += 32) {
      const v0 = changetype<S>(0).apply(v128.load(c + at), v128.load(y + at));
      const v1 = changetype<S>(0).apply(v128.load(c + at, 16), v128.load(y + at, 16));
      v128.store(c + at, v0);
      v128.store(c + at, v1, 16);
    }
    for (; n > 0; n -= LANES, at += 16) {
      storeUpTo(c + at, changetype<S>(0).apply(loadUpTo(c + at, n), loadUpTo(y + at, n)), n);
    }
  }
}
