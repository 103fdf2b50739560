import {
  COTH,
  EXP,
  EXP_MAX,
  EXP_MIN,
  EXP_ROUND,
  EXP2,
  EXPM1,
  EXPM1_MIN,
  HALF,
  HALF_LN2,
  Lanes,
  LN2_HIGH,
  LN2_LOW,
  LOG2E,
  MINUS_LOG2E,
  NEGATIVE_MIN,
  ONE,
  RATIO,
  ROUND,
  SCALE_ROUND,
  SIGMOID_MAX,
  SIGMOID_MIN,
  TANH_MAX,
  TANH_MIN,
  Table,
  TINY,
  TWO,
  TWO_LOG2E,
} from './table';

/*
 * x = k·ln 2 + r with |r| ≤ ln 2 / 2. Adding ROUND = 1.5·2^mantissa rounds to an integer and leaves k in the low bits, which may be
 * added to an exponent. With the bias added as well they are the exponent of a scale: of 2^(k−1) for twice e^r, which reaches
 * all finite results, or of 2^k.
 */
export class Exponential {
  @inline static exp<T>(x: v128): v128 {
    const bounded = v128.pmax<T>(v128.pmin<T>(x, Table.get<T>(EXP_MAX)), Table.get<T>(EXP_MIN));
    const round = Table.get<T>(EXP_ROUND);
    const t = Lanes.madd<T>(bounded, Table.get<T>(LOG2E), round);
    const p = Exponential.expOf<T>(Exponential.remainder<T>(bounded, v128.sub<T>(t, round)));
    return v128.mul<T>(v128.add<T>(p, p), Exponential.scale<T>(t));
  }

  /** e^x for x ≤ 0 or NaN. */
  @inline static expNegative<T>(x: v128): v128 {
    const bounded = v128.pmax<T>(x, Table.get<T>(NEGATIVE_MIN));
    const round = Table.get<T>(SCALE_ROUND);
    const t = Lanes.madd<T>(bounded, Table.get<T>(LOG2E), round);
    const p = Exponential.expOf<T>(Exponential.remainder<T>(bounded, v128.sub<T>(t, round)));
    return v128.mul<T>(p, Exponential.scale<T>(t));
  }

  /**
   * e^x / 2^n for x ≥ (n − 127)·ln 2, where `round` is SCALE_ROUND − n, |n| < 2^21. One fused operation takes k from x·log2 e
   * without rounding: what log2 e lacks weighs 1.4e-8·x, the same for all x of a sum that is divided by.
   */
  @inline static expScaled<T>(x: v128, round: v128): v128 {
    const t = Lanes.madd<T>(x, Table.get<T>(LOG2E), round);
    const f = Lanes.madd<T>(x, Table.get<T>(LOG2E), v128.sub<T>(round, t));
    return v128.mul<T>(Table.polynomial<T>(f, EXP2, 5), Exponential.scale<T>(t));
  }

  /** e^x for |x| ≤ EXP_LIMIT, the bits of `exp`. */
  @inline static expWithin<T>(x: v128): v128 {
    const round = Table.get<T>(ROUND);
    const t = Lanes.madd<T>(x, Table.get<T>(LOG2E), round);
    const p = Exponential.expOf<T>(Exponential.remainder<T>(x, v128.sub<T>(t, round)));
    return Lanes.addBits<T>(p, Exponential.scale<T>(t));
  }

  @inline private static expOf<T>(r: v128): v128 {
    return Table.polynomial<T>(r, EXP, sizeof<T>() == 8 ? 11 : 5);
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
    const above = v128.pmax<T>(x, Table.get<T>(SIGMOID_MIN));
    return Exponential.sigmoidWithin<T>(v128.pmin<T>(above, Table.get<T>(SIGMOID_MAX)));
  }

  /** 1 / (1 + e^−x), x = r − k·ln 2, e^−r = (c − r) / (c + r) with c = r·coth(r/2): one division. */
  @inline static sigmoidWithin<T>(x: v128): v128 {
    const round = Table.get<T>(SCALE_ROUND);
    const t = Lanes.madd<T>(x, Table.get<T>(MINUS_LOG2E), round);
    const r = Exponential.remainder<T>(x, v128.sub<T>(round, t));
    const u = v128.mul<T>(r, r);
    const p = Table.polynomial<T>(u, RATIO, sizeof<T>() == 8 ? 4 : 1);
    const above = Lanes.madd<T>(u, p, v128.add<T>(Table.get<T>(TWO), r));
    const below = v128.sub<T>(above, v128.add<T>(r, r));
    return v128.div<T>(above, Lanes.madd<T>(below, Exponential.scale<T>(t), above));
  }

  @inline static tanh<T>(x: v128): v128 {
    const above = v128.pmax<T>(x, Table.get<T>(TANH_MIN));
    return Exponential.tanhWithin<T>(v128.pmin<T>(above, Table.get<T>(TANH_MAX)));
  }

  /**
   * x = h + k·½·ln 2, s = 2^k, e^(2h) = (c + h) / (c − h) with c = h·coth(h) = 1 + w: tanh x is the quotient of (s + 1)·h − (1 − s)·c
   * and (s + 1)·c − (1 − s)·h, which keeps −0. What rounding does to h weighs no more than the same relative error of x.
   * Where products are rounded w alone is multiplied, so that what is rounded is small.
   */
  @inline static tanhWithin<T>(x: v128): v128 {
    const one = Table.get<T>(ONE);
    const round = Table.get<T>(SCALE_ROUND);
    const t = Lanes.madd<T>(x, Table.get<T>(TWO_LOG2E), round);
    const h = Lanes.madd<T>(v128.sub<T>(t, round), Table.get<T>(HALF_LN2), x);
    const scale = Exponential.scale<T>(t);
    const u = v128.mul<T>(h, h);
    const p = Table.polynomial<T>(u, COTH, sizeof<T>() == 8 ? 4 : 1);
    const more = v128.add<T>(one, scale);
    const less = v128.sub<T>(one, scale);
    const top = v128.mul<T>(more, h);
    if (Lanes.fused<T>()) {
      const c = Lanes.madd<T>(u, p, one);
      const below = Lanes.nmadd<T>(less, h, v128.mul<T>(more, c));
      return v128.div<T>(Lanes.nmadd<T>(less, c, top), below);
    }
    const w = v128.mul<T>(u, p);
    const above = v128.sub<T>(Lanes.nmadd<T>(less, w, top), less);
    const below = Lanes.nmadd<T>(less, h, v128.mul<T>(more, w));
    return v128.div<T>(above, v128.add<T>(below, more));
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
