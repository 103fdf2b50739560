import {
  COS,
  HALF,
  HALF_PI,
  Lanes,
  ONE,
  ROUND,
  SIGN,
  SIN,
  Table,
  TRIG_MAX,
  TWO_OVER_PI,
  TWO_OVER_PI_BITS,
} from './table';

/** sin(x + quarter·π/2): x = k·π/2 + r, with r found in f64 in both builds. `quarter`: 0 sine, 1 cosine. */
export function sine<T>(x: v128, quarter: i32): v128 {
  const y = sizeof<T>() == 8 ? sine64(x, quarter) : sine32(x, quarter);
  const large = v128.gt<T>(Lanes.abs<T>(x), Table.get<T>(TRIG_MAX));
  return v128.any_true(large) ? sineLanes<T>(x, y, quarter) : y;
}

function sine32(x: v128, quarter: i32): v128 {
  const low = f64x2.promote_low_f32x4(x);
  const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 0));
  const t0 = turns(low);
  const t1 = turns(high);
  const r0 = f32x4.demote_f64x2_zero(remainder(low, t0));
  const r1 = f32x4.demote_f64x2_zero(remainder(high, t1));
  const k = v128.shuffle<i32>(t0, t1, 0, 2, 4, 6);
  const r = v128.shuffle<i32>(r0, r1, 0, 1, 4, 5);
  return quadrant<f32>(r, v128.add<i32>(k, v128.splat<i32>(quarter)));
}

function sine64(x: v128, quarter: i32): v128 {
  const t = turns(x);
  return quadrant<f64>(remainder(x, t), v128.add<i64>(t, v128.splat<i64>(quarter)));
}

/** x·2/π rounded to an integer, which stands in the low bits. */
function turns(x: v128): v128 {
  return Lanes.madd<f64>(x, Table.get<f64>(TWO_OVER_PI), Table.get<f64>(ROUND));
}

/** x − k·π/2 after Cody and Waite: the first three parts of π/2 have 33 bits, so that k·part is exact for |k| < 2^20. */
function remainder(x: v128, t: v128): v128 {
  const k = v128.sub<f64>(t, Table.get<f64>(ROUND));
  let r = v128.sub<f64>(x, v128.mul<f64>(k, Table.get<f64>(HALF_PI)));
  r = v128.sub<f64>(r, v128.mul<f64>(k, Table.get<f64>(HALF_PI + 1)));
  r = v128.sub<f64>(r, v128.mul<f64>(k, Table.get<f64>(HALF_PI + 2)));
  return v128.sub<f64>(r, v128.mul<f64>(k, Table.get<f64>(HALF_PI + 3)));
}

/** sin(r + k·π/2) for |r| ≤ π/4; only the two low bits of the integers k count. */
function quadrant<T>(r: v128, k: v128): v128 {
  const bits = sizeof<T>() == 8 ? 62 : 30;
  const one = sizeof<T>() == 8 ? v128.splat<i64>(1) : v128.splat<i32>(1);
  const odd = Lanes.subBits<T>(v128.splat<i32>(0), v128.and(k, one));
  const sign = v128.and(Lanes.shiftLeft<T>(k, bits), Table.get<T>(SIGN));
  const z = v128.mul<T>(r, r);
  const degree = sizeof<T>() == 8 ? 5 : 2;
  const s = Lanes.madd<T>(v128.mul<T>(r, z), Table.polynomial<T>(z, SIN, degree), r);
  const head = v128.sub<T>(Table.get<T>(ONE), v128.mul<T>(z, Table.get<T>(HALF)));
  const c = Lanes.madd<T>(v128.mul<T>(z, z), Table.polynomial<T>(z, COS, degree), head);
  const tiny = v128.eq<T>(r, v128.splat<T>(0));
  return v128.xor(v128.bitselect(c, v128.bitselect(r, s, tiny), odd), sign);
}

/** y with the lanes replaced whose argument is too large for Cody and Waite's reduction. */
function sineLanes<T>(x: v128, y: v128, quarter: i32): v128 {
  y = v128.replace_lane<T>(
    y,
    0,
    sineLane<T>(v128.extract_lane<T>(x, 0), v128.extract_lane<T>(y, 0), quarter),
  );
  y = v128.replace_lane<T>(
    y,
    1,
    sineLane<T>(v128.extract_lane<T>(x, 1), v128.extract_lane<T>(y, 1), quarter),
  );
  if (sizeof<T>() == 8) return y;
  const z = v128.shuffle<i64>(x, x, 1, 0);
  const w = v128.shuffle<i64>(y, y, 1, 0);
  y = v128.replace_lane<f32>(
    y,
    2,
    sineLane<f32>(v128.extract_lane<f32>(z, 0), v128.extract_lane<f32>(w, 0), quarter),
  );
  return v128.replace_lane<f32>(
    y,
    3,
    sineLane<f32>(v128.extract_lane<f32>(z, 1), v128.extract_lane<f32>(w, 1), quarter),
  );
}

function sineLane<T>(x: T, y: T, quarter: i32): T {
  const magnitude = Math.abs(<f64>x);
  if (!(magnitude > 1e6)) return y;
  if (magnitude == Infinity) return <T>NaN;
  return <T>sineLarge(<f64>x, quarter);
}

/**
 * Payne and Hanek: x = m·2^e with an integer m; bits of 2/π whose product with x is a multiple of 4 are left out,
 * of the others 192 are enough for 53 good bits of the remainder.
 */
function sineLarge(x: f64, quarter: i32): f64 {
  const bits = reinterpret<u64>(x);
  const m = (bits & 0x000fffffffffffff) | 0x0010000000000000;
  const at = <i32>((bits >> 52) & 0x7ff) - 1075 + 62;
  const middle = bitsAt(at + 64);
  const low = m * middle + highProduct(m, bitsAt(at + 128));
  const turn = m * bitsAt(at) + highProduct(m, middle) + <u64>(low < m * middle);
  const k = <i64>(((turn >> 61) + 1) >> 1);
  const r = halfPiTimes((turn << 2) | (low >> 62), low << 2);
  const negative = x < 0;
  const index = v128.splat<i64>((negative ? -k : k) + quarter);
  return v128.extract_lane<f64>(quadrant<f64>(v128.splat<f64>(negative ? -r : r), index), 0);
}

/** 64 bits of 2/π from bit `at` of the table on. */
function bitsAt(at: i32): u64 {
  const word = TWO_OVER_PI_BITS + ((<usize>(at >> 6)) << 3);
  const shift = <u64>(at & 63);
  const first = load<u64>(word);
  return shift == 0 ? first : (first << shift) | (load<u64>(word, 8) >> (64 - shift));
}

/** The upper 64 bits of a·b. */
function highProduct(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const cross = a1 * b0 + ((a0 * b0) >> 32);
  return a1 * b1 + (cross >> 32) + ((a0 * b1 + (cross & 0xffffffff)) >> 32);
}

/** π/2 times the signed fixed-point number of 128 bits in [−½, ½). */
function halfPiTimes(high: u64, low: u64): f64 {
  const negative = <i64>high < 0;
  if (negative) {
    low = -low;
    high = ~high + <u64>(low == 0);
  }
  const zeros = clz<u64>(high);
  const top = zeros == 0 ? high : (high << zeros) | (low >> (64 - zeros));
  const r = <f64>top * reinterpret<f64>((1023 - 64 - zeros) << 52) * 1.5707963267948966;
  return negative ? -r : r;
}
