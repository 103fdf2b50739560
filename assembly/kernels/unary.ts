import { map, Unary } from '../map';
import type { In, Out } from '../share';

class Relu extends Unary {
  @inline apply(x: v128): v128 {
    return v128.max<real>(x, v128.splat<real>(0));
  }
}

/** y = max(x, 0) */
export function relu(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Relu>(y, x, n, unit, tid, threads);
}
