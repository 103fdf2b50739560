import { CONSTANTS } from '../layout';

/*
 * Every constant of the elementary functions stands in memory, 16 bytes each, once for f32 and once for f64.
 * The functions are written for both (`T`) because the f32 build needs some of them in f64.
 */
const F64: usize = 4096;

export const LOG2E: i32 = 0;
export const EXP_ROUND: i32 = 1;
export const LN2_HIGH: i32 = 2;
export const LN2_LOW: i32 = 3;
export const EXP_MAX: i32 = 4;
export const EXP_MIN: i32 = 5;
export const ONE: i32 = 6;
export const TWO: i32 = 7;
export const HALF: i32 = 8;
export const SIGN: i32 = 9;
export const INFINITY: i32 = 10;
export const TINY: i32 = 11;
export const EXPM1_MIN: i32 = 12;
export const MIN_NORMAL: i32 = 13;
export const NORMALISE: i32 = 14;
export const NORMALISE_BITS: i32 = 15;
export const LOG_OFFSET: i32 = 16;
export const MANTISSA: i32 = 17;
export const SQRT_HALF: i32 = 18;
export const INTEGER_BITS: i32 = 19;
export const INTEGER_BIAS: i32 = 20;
export const SQRT2_INVERSE: i32 = 22;
export const TWO_OVER_PI: i32 = 23;
/** 1.5·2^mantissa: a sum with it is rounded to an integer. */
export const ROUND: i32 = 24;
export const TRIG_MAX: i32 = 25;
export const TAIL_SHIFT: i32 = 26;
export const UPPER_HALF: i32 = 27;
export const NEGATIVE_MIN: i32 = 28;
export const DENSITY: i32 = 29;
export const GELU_MAX: i32 = 30;
export const GELU_MIN: i32 = 31;
/** Four parts. */
export const HALF_PI: i32 = 32;

/** Coefficients, with room for a multiple of four each. */
export const EXPM1: i32 = 36;
export const LOG: i32 = 48;
export const SIN: i32 = 56;
export const COS: i32 = 64;
export const ERF: i32 = 72;
export const ERF_TAIL: i32 = 84;
/** e^r */
export const EXP: i32 = 104;
/** 2^f, of f32 only. */
export const EXP2: i32 = 110;
/** r·coth(r/2) = 2 + r²·Σ, and h·coth(h) = 1 + h²·Σ. */
export const RATIO: i32 = 116;
export const COTH: i32 = 133;

/** |x| up to which `expWithin`, `sigmoidWithin` and `tanhWithin` take any x. */
export const EXP_LIMIT: i32 = 146;
export const TANH_LIMIT: i32 = 147;
export const MINUS_LOG2E: i32 = 148;
export const SIGMOID_MIN: i32 = 149;
export const SIGMOID_MAX: i32 = 150;
export const TANH_MIN: i32 = 151;
export const TANH_MAX: i32 = 152;
export const TWO_LOG2E: i32 = 153;
/** ROUND + bias */
export const SCALE_ROUND: i32 = 154;
/** −½·ln 2 */
export const HALF_LN2: i32 = 155;
/** 2 artanh(s) / s in powers of s² */
export const ARTANH: i32 = 156;

/** Multipliers and key increments of random.ts, as u32 lanes at f32. */
export const PHILOX: i32 = 128;
/** Moments of an optimiser below this are flushed to 0. */
export const MOMENT_MIN: i32 = 132;
/** Points of winograd.ts and their products. */
export const WINOGRAD: i32 = 176;

/** 2/π as a fixed-point number of 20 words, the first one before the point. */
export const TWO_OVER_PI_BITS: usize = CONSTANTS + 2 * F64 - 256;

export class Table {
  static set<T>(i: i32, value: f64): void {
    v128.store(address<T>(i), v128.splat<T>(<T>value));
  }

  /** A lane of constant `i`. */
  static first<T>(i: i32): f64 {
    return <f64>load<T>(address<T>(i));
  }

  /** The constant whose lanes have these bits. */
  @inline static setBits<T>(i: i32, bits: u64): void {
    const value = sizeof<T>() == 8 ? v128.splat<u64>(bits) : v128.splat<u32>(<u32>bits);
    v128.store(address<T>(i), value);
  }

  /** Four coefficients from constant `i` on. */
  static set4<T>(i: i32, a: f64, b: f64, c: f64, d: f64): void {
    Table.set<T>(i, a);
    Table.set<T>(i + 1, b);
    Table.set<T>(i + 2, c);
    Table.set<T>(i + 3, d);
  }

  /** Constant `i`. */
  @inline static get<T>(i: i32): v128 {
    return v128.load(address<T>(i));
  }

  /** Σ constant(at + i)·xⁱ, i = 0 … degree < 32, by Horner's rule. `degree` is a literal: all of it folds to a chain. */
  @inline static polynomial<T>(x: v128, at: i32, degree: i32): v128 {
    let p = Table.get<T>(at + degree);
    if (degree & 16)
      p = Table.next8<T>(Table.next8<T>(p, x, at + (degree & 15) + 8), x, at + (degree & 15));
    if (degree & 8) p = Table.next8<T>(p, x, at + (degree & 7));
    if (degree & 4) p = Table.next4<T>(p, x, at + (degree & 3));
    if (degree & 2) p = Table.next2<T>(p, x, at + (degree & 1));
    if (degree & 1) p = Table.next<T>(p, x, at);
    return p;
  }

  @inline private static next<T>(p: v128, x: v128, at: i32): v128 {
    return Lanes.madd<T>(p, x, Table.get<T>(at));
  }
  @inline private static next2<T>(p: v128, x: v128, at: i32): v128 {
    return Table.next<T>(Table.next<T>(p, x, at + 1), x, at);
  }
  @inline private static next4<T>(p: v128, x: v128, at: i32): v128 {
    return Table.next2<T>(Table.next2<T>(p, x, at + 2), x, at);
  }
  @inline private static next8<T>(p: v128, x: v128, at: i32): v128 {
    return Table.next4<T>(Table.next4<T>(p, x, at + 4), x, at);
  }
}

function address<T>(i: i32): usize {
  return CONSTANTS + (sizeof<T>() == 8 ? F64 : 0) + ((<usize>i) << 4);
}

/** Operations on lanes of T, and on their bits. */
export class Lanes {
  /** Only f32 with relaxed SIMD: f64 functions give the same bits in every build. */
  @inline static fused<T>(): boolean {
    return ASC_FEATURE_RELAXED_SIMD && sizeof<T>() == 4;
  }
  /** a·b + c, fused where `fused`. */
  @inline static madd<T>(a: v128, b: v128, c: v128): v128 {
    if (Lanes.fused<T>()) return v128.relaxed_madd<f32>(a, b, c);
    return v128.add<T>(v128.mul<T>(a, b), c);
  }
  /** c − a·b, fused like `madd`. */
  @inline static nmadd<T>(a: v128, b: v128, c: v128): v128 {
    if (Lanes.fused<T>()) return v128.relaxed_nmadd<f32>(a, b, c);
    return v128.sub<T>(c, v128.mul<T>(a, b));
  }
  @inline static addBits<T>(a: v128, b: v128): v128 {
    return sizeof<T>() == 8 ? v128.add<i64>(a, b) : v128.add<i32>(a, b);
  }
  @inline static subBits<T>(a: v128, b: v128): v128 {
    return sizeof<T>() == 8 ? v128.sub<i64>(a, b) : v128.sub<i32>(a, b);
  }
  @inline static shiftLeft<T>(a: v128, bits: i32): v128 {
    return sizeof<T>() == 8 ? v128.shl<i64>(a, bits) : v128.shl<i32>(a, bits);
  }
  @inline static shiftRight<T>(a: v128, bits: i32): v128 {
    return sizeof<T>() == 8 ? v128.shr<u64>(a, bits) : v128.shr<u32>(a, bits);
  }
  /** |x| */
  @inline static abs<T>(x: v128): v128 {
    return v128.andnot(x, Table.get<T>(SIGN));
  }
  /** Magnitude of a, sign of b. */
  @inline static copySign<T>(a: v128, b: v128): v128 {
    return v128.bitselect(b, a, Table.get<T>(SIGN));
  }
}
