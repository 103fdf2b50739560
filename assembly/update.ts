import { LANES, Lanes } from './simd';
import { stepRate } from './step';

/** False when the number that guards an update (the loss) is NaN or infinite. */
export function allowed(guard: usize): bool {
  if (guard == 0) return true;
  const x = load<real>(guard);
  return x - x == 0;
}

/** Loads and stores of `count` ≤ LANES numbers; inlined, so that nothing is asked where the count is known. */
export class Part {
  @inline static get(p: usize, count: i32): v128 {
    return count == LANES ? v128.load(p) : Lanes.load(p, count, 0);
  }

  @inline static put(p: usize, x: v128, count: i32): void {
    if (count == LANES) v128.store(p, x);
    else Lanes.store(p, x, count);
  }

  /** Stores a moment and returns it; below `least` it becomes 0: arithmetic on denormal numbers is slow. */
  @inline static putMoment(p: usize, x: v128, least: v128, count: i32): v128 {
    const kept = v128.andnot(x, v128.lt<real>(v128.abs<real>(x), least));
    Part.put(p, kept, count);
    return kept;
  }

  /** The same for a mean of squares, which is not negative. */
  @inline static putSquare(p: usize, x: v128, least: v128, count: i32): v128 {
    const kept = v128.andnot(x, v128.lt<real>(x, least));
    Part.put(p, kept, count);
    return kept;
  }
}

export function power(base: f64, exponent: i32): f64 {
  let result: f64 = 1;
  for (; exponent > 0; exponent >>= 1, base *= base) if (exponent & 1) result *= base;
  return result;
}

/** −rate·λ of decoupled weight decay in each lane: p + decay·p is the decayed parameter. */
export function decayOf(rate: f64, weightDecay: f64): v128 {
  return v128.splat<real>(<real>(-rate * weightDecay));
}

/** The step's learning rate times the factor of the parameter's group. */
export function rateOf(step: usize, factor: f64): f64 {
  return factor * stepRate(step);
}
