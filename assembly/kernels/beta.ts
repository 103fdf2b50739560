import { Exponential, Logarithm } from '../math';
import { sine } from '../math/trig';
import { philox } from '../random';
import { Out, Step, shareStart } from '../share';
import { stepKey, stepSeed } from '../step';

/** y = numbers of the beta distribution with parameters a, b > 0: those of g/(g + h) for gamma numbers g of a and h of b. */
export function randomBeta(
  y: Out,
  n: i32,
  unit: i32,
  a: f64,
  b: f64,
  stream: u32,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i++) {
    const ratio = logGamma(b, i, 2, stream, step) - logGamma(a, i, 1, stream, step);
    store<real>(y + <usize>i * sizeof<real>(), <real>(1 / (1 + exponential(ratio))));
  }
}

/**
 * The logarithm of a gamma number (Marsaglia and Tsang, A simple method for generating gamma variables, 2000), in f64 in
 * every build. Philox counter (i, stream, try, which).
 */
function logGamma(a: f64, i: u32, which: u32, stream: u32, step: usize): f64 {
  const boost = a < 1;
  const d = (boost ? a + 1 : a) - 1.0 / 3;
  const c = 1 / sqrt(9 * d);
  for (let draw: u32 = 0; ; draw++) {
    const words = philox(i, stream, draw, which, stepSeed(step), stepKey(step));
    const radius = sqrt(-2 * logarithm(unit(v128.extract_lane<u32>(words, 0))));
    const x = radius * cosine(6.283185307179586 * unit(v128.extract_lane<u32>(words, 1)));
    const base = 1 + c * x;
    if (base <= 0) continue;
    const logCube = 3 * logarithm(base);
    const bound = 0.5 * x * x + d * (1 - base * base * base + logCube);
    if (logarithm(unit(v128.extract_lane<u32>(words, 2))) >= bound) continue;
    const rest = boost ? logarithm(unit(v128.extract_lane<u32>(words, 3))) / a : 0;
    return logarithm(d) + logCube + rest;
  }
}

/** In (0, 1). */
function unit(word: u32): f64 {
  return (<f64>word + 0.5) * (1.0 / 4294967296);
}

function logarithm(x: f64): f64 {
  return v128.extract_lane<f64>(Logarithm.log<f64>(v128.splat<f64>(x)), 0);
}

function exponential(x: f64): f64 {
  return v128.extract_lane<f64>(Exponential.exp<f64>(v128.splat<f64>(x)), 0);
}

function cosine(x: f64): f64 {
  return v128.extract_lane<f64>(sine<f64>(v128.splat<f64>(x), 1), 0);
}
