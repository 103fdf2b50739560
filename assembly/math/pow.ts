import { Exponential } from './exp';
import { Logarithm } from './log';
import {
  EXP_MAX,
  EXP_MIN,
  HALF,
  INFINITY,
  Lanes,
  LN2_HIGH,
  LN2_LOW,
  LOG,
  ONE,
  SIGN,
  Table,
  TWO,
  UPPER_HALF,
} from './table';

/** x^y; the f32 build goes through f64. */
export function power<T>(x: v128, y: v128): v128 {
  if (sizeof<T>() == 8) return power64(x, y);
  const low = power64(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(y));
  const high = power64(upper(x), upper(y));
  const a = f32x4.demote_f64x2_zero(low);
  return v128.shuffle<i64>(a, f32x4.demote_f64x2_zero(high), 0, 2);
}

function upper(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(x, x, 1, 0));
}

function power64(x: v128, y: v128): v128 {
  const zero = v128.splat<f64>(0);
  const one = Table.get<f64>(ONE);
  const infinity = Table.get<f64>(INFINITY);
  const ax = Lanes.abs<f64>(x);
  const extremeX = v128.or(v128.eq<f64>(ax, zero), v128.eq<f64>(ax, infinity));
  const extreme = v128.or(extremeX, v128.eq<f64>(Lanes.abs<f64>(y), infinity));
  const grows = v128.xor(v128.gt<f64>(ax, one), v128.lt<f64>(y, zero));
  let z = v128.bitselect(v128.and(grows, infinity), positive(ax, y), extreme);
  z = v128.xor(z, v128.and(v128.and(x, Table.get<f64>(SIGN)), odd(y)));
  const fractional = v128.ne<f64>(v128.trunc<f64>(y), y);
  const imaginary = v128.and(v128.andnot(v128.lt<f64>(x, zero), extreme), fractional);
  const nan = v128.or(v128.ne<f64>(x, x), v128.ne<f64>(y, y));
  z = v128.or(z, v128.or(imaginary, nan));
  const base = v128.and(v128.eq<f64>(ax, one), v128.eq<f64>(Lanes.abs<f64>(y), infinity));
  const always = v128.or(v128.eq<f64>(x, one), v128.eq<f64>(y, zero));
  return v128.bitselect(one, z, v128.or(base, always));
}

/** All bits set where y is an odd integer. */
function odd(y: v128): v128 {
  const half = v128.mul<f64>(y, Table.get<f64>(HALF));
  const whole = v128.eq<f64>(v128.trunc<f64>(y), y);
  return v128.and(whole, v128.ne<f64>(v128.trunc<f64>(half), half));
}

/**
 * e^(y·log x) for positive finite x, with log x = high + low to 60 bits: the leading term 2s of 2·artanh(s) is
 * divided in two parts, and products are split after Dekker.
 */
function positive(x: v128, y: v128): v128 {
  const bits = Logarithm.bits<f64>(x);
  const k = Logarithm.exponent<f64>(x, bits);
  const f = v128.sub<f64>(Logarithm.significand<f64>(bits), Table.get<f64>(ONE));
  const d = v128.add<f64>(f, Table.get<f64>(TWO));
  const s = v128.div<f64>(f, d);
  const sh = front(s);
  const dh = front(d);
  const dl = v128.sub<f64>(f, v128.sub<f64>(dh, Table.get<f64>(TWO)));
  const rest = v128.sub<f64>(v128.sub<f64>(f, v128.mul<f64>(sh, dh)), v128.mul<f64>(sh, dl));
  const sl = v128.div<f64>(rest, d);
  const z = v128.mul<f64>(s, s);
  const series = v128.mul<f64>(v128.mul<f64>(s, z), Table.polynomial<f64>(z, LOG, 7));
  const lead = v128.add<f64>(sh, sh);
  const kh = v128.mul<f64>(k, v128.neg<f64>(Table.get<f64>(LN2_HIGH)));
  const high = v128.add<f64>(kh, lead);
  const lost = v128.add<f64>(v128.sub<f64>(kh, high), lead);
  const kl = v128.mul<f64>(k, Table.get<f64>(LN2_LOW));
  const low = v128.add<f64>(lost, v128.sub<f64>(v128.add<f64>(v128.add<f64>(sl, sl), series), kl));
  return expProduct(y, high, low);
}

/** e^(y·(high + low)) */
function expProduct(y: v128, high: v128, low: v128): v128 {
  const yh = front(y);
  const hh = front(high);
  const rest = v128.add<f64>(v128.sub<f64>(high, hh), low);
  const q = v128.add<f64>(v128.mul<f64>(y, rest), v128.mul<f64>(v128.sub<f64>(y, yh), hh));
  const v = v128.mul<f64>(y, high);
  const bounded = v128.pmax<f64>(
    v128.pmin<f64>(v, Table.get<f64>(EXP_MAX)),
    Table.get<f64>(EXP_MIN),
  );
  const inside = v128.eq<f64>(bounded, v);
  const p = v128.bitselect(v128.mul<f64>(yh, hh), bounded, inside);
  return Exponential.expSum(p, v128.and(q, inside));
}

/** The upper 26 bits of the significand. */
function front(x: v128): v128 {
  return v128.and(x, Table.get<f64>(UPPER_HALF));
}
