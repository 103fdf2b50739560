import { Lanes } from './math/table';
import { shareStart } from './share';
import { LANES, loadUpTo, storeUpTo } from './simd';

/*
 * Elementwise skeletons. An op is only ever a type argument: `changetype<Op>(0).apply(x)` inlines. All loads of an
 * iteration come before its stores, and the output may be the same memory as an input.
 */
export abstract class Unary {
  abstract apply(x: v128): v128;
}
/** A function that is simpler where |x| ≤ limit, with the same bits. */
export abstract class Bounded {
  /** The limit in every lane. */
  abstract limit(): v128;
  abstract within(x: v128): v128;
  abstract any(x: v128): v128;
}
export abstract class UnaryWith {
  abstract apply(x: v128, a: v128, b: v128): v128;
}
export abstract class Binary {
  abstract apply(a: v128, b: v128): v128;
}
export abstract class BinaryWith {
  abstract apply(a: v128, b: v128, p: v128, q: v128): v128;
}
export abstract class Ternary {
  abstract apply(a: v128, b: v128, c: v128): v128;
}

const REAL: usize = sizeof<real>();

/** y[i] = op(x[i]) for this thread's share. */
export function map<Op extends Unary>(
  y: usize,
  x: usize,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(n, unit, tid, threads);
  const end = shareStart(n, unit, tid + 1, threads);
  mapSpan<Op>(y + <usize>first * REAL, x + <usize>first * REAL, end - first);
}

function mapSpan<Op extends Unary>(y: usize, x: usize, count: i32): void {
  for (; count >= 2 * LANES; count -= 2 * LANES, y += 32, x += 32) {
    const y0 = changetype<Op>(0).apply(v128.load(x));
    const y1 = changetype<Op>(0).apply(v128.load(x, 16));
    v128.store(y, y0);
    v128.store(y, y1, 16);
  }
  for (; count > 0; count -= LANES, y += 16, x += 16) {
    storeUpTo(y, changetype<Op>(0).apply(loadUpTo(x, count)), count);
  }
}

/** y[i] = op(x[i]) for this thread's share. */
export function mapBounded<Op extends Bounded>(
  y: usize,
  x: usize,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(n, unit, tid, threads);
  const end = shareStart(n, unit, tid + 1, threads);
  mapBoundedSpan<Op>(y + <usize>first * REAL, x + <usize>first * REAL, end - first);
}

/** A page of memory, at whose end the processor stops reading ahead. */
const PAGE: usize = 4096;

function mapBoundedSpan<Op extends Bounded>(y: usize, x: usize, count: i32): void {
  const page = <i32>(PAGE / REAL);
  for (; count > 0; count -= page, y += PAGE, x += PAGE)
    mapBoundedPage<Op>(y, x, min(count, page), count >= 2 * page ? PAGE : 0);
}

/**
 * The loads of constants are shared by four vectors, as is the question whether one of them is beyond the limit. What lies `ahead`
 * enters the cache meanwhile.
 */
function mapBoundedPage<Op extends Bounded>(y: usize, x: usize, count: i32, ahead: usize): void {
  const op = changetype<Op>(0);
  for (; count >= 4 * LANES; count -= 4 * LANES, y += 64, x += 64) {
    load<u8>(x + ahead);
    load<u8>(y + ahead);
    const x0 = v128.load(x);
    const x1 = v128.load(x, 16);
    const x2 = v128.load(x, 32);
    const x3 = v128.load(x, 48);
    const b0 = v128.or(beyond<Op>(x0), beyond<Op>(x1));
    if (signs(v128.or(b0, v128.or(beyond<Op>(x2), beyond<Op>(x3)))) != 0) {
      mapAny<Op>(y, x, 4 * LANES);
    } else {
      const y0 = op.within(x0);
      const y1 = op.within(x1);
      const y2 = op.within(x2);
      const y3 = op.within(x3);
      v128.store(y, y0);
      v128.store(y, y1, 16);
      v128.store(y, y2, 32);
      v128.store(y, y3, 48);
    }
  }
  mapAny<Op>(y, x, count);
}

function mapAny<Op extends Bounded>(y: usize, x: usize, count: i32): void {
  for (; count > 0; count -= LANES, y += 16, x += 16) {
    storeUpTo(y, changetype<Op>(0).any(loadUpTo(x, count)), count);
  }
}

/** Negative where |x| is beyond the limit or NaN. */
function beyond<Op extends Bounded>(x: v128): v128 {
  return Lanes.subBits<real>(changetype<Op>(0).limit(), Lanes.abs<real>(x));
}

function signs(x: v128): i32 {
  return sizeof<real>() == 8 ? v128.bitmask<i64>(x) : v128.bitmask<i32>(x);
}

/** y[i] = op(x[i], a, b) for this thread's share. */
export function mapWith<Op extends UnaryWith>(
  y: usize,
  x: usize,
  n: i32,
  unit: i32,
  a: real,
  b: real,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(n, unit, tid, threads);
  let count = shareStart(n, unit, tid + 1, threads) - first;
  const av = v128.splat<real>(a);
  const bv = v128.splat<real>(b);
  y += <usize>first * REAL;
  x += <usize>first * REAL;
  for (; count >= 2 * LANES; count -= 2 * LANES, y += 32, x += 32) {
    const y0 = changetype<Op>(0).apply(v128.load(x), av, bv);
    const y1 = changetype<Op>(0).apply(v128.load(x, 16), av, bv);
    v128.store(y, y0);
    v128.store(y, y1, 16);
  }
  for (; count > 0; count -= LANES, y += 16, x += 16) {
    storeUpTo(y, changetype<Op>(0).apply(loadUpTo(x, count), av, bv), count);
  }
}

/** z[i] = op(a[i], b[i]) for this thread's share. */
export function zip<Op extends Binary>(
  z: usize,
  a: usize,
  b: usize,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(n, unit, tid, threads);
  const end = shareStart(n, unit, tid + 1, threads);
  const at = <usize>first * REAL;
  zipSpan<Op>(z + at, a + at, b + at, end - first);
}

/** The same, two lines of 64 bytes an iteration: a quarter faster in L1, a few percent in memory. For the most common operations. */
export function zipLines<Op extends Binary>(
  z: usize,
  a: usize,
  b: usize,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(n, unit, tid, threads);
  let count = shareStart(n, unit, tid + 1, threads) - first;
  z += <usize>first * REAL;
  a += <usize>first * REAL;
  b += <usize>first * REAL;
  const op = changetype<Op>(0);
  for (; count >= 8 * LANES; count -= 8 * LANES, z += 128, a += 128, b += 128) {
    const z0 = op.apply(v128.load(a), v128.load(b));
    const z1 = op.apply(v128.load(a, 16), v128.load(b, 16));
    const z2 = op.apply(v128.load(a, 32), v128.load(b, 32));
    const z3 = op.apply(v128.load(a, 48), v128.load(b, 48));
    v128.store(z, z0);
    v128.store(z, z1, 16);
    v128.store(z, z2, 32);
    v128.store(z, z3, 48);
    const z4 = op.apply(v128.load(a, 64), v128.load(b, 64));
    const z5 = op.apply(v128.load(a, 80), v128.load(b, 80));
    const z6 = op.apply(v128.load(a, 96), v128.load(b, 96));
    const z7 = op.apply(v128.load(a, 112), v128.load(b, 112));
    v128.store(z, z4, 64);
    v128.store(z, z5, 80);
    v128.store(z, z6, 96);
    v128.store(z, z7, 112);
  }
  zipSpan<Op>(z, a, b, count);
}

/** z[r, c] = op(a[r, c], b[r·bRow + c·bCol]) for this thread's share of the rows; bCol is 0 or 1. */
export function zipBroadcast<Op extends Binary>(
  z: usize,
  a: usize,
  b: usize,
  rows: i32,
  unit: i32,
  cols: i32,
  bRow: i32,
  bCol: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(rows, unit, tid, threads);
  const end = shareStart(rows, unit, tid + 1, threads);
  const rowBytes = <usize>cols * REAL;
  z += <usize>first * rowBytes;
  a += <usize>first * rowBytes;
  b += <usize>(first * bRow) * REAL;
  const whole = bRow == 0 && bCol == 0;
  const span = whole ? (end - first) * cols : cols;
  if (span <= 0) return;
  for (let r = whole ? end - 1 : first; r < end; r++) {
    if (bCol != 0) zipSpan<Op>(z, a, b, span);
    else zipScalar<Op>(z, a, v128.load_splat<real>(b), span);
    z += rowBytes;
    a += rowBytes;
    b += <usize>bRow * REAL;
  }
}

function zipSpan<Op extends Binary>(z: usize, a: usize, b: usize, count: i32): void {
  for (; count >= 2 * LANES; count -= 2 * LANES, z += 32, a += 32, b += 32) {
    const z0 = changetype<Op>(0).apply(v128.load(a), v128.load(b));
    const z1 = changetype<Op>(0).apply(v128.load(a, 16), v128.load(b, 16));
    v128.store(z, z0);
    v128.store(z, z1, 16);
  }
  for (; count > 0; count -= LANES, z += 16, a += 16, b += 16) {
    storeUpTo(z, changetype<Op>(0).apply(loadUpTo(a, count), loadUpTo(b, count)), count);
  }
}

function zipScalar<Op extends Binary>(z: usize, a: usize, b: v128, count: i32): void {
  for (; count >= 2 * LANES; count -= 2 * LANES, z += 32, a += 32) {
    const z0 = changetype<Op>(0).apply(v128.load(a), b);
    const z1 = changetype<Op>(0).apply(v128.load(a, 16), b);
    v128.store(z, z0);
    v128.store(z, z1, 16);
  }
  for (; count > 0; count -= LANES, z += 16, a += 16) {
    storeUpTo(z, changetype<Op>(0).apply(loadUpTo(a, count), b), count);
  }
}

/** z[i] = op(a[i], b[i], p, q) for this thread's share. */
export function zipWith<Op extends BinaryWith>(
  z: usize,
  a: usize,
  b: usize,
  n: i32,
  unit: i32,
  p: real,
  q: real,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(n, unit, tid, threads);
  let count = shareStart(n, unit, tid + 1, threads) - first;
  const pv = v128.splat<real>(p);
  const qv = v128.splat<real>(q);
  z += <usize>first * REAL;
  a += <usize>first * REAL;
  b += <usize>first * REAL;
  for (; count >= 2 * LANES; count -= 2 * LANES, z += 32, a += 32, b += 32) {
    const z0 = changetype<Op>(0).apply(v128.load(a), v128.load(b), pv, qv);
    const z1 = changetype<Op>(0).apply(v128.load(a, 16), v128.load(b, 16), pv, qv);
    v128.store(z, z0);
    v128.store(z, z1, 16);
  }
  for (; count > 0; count -= LANES, z += 16, a += 16, b += 16) {
    storeUpTo(z, changetype<Op>(0).apply(loadUpTo(a, count), loadUpTo(b, count), pv, qv), count);
  }
}

/** z[i] = op(a[i], b[i], c[i]) for this thread's share. */
export function zip3<Op extends Ternary>(
  z: usize,
  a: usize,
  b: usize,
  c: usize,
  n: i32,
  unit: i32,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(n, unit, tid, threads);
  let count = shareStart(n, unit, tid + 1, threads) - first;
  z += <usize>first * REAL;
  a += <usize>first * REAL;
  b += <usize>first * REAL;
  c += <usize>first * REAL;
  for (; count >= 2 * LANES; count -= 2 * LANES, z += 32, a += 32, b += 32, c += 32) {
    const z0 = changetype<Op>(0).apply(v128.load(a), v128.load(b), v128.load(c));
    const z1 = changetype<Op>(0).apply(v128.load(a, 16), v128.load(b, 16), v128.load(c, 16));
    v128.store(z, z0);
    v128.store(z, z1, 16);
  }
  for (; count > 0; count -= LANES, z += 16, a += 16, b += 16, c += 16) {
    storeUpTo(
      z,
      changetype<Op>(0).apply(loadUpTo(a, count), loadUpTo(b, count), loadUpTo(c, count)),
      count,
    );
  }
}
