import { LANES, loadPart, loadUpTo, splat, storePart, storeUpTo } from './simd';

/** From here on `memory.copy` is faster than a loop. */
const LONG: usize = 2048;

/** Copies `bytes` bytes, a multiple of 4, between places that do not overlap. */
export function copyBytes(y: usize, x: usize, bytes: usize): void {
  if (bytes >= LONG) {
    memory.copy(y, x, bytes);
    return;
  }
  const end = y + (bytes & ~15);
  for (; y < end; y += 16, x += 16) v128.store(y, v128.load(x));
  if (bytes & 8) {
    store<u64>(y, load<u64>(x));
    y += 8;
    x += 8;
  }
  if (bytes & 4) store<u32>(y, load<u32>(x));
}

/** y = value for n numbers. */
export function fillSpan(y: usize, n: i32, value: real): void {
  const v = splat(value);
  const end = y + <usize>(n & -LANES) * sizeof<real>();
  for (; y < end; y += 16) v128.store(y, v);
  storePart(y, v, n & (LANES - 1));
}

/** y += x for n numbers. */
export function addSpan(y: usize, x: usize, n: i32): void {
  const end = y + <usize>(n & -LANES) * sizeof<real>();
  for (; y < end; y += 16, x += 16) v128.store(y, v128.add<real>(v128.load(y), v128.load(x)));
  const rest = n & (LANES - 1);
  if (rest > 0) storePart(y, v128.add<real>(loadPart(y, rest, 0), loadPart(x, rest, 0)), rest);
}

/** y[i] /= divisor for i = first … last − 1. */
export function divideSpan(y: usize, first: i32, last: i32, divisor: real): void {
  const d = splat(divisor);
  let at = y + <usize>first * sizeof<real>();
  for (let n = last - first; n > 0; n -= LANES, at += 16)
    storeUpTo(at, v128.div<real>(loadUpTo(at, n), d), n);
}
