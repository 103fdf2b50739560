/*
 * Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 2011), four counters at
 * a time. Counter = (block, stream, draw, 0), key = (seed, step key). Element 16·g + 4·w + k of a tensor gets word w
 * of block 4·g + k in draw 0, so that a vector is the same word of four counters; further draws are for retries.
 */
import { PHILOX, Table } from './math/table';
import { shareStart } from './share';
import { stepKey, stepSeed } from './step';

const M0: u32 = 0xd2511f53;
const M1: u32 = 0xcd9e8d57;
const W0: u32 = 0x9e3779b9;
const W1: u32 = 0xbb67ae85;

const GROUP: i32 = 16;

/** What is made of the random words of four neighbouring elements; only ever a type argument. */
export abstract class Draw {
  /** Bytes of an element. */
  abstract size(): usize;
  /** Writes the four elements at y, from those at x. */
  abstract four(y: usize, x: usize, bits: v128, p: v128, q: v128): void;
  /** Writes the element at y, from that at x and the lowest word. */
  abstract one(y: usize, x: usize, bits: v128, p: v128, q: v128): void;
}

/** y[i] = op(x[i], random word i) for this thread's share. x may be y. */
export function generate<Op extends Draw>(
  y: usize,
  x: usize,
  n: i32,
  unit: i32,
  p: v128,
  q: v128,
  stream: u32,
  step: usize,
  tid: i32,
  threads: i32,
): i32 {
  const size = changetype<Op>(0).size();
  const first = shareStart(n, unit, tid, threads);
  const last = shareStart(n, unit, tid + 1, threads);
  const seed = stepSeed(step);
  const key = stepKey(step);
  for (let i = first & -GROUP; i < last; i += GROUP) {
    const at = <usize>i * size;
    group<Op>(y + at, x + at, i, first, last, p, q, stream, seed, key);
  }
  return last;
}

/** The sixteen elements from i, or those of them in [first, last). */
function group<Op extends Draw>(
  y: usize,
  x: usize,
  i: i32,
  first: i32,
  last: i32,
  p: v128,
  q: v128,
  stream: u32,
  k0: u32,
  k1: u32,
): void {
  const m0 = Table.get<f32>(PHILOX);
  const m1 = Table.get<f32>(PHILOX + 1);
  const w0 = Table.get<f32>(PHILOX + 2);
  const w1 = Table.get<f32>(PHILOX + 3);
  let key0 = v128.splat<u32>(k0);
  let key1 = v128.splat<u32>(k1);
  let c0 = v128.add<i32>(v128.splat<i32>(i >> 2), i32x4(0, 1, 2, 3));
  let c1 = v128.splat<u32>(stream);
  let c2 = v128.splat<u32>(0);
  let c3 = c2;
  for (let round = 0; round < 10; round++) {
    const x1 = v128.xor(c1, key0);
    const x3 = v128.xor(c3, key1);
    key0 = v128.add<i32>(key0, w0);
    key1 = v128.add<i32>(key1, w1);
    const a = v128.extmul_low<u32>(c0, m0);
    const b = v128.extmul_high<u32>(c0, m0);
    const c = v128.extmul_low<u32>(c2, m1);
    const d = v128.extmul_high<u32>(c2, m1);
    c0 = v128.xor(v128.shuffle<u32>(c, d, 1, 3, 5, 7), x1);
    c1 = v128.shuffle<u32>(c, d, 0, 2, 4, 6);
    c2 = v128.xor(v128.shuffle<u32>(a, b, 1, 3, 5, 7), x3);
    c3 = v128.shuffle<u32>(a, b, 0, 2, 4, 6);
  }
  const quad: usize = <usize>4 * changetype<Op>(0).size();
  four<Op>(y, x, c0, i, first, last, p, q);
  four<Op>(y + quad, x + quad, c1, i + 4, first, last, p, q);
  four<Op>(y + <usize>2 * quad, x + <usize>2 * quad, c2, i + 8, first, last, p, q);
  four<Op>(y + <usize>3 * quad, x + <usize>3 * quad, c3, i + 12, first, last, p, q);
}

/** The four elements from i, or those of them in [first, last). */
function four<Op extends Draw>(
  y: usize,
  x: usize,
  bits: v128,
  i: i32,
  first: i32,
  last: i32,
  p: v128,
  q: v128,
): void {
  const op = changetype<Op>(0);
  if (i >= first && i + 4 <= last) {
    op.four(y, x, bits, p, q);
    return;
  }
  for (let end = i + 4; i < end; i++, y += op.size(), x += op.size()) {
    if (i >= first && i < last) op.one(y, x, bits, p, q);
    bits = v128.shuffle<i32>(bits, bits, 1, 2, 3, 0);
  }
}

/** The four words of one counter. */
export function philox(block: u32, stream: u32, draw: u32, last: u32, k0: u32, k1: u32): v128 {
  let c0 = block;
  let c1 = stream;
  let c2 = draw;
  let c3 = last;
  for (let round = 0; round < 10; round++, k0 += W0, k1 += W1) {
    const a = <u64>c0 * <u64>M0;
    const b = <u64>c2 * <u64>M1;
    c0 = <u32>(b >> 32) ^ c1 ^ k0;
    c2 = <u32>(a >> 32) ^ c3 ^ k1;
    c1 = <u32>b;
    c3 = <u32>a;
  }
  const v = v128.replace_lane<u32>(v128.splat<u32>(c0), 1, c1);
  return v128.replace_lane<u32>(v128.replace_lane<u32>(v, 2, c2), 3, c3);
}
