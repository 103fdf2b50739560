import { Fold, foldRow } from '../fold';
import { InAll, Out, shareStart } from '../share';
import { madd, maxLanes, sumLanes } from '../simd';

/** The largest |x|; NaN if there is one, see `Max`. */
class Largest extends Fold {
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
    return v128.or(v128.pmax<real>(sum, v128.abs<real>(x)), v128.ne<real>(x, x));
  }
  @inline join(a: v128, b: v128): v128 {
    return v128.or(v128.pmax<real>(a, b), v128.ne<real>(b, b));
  }
  @inline lanes(v: v128): real {
    return maxLanes(v);
  }
}

/** Σ (x·shift)² */
class ScaledSquares extends Fold {
  @inline touches(): boolean {
    return false;
  }
  @inline empty(): real {
    return 0;
  }
  @inline neutral(_shift: real): real {
    return 0;
  }
  @inline step(sum: v128, x: v128, shift: v128): v128 {
    const d = v128.mul<real>(x, shift);
    return madd(d, d, sum);
  }
  @inline join(a: v128, b: v128): v128 {
    return v128.add<real>(a, b);
  }
  @inline lanes(v: v128): real {
    return sumLanes(v);
  }
}

/** 1/x for x above the numbers whose inverse overflows, of which it is the bound. */
function inverse(x: real): real {
  return <real>1 / max<real>(x, sizeof<real>() == 8 ? <real>2.3e-308 : <real>1.2e-38);
}

function isFiniteReal(x: real): bool {
  return x - x == 0;
}

/**
 * Root of the mean square and largest |x| of each chunk of `chunk` of the n numbers at x. Squares are of numbers that are
 * divided by the largest, so that none of them overflows or vanishes.
 */
export function magnitudeChunks(
  partial: Out,
  x: InAll,
  chunks: i32,
  unit: i32,
  chunk: i32,
  n: i32,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(chunks, unit, tid + 1, threads);
  for (let c = shareStart(chunks, unit, tid, threads); c < last; c++) {
    const first = c * chunk;
    const count = min(n - first, chunk);
    const at = x + <usize>first * sizeof<real>();
    const largest = foldRow<Largest>(at, count, 0);
    const to = partial + <usize>c * 2 * sizeof<real>();
    let rms = largest;
    if (isFiniteReal(largest)) {
      const scale = inverse(largest);
      const squares = foldRow<ScaledSquares>(at, count, scale);
      rms = sqrt<real>(squares / <real>max(count, 1)) / scale;
    }
    store<real>(to, rms);
    store<real>(to, largest, sizeof<real>());
  }
}

/** y = [root of the mean square, largest |x|] of n numbers from those of their chunks. */
export function combineMagnitudes(
  y: Out,
  partial: InAll,
  chunks: i32,
  chunk: i32,
  n: i32,
  tid: i32,
  threads: i32,
): void {
  if (tid > 0) return;
  let largest: real = 0;
  for (let c: usize = 0; c < <usize>chunks; c++) {
    const next = load<real>(partial + (2 * c + 1) * sizeof<real>());
    if (!(next <= largest)) largest = next;
    if (next != next) break;
  }
  let rms = largest;
  if (isFiniteReal(largest)) {
    const scale = inverse(largest);
    let sum: f64 = 0;
    for (let c: i32 = 0; c < chunks; c++) {
      const part = <f64>(load<real>(partial + <usize>(2 * c) * sizeof<real>()) * scale);
      sum += part * part * <f64>min(n - c * chunk, chunk);
    }
    rms = <real>sqrt<f64>(sum / <f64>max(n, 1)) / scale;
  }
  store<real>(y, rms);
  store<real>(y, largest, sizeof<real>());
}
