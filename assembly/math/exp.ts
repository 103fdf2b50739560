import {
  EXP,
  EXP_MAX,
  EXP_MIN,
  EXP_ROUND,
  EXPM1_MIN,
  HALF,
  Lanes,
  LN2_HIGH,
  LN2_LOW,
  LOG2E,
  MINUS_ONE,
  MINUS_TWO,
  ONE,
  SIGN,
  Table,
  TINY,
  TWO,
} from './table';

/*
 * x = k·ln 2 + r with |r| ≤ ln 2 / 2. Adding EXP_ROUND = 1.5·2^mantissa + bias − 1 rounds to an integer and leaves
 * k − 1 as a biased exponent in the low bits; hence a scale of 2^(k−1) and twice e^r, which reaches all finite results.
 */
export class Exponential {
  @inline static exp<T>(x: v128): v128 {
    const bounded = v128.pmax<T>(v128.pmin<T>(x, Table.get<T>(EXP_MAX)), Table.get<T>(EXP_MIN));
    const t = Lanes.madd<T>(bounded, Table.get<T>(LOG2E), Table.get<T>(EXP_ROUND));
    const r = Exponential.remainder<T>(bounded, t);
    const p = Table.polynomial<T>(r, EXP, sizeof<T>() == 8 ? 9 : 4);
    const two = Table.get<T>(TWO);
    const twice = Lanes.madd<T>(Lanes.madd<T>(p, r, two), r, two);
    return v128.mul<T>(twice, Exponential.scale<T>(t));
  }

  /** e^(p + q) in f64, |q| much smaller than |p|. */
  static expSum(p: v128, q: v128): v128 {
    const t = Lanes.madd<f64>(
      v128.add<f64>(p, q),
      Table.get<f64>(LOG2E),
      Table.get<f64>(EXP_ROUND),
    );
    const k = v128.sub<f64>(t, Table.get<f64>(EXP_ROUND));
    const high = Lanes.madd<f64>(k, Table.get<f64>(LN2_HIGH), p);
    const r = v128.add<f64>(high, Lanes.madd<f64>(k, Table.get<f64>(LN2_LOW), q));
    const twice = v128.add<f64>(Exponential.twiceExpm1<f64>(r), Table.get<f64>(TWO));
    return v128.mul<f64>(twice, Exponential.scale<f64>(t));
  }

  @inline static expm1<T>(x: v128): v128 {
    const bounded = v128.pmax<T>(v128.pmin<T>(x, Table.get<T>(EXP_MAX)), Table.get<T>(EXPM1_MIN));
    const t = Lanes.madd<T>(bounded, Table.get<T>(LOG2E), Table.get<T>(EXP_ROUND));
    const half = Table.get<T>(HALF);
    const scale = Exponential.scale<T>(t);
    const twice = Exponential.twiceExpm1<T>(Exponential.remainder<T>(bounded, t));
    const y = Lanes.madd<T>(v128.mul<T>(twice, half), scale, v128.sub<T>(scale, half));
    const small = v128.lt<T>(Lanes.abs<T>(x), Table.get<T>(TINY));
    return v128.bitselect(x, v128.add<T>(y, y), small);
  }

  @inline static sigmoid<T>(x: v128): v128 {
    const one = Table.get<T>(ONE);
    return v128.div<T>(one, v128.add<T>(one, Exponential.exp<T>(v128.xor(x, Table.get<T>(SIGN)))));
  }

  /** E / (E + 2) with E = e^(−2|x|) − 1, given the sign of x. */
  @inline static tanh<T>(x: v128): v128 {
    const double = v128.mul<T>(Lanes.abs<T>(x), Table.get<T>(MINUS_TWO));
    const bounded = v128.pmax<T>(double, Table.get<T>(EXPM1_MIN));
    const t = Lanes.madd<T>(bounded, Table.get<T>(LOG2E), Table.get<T>(EXP_ROUND));
    const scale = Exponential.scale<T>(t);
    const twice = Exponential.twiceExpm1<T>(Exponential.remainder<T>(bounded, t));
    const two = Table.get<T>(TWO);
    const e = Lanes.madd<T>(twice, scale, Lanes.madd<T>(scale, two, Table.get<T>(MINUS_ONE)));
    return Lanes.copySign<T>(v128.div<T>(e, v128.add<T>(e, two)), x);
  }

  @inline static scale<T>(t: v128): v128 {
    return Lanes.shiftLeft<T>(t, sizeof<T>() == 8 ? 52 : 23);
  }

  @inline private static remainder<T>(x: v128, t: v128): v128 {
    const k = v128.sub<T>(t, Table.get<T>(EXP_ROUND));
    const high = Lanes.madd<T>(k, Table.get<T>(LN2_HIGH), x);
    return Lanes.madd<T>(k, Table.get<T>(LN2_LOW), high);
  }

  /** 2·(e^r − 1) */
  @inline private static twiceExpm1<T>(r: v128): v128 {
    const p = Table.polynomial<T>(r, EXP, sizeof<T>() == 8 ? 9 : 4);
    return v128.mul<T>(r, Lanes.madd<T>(r, p, Table.get<T>(TWO)));
  }
}
