import { Fold, foldRow } from '../fold';
import { Flag, In, InAll, Out, shareStart } from '../share';
import { sumLanes } from '../simd';
import { allowed } from '../update';

/** Σ (x − x): 0, or NaN where an x is NaN or infinite. */
class Differences extends Fold {
  @inline touches(): boolean {
    return false;
  }
  @inline empty(): real {
    return 0;
  }
  @inline neutral(_shift: real): real {
    return 0;
  }
  @inline step(sum: v128, x: v128, _shift: v128): v128 {
    return v128.add<real>(sum, v128.sub<real>(x, x));
  }
  @inline join(a: v128, b: v128): v128 {
    return v128.add<real>(a, b);
  }
  @inline lanes(v: v128): real {
    return sumLanes(v);
  }
}

/** flag ← NaN where one of the n numbers at x is NaN or infinite. */
export function checkFinite(flag: Flag, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  const first = shareStart(n, unit, tid, threads);
  const count = shareStart(n, unit, tid + 1, threads) - first;
  if (count <= 0) return;
  const sum = foldRow<Differences>(x + <usize>first * sizeof<real>(), count, 0);
  if (sum != 0) store<real>(flag, sum);
}

/** y ← x, unless the guard is NaN or infinite. */
export function copyGuarded(
  y: Out,
  x: In,
  n: i32,
  unit: i32,
  guard: InAll,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const first = <usize>shareStart(n, unit, tid, threads) * sizeof<real>();
  const last = <usize>shareStart(n, unit, tid + 1, threads) * sizeof<real>();
  memory.copy(y + first, x + first, last - first);
}
