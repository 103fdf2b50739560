import {
  EXP,
  EXP_MAX,
  EXP_MIN,
  EXP_NEGATIVE,
  EXP_ROUND,
  EXPM1,
  EXPM1_MIN,
  HALF,
  HALF_LN2,
  Lanes,
  LN2_HIGH,
  LN2_LOW,
  LOG2E,
  MINUS_LOG2E,
  ONE,
  SIGMOID_MAX,
  SIGMOID_MIN,
  SIGN,
  TANH,
  TANH_MAX,
  TANH_MIN,
  TANH_ROUND,
  Table,
  TINY,
  TWO,
  TWO_LOG2E,
} from './table';

/*
 * x = k·ln 2 + r with |r| ≤ ln 2 / 2. Adding EXP_ROUND = 1.5·2^mantissa + bias − 1 rounds to an integer and leaves
 * k − 1 as a biased exponent in the low bits; hence a scale of 2^(k−1) and twice e^r, which reaches all finite results.
 */
export class Exponential {
  @inline static exp<T>(x: v128): v128 {
    return Exponential.expWithin<T>(Exponential.expBound<T>(x));
  }

  @inline static expBound<T>(x: v128): v128 {
    return v128.pmax<T>(v128.pmin<T>(x, Table.get<T>(EXP_MAX)), Table.get<T>(EXP_MIN));
  }

  /** e^x for x ≤ 0 or NaN. */
  @inline static expNegative<T>(x: v128): v128 {
    return Exponential.expWithin<T>(v128.pmax<T>(x, Table.get<T>(EXP_MIN)));
  }

  @inline static expWithin<T>(x: v128): v128 {
    const t = Lanes.madd<T>(x, Table.get<T>(LOG2E), Table.get<T>(EXP_ROUND));
    const r = Exponential.remainder<T>(x, v128.sub<T>(t, Table.get<T>(EXP_ROUND)));
    const twice = Table.polynomial<T>(r, EXP, sizeof<T>() == 8 ? 11 : 5);
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
    const k = v128.sub<T>(t, Table.get<T>(EXP_ROUND));
    const twice = Exponential.twiceExpm1<T>(Exponential.remainder<T>(bounded, k));
    const y = Lanes.madd<T>(v128.mul<T>(twice, half), scale, v128.sub<T>(scale, half));
    const small = v128.lt<T>(Lanes.abs<T>(x), Table.get<T>(TINY));
    return v128.bitselect(x, v128.add<T>(y, y), small);
  }

  @inline static sigmoid<T>(x: v128): v128 {
    return Exponential.sigmoidWithin<T>(Exponential.sigmoidBound<T>(x));
  }

  @inline static sigmoidBound<T>(x: v128): v128 {
    const above = v128.pmax<T>(x, Table.get<T>(SIGMOID_MIN));
    return v128.pmin<T>(above, Table.get<T>(SIGMOID_MAX));
  }

  /** 1 / (1 + e^−x), with e^−r by its own polynomial in r = x + k·ln 2. */
  @inline static sigmoidWithin<T>(x: v128): v128 {
    const one = Table.get<T>(ONE);
    const t = Lanes.madd<T>(x, Table.get<T>(MINUS_LOG2E), Table.get<T>(EXP_ROUND));
    const r = Exponential.remainder<T>(x, v128.sub<T>(Table.get<T>(EXP_ROUND), t));
    const twice = Table.polynomial<T>(r, EXP_NEGATIVE, sizeof<T>() == 8 ? 11 : 5);
    return v128.div<T>(one, Lanes.madd<T>(twice, Exponential.scale<T>(t), one));
  }

  @inline static tanh<T>(x: v128): v128 {
    return Exponential.tanhWithin<T>(Exponential.tanhBound<T>(x));
  }

  @inline static tanhBound<T>(x: v128): v128 {
    return v128.pmin<T>(v128.pmax<T>(x, Table.get<T>(TANH_MIN)), Table.get<T>(TANH_MAX));
  }

  /**
   * E / (E + 2) with E = e^(2x) − 1 = r·q(r)·2^k + (2^k − 1), r = x − k·½·ln 2. What rounding does to r weighs no
   * more than the same relative error of x. The sign of zero is put back.
   */
  @inline static tanhWithin<T>(x: v128): v128 {
    const one = Table.get<T>(ONE);
    const t = Lanes.madd<T>(x, Table.get<T>(TWO_LOG2E), Table.get<T>(TANH_ROUND));
    const k = v128.sub<T>(t, Table.get<T>(TANH_ROUND));
    const r = Lanes.madd<T>(k, Table.get<T>(HALF_LN2), x);
    const scale = Exponential.scale<T>(t);
    const q = Table.polynomial<T>(r, TANH, sizeof<T>() == 8 ? 10 : 5);
    const e = Lanes.madd<T>(v128.mul<T>(r, scale), q, v128.sub<T>(scale, one));
    const y = v128.div<T>(e, v128.add<T>(e, Table.get<T>(TWO)));
    return v128.or(y, v128.and(x, Table.get<T>(SIGN)));
  }

  @inline static scale<T>(t: v128): v128 {
    return Lanes.shiftLeft<T>(t, sizeof<T>() == 8 ? 52 : 23);
  }

  @inline private static remainder<T>(x: v128, k: v128): v128 {
    const high = Lanes.madd<T>(k, Table.get<T>(LN2_HIGH), x);
    return Lanes.madd<T>(k, Table.get<T>(LN2_LOW), high);
  }

  /** 2·(e^r − 1) */
  @inline private static twiceExpm1<T>(r: v128): v128 {
    const p = Table.polynomial<T>(r, EXPM1, sizeof<T>() == 8 ? 9 : 4);
    return v128.mul<T>(r, Lanes.madd<T>(r, p, Table.get<T>(TWO)));
  }
}
