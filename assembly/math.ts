import { errorFunction, geluOf, geluSlopeOf } from './math/erf';
import { Exponential } from './math/exp';
import { Logarithm } from './math/log';
import { power } from './math/pow';
import { sine } from './math/trig';

export { storeConstants } from './math/store';
/*
 * Elementary functions on vectors of `real`. Error bounds are in units in the last place (ulp) of f32, and relative
 * for f64. Special values are those of IEEE 754 and C99. Loops of a few instructions that need a function inlined
 * take it from Exponential and Logarithm: `Exponential.exp<real>(x)`.
 */
export { Exponential, Logarithm };

/** e^x: x = k·ln 2 + r, e^r by a polynomial (degree 5, f64 11). 2.3 ulp, 4e-16. Below 2^(minimal exponent + ½): 0. */
export function exp(x: v128): v128 {
  return Exponential.exp<real>(x);
}

/** e^x − 1, by the polynomial of e^x without its constant. 2.2 ulp, 6e-16. */
export function expm1(x: v128): v128 {
  return Exponential.expm1<real>(x);
}

/** 1 / (1 + e^−x), e^−r by a quotient. 2.4 ulp, 8e-16. */
export function sigmoid(x: v128): v128 {
  return Exponential.sigmoid<real>(x);
}

/** (e^(2x) − 1) / (e^(2x) + 1), e^(2h) by a quotient. 2.8 ulp (2.5 without fused operations), 1e-15. */
export function tanh(x: v128): v128 {
  return Exponential.tanh<real>(x);
}

/** x = 2^k·(1 + f), log(1 + f) = 2 artanh(f / (2 + f)) by a polynomial. 1 ulp, 3e-16. */
export function log(x: v128): v128 {
  return Logarithm.log<real>(x);
}

/** log(1 + x): log u of the rounded sum u, plus what the rounding lost over u. 2 ulp, 4e-16. */
export function log1p(x: v128): v128 {
  return Logarithm.log1p<real>(x);
}

/** Cody and Waite's reduction to |r| ≤ π/4, from 10^6 on Payne and Hanek's; polynomials. 2 ulp, 4e-16. */
export function sin(x: v128): v128 {
  return sine<real>(x, 0);
}

/** sin(x + π/2), see `sin`. */
export function cos(x: v128): v128 {
  return sine<real>(x, 1);
}

/** x·P(x²) for |x| < 1, else 1 − e^(−x²)·t·Q(t) with t = 1 / (|x| + shift). 2 ulp, 4e-16. */
export function erf(x: v128): v128 {
  return errorFunction<real>(x);
}

/** x·Φ(x) with the normal distribution Φ. 4 ulp for x > −1; further left the relative error grows with x². */
export function gelu(x: v128): v128 {
  return geluOf<real>(x);
}

/** The derivative of `gelu`. */
export function geluSlope(x: v128): v128 {
  return geluSlopeOf<real>(x);
}

/** x^y as in C99: x^0 = 1^y = 1, even for NaN. The logarithm has 60 bits. 1 ulp, 2e-15. */
export function pow(x: v128, y: v128): v128 {
  return power<real>(x, y);
}
