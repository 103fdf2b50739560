import { Bounded, map, mapBounded, mapWith, Unary, UnaryWith } from '../map';
import * as math from '../math';
import { Exponential, Logarithm } from '../math';
import { EXP_LIMIT, TANH_LIMIT, Table } from '../math/table';
import { In, Out } from '../share';
import { madd, splat } from '../simd';

class Abs extends Unary {
  @inline apply(x: v128): v128 {
    return v128.abs<real>(x);
  }
}
class Sign extends Unary {
  @inline apply(x: v128): v128 {
    return signOf(x);
  }
}
class Exp extends Bounded {
  @inline limit(): v128 {
    return Table.get<real>(EXP_LIMIT);
  }
  @inline any(x: v128): v128 {
    return Exponential.exp<real>(x);
  }
  @inline within(x: v128): v128 {
    return Exponential.expWithin<real>(x);
  }
}
class Log extends Unary {
  @inline apply(x: v128): v128 {
    return Logarithm.log<real>(x);
  }
}
class Log1p extends Unary {
  @inline apply(x: v128): v128 {
    return math.log1p(x);
  }
}
class Expm1 extends Unary {
  @inline apply(x: v128): v128 {
    return math.expm1(x);
  }
}
class Sqrt extends Unary {
  @inline apply(x: v128): v128 {
    return v128.sqrt<real>(x);
  }
}
class Rsqrt extends Unary {
  @inline apply(x: v128): v128 {
    return v128.div<real>(splat(1), v128.sqrt<real>(x));
  }
}
class Reciprocal extends Unary {
  @inline apply(x: v128): v128 {
    return v128.div<real>(splat(1), x);
  }
}
class Square extends Unary {
  @inline apply(x: v128): v128 {
    return v128.mul<real>(x, x);
  }
}
class Sin extends Unary {
  @inline apply(x: v128): v128 {
    return math.sin(x);
  }
}
class Cos extends Unary {
  @inline apply(x: v128): v128 {
    return math.cos(x);
  }
}
class Tanh extends Bounded {
  @inline limit(): v128 {
    return Table.get<real>(TANH_LIMIT);
  }
  @inline any(x: v128): v128 {
    return Exponential.tanh<real>(x);
  }
  @inline within(x: v128): v128 {
    return Exponential.tanhWithin<real>(x);
  }
}
class Sigmoid extends Bounded {
  @inline limit(): v128 {
    return Table.get<real>(EXP_LIMIT);
  }
  @inline any(x: v128): v128 {
    return Exponential.sigmoid<real>(x);
  }
  @inline within(x: v128): v128 {
    return Exponential.sigmoidWithin<real>(x);
  }
}
class Erf extends Unary {
  @inline apply(x: v128): v128 {
    return math.erf(x);
  }
}
class Relu extends Unary {
  @inline apply(x: v128): v128 {
    return v128.pmax<real>(x, splat(0));
  }
}
/** max(x, 0) + log1p(e^−|x|): 4.5 ulp, f64 1e-15. */
class Softplus extends Unary {
  @inline apply(x: v128): v128 {
    const e = Exponential.expNegative<real>(v128.neg<real>(v128.abs<real>(x)));
    const top = v128.pmax<real>(x, v128.splat<real>(0));
    return v128.add<real>(top, Logarithm.log1pOfUnit<real>(e));
  }
}
class Floor extends Unary {
  @inline apply(x: v128): v128 {
    return v128.floor<real>(x);
  }
}
class Ceil extends Unary {
  @inline apply(x: v128): v128 {
    return v128.ceil<real>(x);
  }
}
class Round extends Unary {
  @inline apply(x: v128): v128 {
    return v128.nearest<real>(x);
  }
}
class Gelu extends Unary {
  @inline apply(x: v128): v128 {
    return math.gelu(x);
  }
}
class Not extends Unary {
  @inline apply(x: v128): v128 {
    return v128.sub<real>(splat(1), x);
  }
}
class IsFinite extends Unary {
  @inline apply(x: v128): v128 {
    return finiteOf(x);
  }
}
class Affine extends UnaryWith {
  @inline apply(x: v128, a: v128, b: v128): v128 {
    return madd(x, a, b);
  }
}
class LeakyRelu extends UnaryWith {
  @inline apply(x: v128, a: v128, b: v128): v128 {
    return v128.bitselect(x, v128.mul<real>(x, a), v128.gt<real>(x, splat(0)));
  }
}
class Elu extends UnaryWith {
  @inline apply(x: v128, a: v128, b: v128): v128 {
    return v128.bitselect(x, v128.mul<real>(a, math.expm1(x)), v128.gt<real>(x, splat(0)));
  }
}
class Clip extends UnaryWith {
  @inline apply(x: v128, a: v128, b: v128): v128 {
    return v128.pmin<real>(v128.pmax<real>(x, a), b);
  }
}
class PowScalar extends UnaryWith {
  @inline apply(x: v128, a: v128, b: v128): v128 {
    return math.pow(x, a);
  }
}

function signOf(x: v128): v128 {
  const zero = splat(0);
  const signed = v128.bitselect(splat(-1), x, v128.lt<real>(x, zero));
  return v128.bitselect(splat(1), signed, v128.gt<real>(x, zero));
}

function finiteOf(x: v128): v128 {
  return v128.and(v128.lt<real>(v128.abs<real>(x), splat(Infinity)), splat(1));
}

/** y = |x| */
export function abs(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Abs>(y, x, n, unit, tid, threads);
}

/** y = −1, 0 or 1; NaN stays */
export function sign(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Sign>(y, x, n, unit, tid, threads);
}

/** y = e^x */
export function exp(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  mapBounded<Exp>(y, x, n, unit, tid, threads);
}

/** y = log x */
export function log(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Log>(y, x, n, unit, tid, threads);
}

/** y = log(1 + x) */
export function log1p(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Log1p>(y, x, n, unit, tid, threads);
}

/** y = e^x − 1 */
export function expm1(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Expm1>(y, x, n, unit, tid, threads);
}

/** y = √x */
export function sqrt(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Sqrt>(y, x, n, unit, tid, threads);
}

/** y = 1 / √x */
export function rsqrt(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Rsqrt>(y, x, n, unit, tid, threads);
}

/** y = 1 / x */
export function reciprocal(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Reciprocal>(y, x, n, unit, tid, threads);
}

/** y = x² */
export function square(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Square>(y, x, n, unit, tid, threads);
}

/** y = sin x */
export function sin(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Sin>(y, x, n, unit, tid, threads);
}

/** y = cos x */
export function cos(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Cos>(y, x, n, unit, tid, threads);
}

/** y = tanh x */
export function tanh(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  mapBounded<Tanh>(y, x, n, unit, tid, threads);
}

/** y = 1 / (1 + e^−x) */
export function sigmoid(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  mapBounded<Sigmoid>(y, x, n, unit, tid, threads);
}

/** y = 2/√π ∫₀ˣ e^(−t²) dt */
export function erf(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Erf>(y, x, n, unit, tid, threads);
}

/** y = max(x, 0) */
export function relu(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Relu>(y, x, n, unit, tid, threads);
}

/** y = log(1 + e^x) */
export function softplus(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Softplus>(y, x, n, unit, tid, threads);
}

/** y = the integer below */
export function floor(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Floor>(y, x, n, unit, tid, threads);
}

/** y = the integer above */
export function ceil(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Ceil>(y, x, n, unit, tid, threads);
}

/** y = the nearest integer, halves to even */
export function round(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Round>(y, x, n, unit, tid, threads);
}

/** y = x·(1 + erf(x / √2)) / 2 */
export function gelu(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Gelu>(y, x, n, unit, tid, threads);
}

/** y = 1 − x */
export function not(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<Not>(y, x, n, unit, tid, threads);
}

/** y = 1 where x is neither infinite nor NaN, else 0 */
export function isFinite(y: Out, x: In, n: i32, unit: i32, tid: i32, threads: i32): void {
  map<IsFinite>(y, x, n, unit, tid, threads);
}

/** y = a·x + b */
export function affine(
  y: Out,
  x: In,
  n: i32,
  unit: i32,
  a: real,
  b: real,
  tid: i32,
  threads: i32,
): void {
  mapWith<Affine>(y, x, n, unit, a, b, tid, threads);
}

/** y = x > 0 ? x : alpha·x */
export function leakyRelu(
  y: Out,
  x: In,
  n: i32,
  unit: i32,
  alpha: real,
  tid: i32,
  threads: i32,
): void {
  mapWith<LeakyRelu>(y, x, n, unit, alpha, 0, tid, threads);
}

/** y = x > 0 ? x : alpha·(e^x − 1) */
export function elu(y: Out, x: In, n: i32, unit: i32, alpha: real, tid: i32, threads: i32): void {
  mapWith<Elu>(y, x, n, unit, alpha, 0, tid, threads);
}

/** y = min(max(x, low), high); NaN stays */
export function clip(
  y: Out,
  x: In,
  n: i32,
  unit: i32,
  low: real,
  high: real,
  tid: i32,
  threads: i32,
): void {
  mapWith<Clip>(y, x, n, unit, low, high, tid, threads);
}

/** y = x^exponent */
export function powScalar(
  y: Out,
  x: In,
  n: i32,
  unit: i32,
  exponent: real,
  tid: i32,
  threads: i32,
): void {
  if (exponent == 2) map<Square>(y, x, n, unit, tid, threads);
  else mapWith<PowScalar>(y, x, n, unit, exponent, 0, tid, threads);
}
