import { Logarithm } from '../math';
import { Draw, generate, philox } from '../random';
import { In, InAll, Out, OutAll, Step } from '../share';
import { loadPart, madd, splat, storePart } from '../simd';
import { stepKey, stepSeed } from '../step';

class Bits extends Draw {
  @inline size(): usize {
    return 4;
  }
  @inline four(y: usize, _x: usize, bits: v128, _p: v128, _q: v128): void {
    v128.store(y, bits);
  }
  @inline one(y: usize, _x: usize, bits: v128, _p: v128, _q: v128): void {
    store<u32>(y, v128.extract_lane<u32>(bits, 0));
  }
}

/** A number made of a random word (in the lower LANES lanes of `bits`), of x and of two constants. */
abstract class Sample {
  abstract apply(bits: v128, x: v128, p: v128, q: v128): v128;
}

class Reals<Op extends Sample> extends Draw {
  @inline size(): usize {
    return sizeof<real>();
  }
  @inline four(y: usize, x: usize, bits: v128, p: v128, q: v128): void {
    v128.store(y, changetype<Op>(0).apply(bits, v128.load(x), p, q));
    if (sizeof<real>() == 4) return;
    const upper = v128.shuffle<i64>(bits, bits, 1, 1);
    v128.store(y, changetype<Op>(0).apply(upper, v128.load(x, 16), p, q), 16);
  }
  @inline one(y: usize, x: usize, bits: v128, p: v128, q: v128): void {
    storePart(y, changetype<Op>(0).apply(bits, loadPart(x, 1, 0), p, q), 1);
  }
}

/** i32 lanes, the lower ones where reals are f64, as reals. */
function toReal(v: v128): v128 {
  return sizeof<real>() == 8 ? v128.convert_low<i32>(v) : v128.convert<i32>(v);
}

class Uniform extends Sample {
  @inline apply(bits: v128, _x: v128, p: v128, q: v128): v128 {
    return madd(toReal(v128.shr<u32>(bits, 8)), p, q);
  }
}

class Dropout extends Sample {
  @inline apply(bits: v128, x: v128, p: v128, q: v128): v128 {
    const kept = v128.ge<u32>(bits, q);
    const mask = sizeof<real>() == 8 ? v128.extend_low<i32>(kept) : kept;
    return v128.and(v128.mul<real>(x, p), mask);
  }
}

/** (2k + 1)·2^−24 − 1 for the top 24 bits k: in (−1, 1), never 0, symmetric. */
function symmetric(bits: v128): v128 {
  const odd = v128.add<i32>(
    v128.shl<i32>(v128.shr<u32>(bits, 8), 1),
    v128.splat<i32>(1 - (1 << 24)),
  );
  return v128.mul<real>(toReal(odd), splat(<real>5.9604644775390625e-8));
}

class Normal extends Sample {
  @inline apply(bits: v128, _x: v128, p: v128, q: v128): v128 {
    return madd(inverseErf(symmetric(bits)), p, q);
  }
}

/** Normal within two standard deviations: the quantiles between erf(−√2) and erf(√2). */
class TruncatedNormal extends Sample {
  @inline apply(bits: v128, _x: v128, p: v128, q: v128): v128 {
    const x = v128.mul<real>(symmetric(bits), splat(<real>0.9544997361036416));
    return madd(inverseErf(x), p, q);
  }
}

/**
 * erf⁻¹(x) by M. Giles, Approximating the erfinv function (GPU Computing Gems, 2012), single precision: relative error
 * below 4e-7 in every build, so that f32 and f64 draw the same numbers up to rounding.
 */
function inverseErf(x: v128): v128 {
  const one = splat(1);
  const product = v128.mul<real>(v128.sub<real>(one, x), v128.add<real>(one, x));
  const w = v128.neg<real>(Logarithm.log<real>(product));
  const far = v128.ge<real>(w, splat(5));
  const near = central(v128.sub<real>(w, splat(2.5)));
  if (!v128.any_true(far)) return v128.mul<real>(near, x);
  const tail = outer(v128.sub<real>(v128.sqrt<real>(w), splat(3)));
  return v128.mul<real>(v128.bitselect(tail, near, far), x);
}

function central(w: v128): v128 {
  let p = madd(splat(<real>2.81022636e-8), w, splat(<real>3.43273939e-7));
  p = madd(p, w, splat(<real>-3.5233877e-6));
  p = madd(p, w, splat(<real>-4.39150654e-6));
  p = madd(p, w, splat(<real>0.00021858087));
  p = madd(p, w, splat(<real>-0.00125372503));
  p = madd(p, w, splat(<real>-0.00417768164));
  p = madd(p, w, splat(<real>0.246640727));
  return madd(p, w, splat(<real>1.50140941));
}

function outer(w: v128): v128 {
  let p = madd(splat(<real>-0.000200214257), w, splat(<real>0.000100950558));
  p = madd(p, w, splat(<real>0.00134934322));
  p = madd(p, w, splat(<real>-0.00367342844));
  p = madd(p, w, splat(<real>0.00573950773));
  p = madd(p, w, splat(<real>-0.0076224613));
  p = madd(p, w, splat(<real>0.00943887047));
  p = madd(p, w, splat(<real>1.00167406));
  return madd(p, w, splat(<real>2.83297682));
}

/** y = the words (u32) of Philox4x32-10 for counter (counter[0] … counter[3]) and key (key[0], key[1]). */
export function philoxBlock(y: OutAll, counter: InAll, key: InAll, tid: i32, threads: i32): void {
  if (tid > 0) return;
  const c2 = load<u32>(counter, 8);
  const c3 = load<u32>(counter, 12);
  v128.store(
    y,
    philox(load<u32>(counter), load<u32>(counter, 4), c2, c3, load<u32>(key), load<u32>(key, 4)),
  );
}

/** y = random words (u32): element 16·g + 4·w + k is word w of Philox4x32-10 for counter (4·g + k, stream, 0, 0) and key (seed, step key). */
export function randomBits(
  y: Out,
  n: i32,
  unit: i32,
  stream: u32,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  generate<Bits>(y, y, n, unit, splat(0), splat(0), stream, step, tid, threads);
}

/** y = low + (high − low)·u, u being the top 24 bits of the element's random word times 2^−24. */
export function randomUniform(
  y: Out,
  n: i32,
  unit: i32,
  low: real,
  high: real,
  stream: u32,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  const scale = splat((high - low) * <real>5.9604644775390625e-8);
  generate<Reals<Uniform>>(y, y, n, unit, scale, splat(low), stream, step, tid, threads);
}

/** y = mean + std·z, z standard normal: the quantile of the top 24 bits of the element's random word; |z| ≤ 5.4. */
export function randomNormal(
  y: Out,
  n: i32,
  unit: i32,
  mean: real,
  std: real,
  stream: u32,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  const scale = splat(<real>(<f64>std * 1.4142135623730951));
  generate<Reals<Normal>>(y, y, n, unit, scale, splat(mean), stream, step, tid, threads);
}

/** y = mean + std·z, z normal on condition that |z| ≤ 2: the quantile of the top 24 bits of the element's random word. */
export function randomTruncatedNormal(
  y: Out,
  n: i32,
  unit: i32,
  mean: real,
  std: real,
  stream: u32,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  const scale = splat(<real>(<f64>std * 1.4142135623730951));
  generate<Reals<TruncatedNormal>>(y, y, n, unit, scale, splat(mean), stream, step, tid, threads);
}

/** y = kept ? x / (1 − rate) : 0; element i is kept if its random word ≥ rate·2^32. y may be x; the gradient is the same kernel on dy. */
export function dropout(
  y: Out,
  x: In,
  n: i32,
  unit: i32,
  rate: real,
  stream: u32,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  // rounded to f32, so that the builds decide alike; a rate of 1 keeps nothing because the scale is 0
  const r = <f64>(<f32>rate);
  const threshold = v128.splat<u32>(<u32>min(r * 4294967296, 4294967295));
  const scale = splat(r < 1 ? <real>1 / (<real>1 - rate) : 0);
  generate<Reals<Dropout>>(y, x, n, unit, scale, threshold, stream, step, tid, threads);
}

/** y = a random order of 0 … n − 1 (i32), every order being equally likely: Fisher–Yates from the inside out. */
export function permutation(
  y: OutAll,
  n: i32,
  stream: u32,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (tid > 0) return;
  generate<Bits>(y, y, n, 1, splat(0), splat(0), stream, step, 0, 1);
  for (let i = 0; i < n; i++) {
    const at = y + ((<usize>i) << 2);
    const other = y + ((<usize>below(i + 1, load<u32>(at), i, stream, step)) << 2);
    store<i32>(at, load<i32>(other));
    store<i32>(other, i);
  }
}

/** Uniform in [0, range) from a random word, or from further ones (Lemire, Fast random integer generation in an interval, 2019). */
function below(range: u32, word: u32, i: u32, stream: u32, step: usize): u32 {
  let product = <u64>word * <u64>range;
  if (<u32>product >= range) return <u32>(product >> 32);
  const bias: u32 = (<u32>0 - range) % range;
  for (let draw: u32 = 1; <u32>product < bias; draw++) {
    const words = philox(i, stream, draw, 0, stepSeed(step), stepKey(step));
    product = <u64>v128.extract_lane<u32>(words, 0) * <u64>range;
  }
  return <u32>(product >> 32);
}
