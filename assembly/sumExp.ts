import { Fold, foldRow } from './fold';
import { Exponential } from './math';
import { Lanes, LOG2E, SCALE_ROUND, Table } from './math/table';
import { LANES, loadPart, maxLanes, splat, storeUpTo, sumLanes } from './simd';

/** The maximum without regard to NaN, which reaches the result through the sum. */
export class Largest extends Fold {
  @inline touches(): boolean {
    return false;
  }
  @inline empty(): real {
    return <real>-Infinity;
  }
  @inline neutral(_shift: real): real {
    return <real>-Infinity;
  }
  @inline step(most: v128, x: v128, _shift: v128): v128 {
    return v128.pmax<real>(most, x);
  }
  @inline join(a: v128, b: v128): v128 {
    return v128.pmax<real>(a, b);
  }
  @inline lanes(v: v128): real {
    return maxLanes(v);
  }
}

/** Vectors that are summed one after the other before they are added to the total. */
export const BLOCK: i32 = 64 * LANES;

/** Σ exp(x − shift) over n numbers. */
export function sumExp(x: usize, n: i32, shift: real): real {
  let total = splat(0);
  for (; n > 0; n -= BLOCK, x += BLOCK * sizeof<real>())
    total = v128.add<real>(total, expBlock(x, min(n, BLOCK), shift));
  return sumLanes(total);
}

/** Maxima below this have a power of two that the sum which rounds to it can hold. */
const FAR: real = 1048576;

/**
 * y = exp(x − s) and its sum over n numbers; what lies `ahead` of x enters the cache. y may be x. s is the maximum, or where
 * operations are fused the multiple of ln 2 next to it, which costs no subtraction.
 */
export function storeExp(y: usize, x: usize, n: i32, ahead: usize): real {
  const most = foldRow<Largest>(x, n, 0);
  if (!Lanes.fused<real>() || !(abs(most) < FAR))
    return storeExpRow<Shifted>(y, x, n, most, 0, ahead);
  const power = nearest<real>(most * <real>Table.first<real>(LOG2E));
  const least = (power - 127) / <real>Table.first<real>(LOG2E);
  const round = <real>Table.first<real>(SCALE_ROUND) - power;
  return storeExpRow<Scaled>(y, x, n, least, round, ahead);
}

function storeExpRow<Op extends Exp>(
  y: usize,
  x: usize,
  n: i32,
  p: real,
  q: real,
  ahead: usize,
): real {
  const bytes: usize = BLOCK * sizeof<real>();
  let total = splat(0);
  for (; n > 0; n -= BLOCK, x += bytes, y += bytes) {
    const sum = storeExpBlock<Op>(y, x, min(n, BLOCK), p, q, ahead);
    total = v128.add<real>(total, sum);
  }
  return sumLanes(total);
}

function expBlock(x: usize, n: i32, shift: real): v128 {
  const s = splat(shift);
  let even = splat(0);
  let odd = splat(0);
  for (; n >= 4 * LANES; n -= 4 * LANES, x += 64) {
    const e0 = changetype<Shifted>(0).apply(v128.load(x), s, s);
    const e1 = changetype<Shifted>(0).apply(v128.load(x, 16), s, s);
    const e2 = changetype<Shifted>(0).apply(v128.load(x, 32), s, s);
    const e3 = changetype<Shifted>(0).apply(v128.load(x, 48), s, s);
    even = v128.add<real>(even, v128.add<real>(e0, e1));
    odd = v128.add<real>(odd, v128.add<real>(e2, e3));
  }
  for (; n > 0; n -= LANES, x += 16)
    even = v128.add<real>(even, changetype<Shifted>(0).apply(take(x, n), s, s));
  return v128.add<real>(even, odd);
}

function storeExpBlock<Op extends Exp>(
  y: usize,
  x: usize,
  n: i32,
  p: real,
  q: real,
  ahead: usize,
): v128 {
  const vp = splat(p);
  const vq = splat(q);
  let even = splat(0);
  let odd = splat(0);
  for (; n >= 4 * LANES; n -= 4 * LANES, x += 64, y += 64) {
    load<u8>(x + ahead);
    const e0 = changetype<Op>(0).apply(v128.load(x), vp, vq);
    const e1 = changetype<Op>(0).apply(v128.load(x, 16), vp, vq);
    const e2 = changetype<Op>(0).apply(v128.load(x, 32), vp, vq);
    const e3 = changetype<Op>(0).apply(v128.load(x, 48), vp, vq);
    v128.store(y, e0);
    v128.store(y, e1, 16);
    v128.store(y, e2, 32);
    v128.store(y, e3, 48);
    even = v128.add<real>(even, v128.add<real>(e0, e1));
    odd = v128.add<real>(odd, v128.add<real>(e2, e3));
  }
  for (; n > 0; n -= LANES, x += 16, y += 16) {
    const e = changetype<Op>(0).apply(take(x, n), vp, vq);
    storeUpTo(y, e, n);
    even = v128.add<real>(even, e);
  }
  return v128.add<real>(even, odd);
}

/** The next vector of a row, of which unused lanes have no weight. */
function take(x: usize, n: i32): v128 {
  return n >= LANES ? v128.load(x) : loadPart(x, n, <real>-Infinity);
}

/** e^(x − s) where s and what follows from it belong to the row. */
abstract class Exp {
  abstract apply(x: v128, p: v128, q: v128): v128;
}

class Shifted extends Exp {
  @inline apply(x: v128, most: v128, _q: v128): v128 {
    return Exponential.expNegative<real>(v128.sub<real>(x, most));
  }
}

class Scaled extends Exp {
  @inline apply(x: v128, least: v128, round: v128): v128 {
    return Exponential.expScaled<real>(v128.pmax<real>(x, least), round);
  }
}
