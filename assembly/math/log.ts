import {
  ARTANH,
  HALF,
  INFINITY,
  INTEGER_BIAS,
  INTEGER_BITS,
  Lanes,
  LN2_HIGH,
  LN2_LOW,
  LOG,
  LOG_OFFSET,
  MANTISSA,
  MIN_NORMAL,
  NORMALISE,
  NORMALISE_BITS,
  ONE,
  SQRT_HALF,
  Table,
  TWO,
} from './table';

export class Logarithm {
  @inline static log<T>(x: v128): v128 {
    const zero = v128.splat<T>(0);
    const infinity = Table.get<T>(INFINITY);
    const finite = v128.lt<T>(x, infinity);
    const y = v128.bitselect(Logarithm.normal<T>(x), x, finite);
    const atZero = v128.bitselect(v128.neg<T>(infinity), y, v128.eq<T>(x, zero));
    return v128.or(atZero, v128.lt<T>(x, zero));
  }

  @inline static log1p<T>(x: v128): v128 {
    const zero = v128.splat<T>(0);
    const one = Table.get<T>(ONE);
    const u = v128.add<T>(x, one);
    const lost = v128.div<T>(v128.sub<T>(x, v128.sub<T>(u, one)), u);
    const usable = v128.and(v128.gt<T>(u, zero), v128.lt<T>(u, Table.get<T>(INFINITY)));
    const y = v128.add<T>(Logarithm.log<T>(u), v128.and(lost, usable));
    return v128.bitselect(x, y, v128.eq<T>(x, zero));
  }

  /** log(1 + x) for 0 ≤ x ≤ 1: 2 artanh s with s = x / (2 + x) ≤ ⅓ by a polynomial in s². */
  @inline static log1pOfUnit<T>(x: v128): v128 {
    const s = v128.div<T>(x, v128.add<T>(x, Table.get<T>(TWO)));
    const z = v128.mul<T>(s, s);
    return v128.mul<T>(s, Table.polynomial<T>(z, ARTANH, sizeof<T>() == 8 ? 16 : 5));
  }

  /** log of positive finite numbers: x = 2^k·(1 + f), s = f / (2 + f), log(1 + f) = 2 artanh s. */
  @inline static normal<T>(x: v128): v128 {
    const bits = Logarithm.bits<T>(x);
    const k = Logarithm.exponent<T>(x, bits);
    const f = v128.sub<T>(Logarithm.significand<T>(bits), Table.get<T>(ONE));
    const s = v128.div<T>(f, v128.add<T>(f, Table.get<T>(TWO)));
    const z = v128.mul<T>(s, s);
    const rest = v128.mul<T>(z, Table.polynomial<T>(z, LOG, sizeof<T>() == 8 ? 7 : 3));
    const half = v128.mul<T>(v128.mul<T>(f, f), Table.get<T>(HALF));
    const kLow = v128.mul<T>(k, Table.get<T>(LN2_LOW));
    const low = v128.sub<T>(v128.mul<T>(s, v128.add<T>(half, rest)), kLow);
    const sum = v128.sub<T>(f, v128.sub<T>(half, low));
    return v128.sub<T>(sum, v128.mul<T>(k, Table.get<T>(LN2_HIGH)));
  }

  /** The bits of positive finite x, moved so that the exponent changes at √½ instead of 1. */
  @inline static bits<T>(x: v128): v128 {
    const denormal = v128.lt<T>(x, Table.get<T>(MIN_NORMAL));
    const lifted = v128.bitselect(v128.mul<T>(x, Table.get<T>(NORMALISE)), x, denormal);
    return Lanes.addBits<T>(lifted, Table.get<T>(LOG_OFFSET));
  }

  /** k of x = 2^k·m with m in [√½, √2) */
  @inline static exponent<T>(x: v128, bits: v128): v128 {
    const shifted = Lanes.shiftRight<T>(bits, sizeof<T>() == 8 ? 52 : 23);
    const biased = v128.or(shifted, Table.get<T>(INTEGER_BITS));
    const denormal = v128.lt<T>(x, Table.get<T>(MIN_NORMAL));
    const k = v128.sub<T>(biased, Table.get<T>(INTEGER_BIAS));
    return v128.sub<T>(k, v128.and(denormal, Table.get<T>(NORMALISE_BITS)));
  }

  /** m of x = 2^k·m */
  @inline static significand<T>(bits: v128): v128 {
    return Lanes.addBits<T>(v128.and(bits, Table.get<T>(MANTISSA)), Table.get<T>(SQRT_HALF));
  }
}
