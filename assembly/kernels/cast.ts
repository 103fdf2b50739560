import { In, Out, shareStart } from '../share';
import { LANES, madd, splat, storePart } from '../simd';

/** y = x, from i32 to real */
export function i32ToReal(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  const end = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < end; i++) {
    store<real>(y + <usize>i * sizeof<real>(), <real>load<i32>(x + ((<usize>i) << 2)));
  }
}

/** y = x without its fraction, from real to i32: the nearest i32 where it is out of range, 0 for NaN */
export function realToI32(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  const end = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < end; i++) {
    const value = v128.load_splat<real>(x + <usize>i * sizeof<real>());
    store<i32>(y + ((<usize>i) << 2), v128.extract_lane<i32>(truncated(value), 0));
  }
}

function truncated(x: v128): v128 {
  return sizeof<real>() == 8 ? i32x4.trunc_sat_f64x2_s_zero(x) : i32x4.trunc_sat_f32x4_s(x);
}

/** y = x·scale + offset, from u8 to real */
export function u8ToReal(
  y: Out,
  x: In,
  n: i32,
  unit: i32,
  scale: real,
  offset: real,
  tid: i32,
  threads: i32,
): void {
  const first = shareStart(n, unit, tid, threads);
  let count = shareStart(n, unit, tid + 1, threads) - first;
  const a = splat(scale);
  const b = splat(offset);
  x += <usize>first;
  y += <usize>first * sizeof<real>();
  for (; count >= LANES; count -= LANES, x += LANES, y += 16) {
    const bytes = LANES == 4 ? load<u32>(x) : <u32>load<u16>(x);
    v128.store(y, madd(widened(bytes), a, b));
  }
  if (count <= 0) return;
  let rest = <u32>load<u8>(x);
  if (count > 1) rest |= (<u32>load<u8>(x, 1)) << 8;
  if (count > 2) rest |= (<u32>load<u8>(x, 2)) << 16;
  storePart(y, madd(widened(rest), a, b), count);
}

/** The lowest LANES bytes as reals. */
function widened(bytes: u32): v128 {
  const words = i16x8.extend_low_i8x16_u(v128.splat<u32>(bytes));
  const integers = i32x4.extend_low_i16x8_u(words);
  return LANES == 4 ? f32x4.convert_i32x4_s(integers) : f64x2.convert_low_i32x4_s(integers);
}
