import { Binary, Ternary, zip, zip3 } from '../map';
import { Exponential, Logarithm } from '../math';
import { In, Out } from '../share';
import { splat } from '../simd';

/** e^−|x| */
function tail(x: v128): v128 {
  return Exponential.expNegative<real>(v128.neg<real>(v128.abs<real>(x)));
}

class CrossEntropy extends Binary {
  @inline apply(x: v128, t: v128): v128 {
    const linear = v128.sub<real>(v128.max<real>(x, splat(0)), v128.mul<real>(x, t));
    return v128.add<real>(linear, Logarithm.log1pOfUnit<real>(tail(x)));
  }
}

/** σ(x) = (x < 0 ? e : 1) / (1 + e), e = exp(−|x|): as exact where σ is small. */
class CrossEntropyGrad extends Ternary {
  @inline apply(d: v128, x: v128, t: v128): v128 {
    const e = tail(x);
    const one = splat(1);
    const top = v128.bitselect(e, one, v128.lt<real>(x, splat(0)));
    return v128.mul<real>(d, v128.sub<real>(v128.div<real>(top, v128.add<real>(one, e)), t));
  }
}

/** loss = max(x, 0) − x·t + log(1 + exp(−|x|)) = −t·log σ(x) − (1 − t)·log(1 − σ(x)). loss may be x or t. */
export function sigmoidCrossEntropy(
  loss: Out,
  x: In,
  t: In,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  zip<CrossEntropy>(loss, x, t, n, unit, tid, threads);
}

/** dx = dloss·(σ(x) − t). dx may be any of the inputs. */
export function sigmoidCrossEntropyGrad(
  dx: Out,
  dloss: In,
  x: In,
  t: In,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  zip3<CrossEntropyGrad>(dx, dloss, x, t, n, unit, tid, threads);
}
