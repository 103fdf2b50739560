import { ReluSlope, SigmoidSlope, TanhSlope } from '../activate';
import { Binary, BinaryWith, zip, zipWith } from '../map';
import { Exponential, geluSlope } from '../math';
import { In, Out } from '../share';
import { splat } from '../simd';

class LeakyReluGrad extends BinaryWith {
  @inline apply(dy: v128, x: v128, alpha: v128, _q: v128): v128 {
    return v128.bitselect(dy, v128.mul<real>(dy, alpha), v128.gt<real>(x, splat(0)));
  }
}
class EluGrad extends BinaryWith {
  @inline apply(dy: v128, y: v128, alpha: v128, _q: v128): v128 {
    return v128.bitselect(
      dy,
      v128.mul<real>(dy, v128.add<real>(y, alpha)),
      v128.gt<real>(y, splat(0)),
    );
  }
}
class ClipGrad extends BinaryWith {
  @inline apply(dy: v128, x: v128, low: v128, high: v128): v128 {
    return v128.and(dy, v128.and(v128.ge<real>(x, low), v128.le<real>(x, high)));
  }
}
class GeluGrad extends Binary {
  @inline apply(dy: v128, x: v128): v128 {
    return v128.mul<real>(dy, geluSlope(x));
  }
}
class SoftplusGrad extends Binary {
  @inline apply(dy: v128, x: v128): v128 {
    return v128.mul<real>(dy, Exponential.sigmoid<real>(x));
  }
}

/** dx = y > 0 ? dy : 0 */
export function reluGrad(dx: Out, dy: In, y: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<ReluSlope>(dx, dy, y, n, unit, tid, threads);
}

/** dx = x > 0 ? dy : alpha·dy */
export function leakyReluGrad(
  dx: Out,
  dy: In,
  x: In,
  n: i32,
  unit: i32,
  alpha: real,
  tid: i32,
  threads: i32,
): void {
  zipWith<LeakyReluGrad>(dx, dy, x, n, unit, alpha, 0, tid, threads);
}

/** dx = y > 0 ? dy : dy·(y + alpha), where y = elu(x) */
export function eluGrad(
  dx: Out,
  dy: In,
  y: In,
  n: i32,
  unit: i32,
  alpha: real,
  tid: i32,
  threads: i32,
): void {
  zipWith<EluGrad>(dx, dy, y, n, unit, alpha, 0, tid, threads);
}

/** dx = dy·(1 − y²), where y = tanh x */
export function tanhGrad(dx: Out, dy: In, y: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<TanhSlope>(dx, dy, y, n, unit, tid, threads);
}

/** dx = dy·y·(1 − y), where y = sigmoid(x) */
export function sigmoidGrad(
  dx: Out,
  dy: In,
  y: In,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  zip<SigmoidSlope>(dx, dy, y, n, unit, tid, threads);
}

/** dx = dy·(Φ(x) + x·φ(x)), with the normal distribution Φ and its density φ */
export function geluGrad(dx: Out, dy: In, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  zip<GeluGrad>(dx, dy, x, n, unit, tid, threads);
}

/** dx = dy·sigmoid(x) */
export function softplusGrad(
  dx: Out,
  dy: In,
  x: In,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  zip<SoftplusGrad>(dx, dy, x, n, unit, tid, threads);
}

/** dx = low ≤ x ≤ high ? dy : 0 */
export function clipGrad(
  dx: Out,
  dy: In,
  x: In,
  n: i32,
  unit: i32,
  low: real,
  high: real,
  tid: i32,
  threads: i32,
): void {
  zipWith<ClipGrad>(dx, dy, x, n, unit, low, high, tid, threads);
}
