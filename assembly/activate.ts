import { sigmoid, tanh } from './math';
import { LANES, loadUpTo, storeUpTo } from './simd';

/** Activations that a product applies to its result; 0: none. */
const RELU: i32 = 1;
const SIGMOID: i32 = 2;
const TANH: i32 = 3;

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
