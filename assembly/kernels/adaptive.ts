import { MOMENT_MIN, Table } from '../math/table';
import { In, InAll, InOut, Step, shareStart } from '../share';
import { LANES, madd, splat } from '../simd';
import { stepNumber } from '../step';
import { allowed, decayOf, Part, power, rateOf } from '../update';

/** m ← m + (1 − beta1)·(g − m); u ← max(beta2·u, |g|); p ← p − rate·weightDecay·p − rate/(1 − beta1^t)·m/(u + epsilon) (Kingma and Ba 2015); rate is the step's times `factor`. */
export function adamax(
  p: InOut,
  g: In,
  m: InOut,
  u: InOut,
  n: i32,
  unit: i32,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  factor: f64,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const rate = rateOf(step, factor);
  const alpha = splat(<real>(rate / (1 - power(beta1, stepNumber(step)))));
  const fresh = splat(<real>(1 - beta1));
  const keep = splat(<real>beta2);
  const eps = splat(<real>epsilon);
  const decay = decayOf(rate, weightDecay);
  const least = Table.get<real>(MOMENT_MIN);
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const count = min(LANES, last - i);
    const x = Part.get(p + at, count);
    const dx = Part.get(g + at, count);
    const m0 = Part.get(m + at, count);
    const m1 = Part.putMoment(m + at, madd(v128.sub<real>(dx, m0), fresh, m0), least, count);
    const largest = v128.max<real>(
      v128.mul<real>(keep, Part.get(u + at, count)),
      v128.abs<real>(dx),
    );
    const u1 = Part.putSquare(u + at, largest, least, count);
    const change = v128.div<real>(v128.mul<real>(alpha, m1), v128.add<real>(u1, eps));
    Part.put(p + at, v128.sub<real>(madd(decay, x, x), change), count);
  }
}

/** μ_t = beta1·(1 − 0.96^t/2) of Nadam. */
function nadamMomentum(beta1: f64, t: i32): f64 {
  return beta1 * (1 - 0.5 * power(0.96, t));
}

/** Products of μ_1 … μ_t; beyond 1e-20 they count as 0. */
function nadamProduct(beta1: f64, t: i32): f64 {
  let product: f64 = 1;
  let fading: f64 = 0.5;
  for (let i = 0; i < t && product > 1e-20; i++) {
    fading *= 0.96;
    product *= beta1 * (1 - fading);
  }
  return product;
}

/** m ← m + (1 − beta1)·(g − m); v ← v + (1 − beta2)·(g² − v); p ← p − rate·weightDecay·p − rate·(μ_{t+1}·m/(1 − Πμ_{1…t+1}) + (1 − μ_t)·g/(1 − Πμ_{1…t}))/(√(v/(1 − beta2^t)) + epsilon), μ_t = beta1·(1 − 0.96^t/2) (Dozat 2016); rate is the step's times `factor`. */
export function nadam(
  p: InOut,
  g: In,
  m: InOut,
  v: InOut,
  n: i32,
  unit: i32,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  factor: f64,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const t = stepNumber(step);
  const rate = rateOf(step, factor);
  const product = nadamProduct(beta1, t);
  const ahead = nadamMomentum(beta1, t + 1);
  const ofMoment = splat(<real>((rate * ahead) / (1 - product * ahead)));
  const ofGradient = splat(<real>((rate * (1 - nadamMomentum(beta1, t))) / (1 - product)));
  const correct = splat(<real>(1 / (1 - power(beta2, t))));
  const fresh1 = splat(<real>(1 - beta1));
  const fresh2 = splat(<real>(1 - beta2));
  const eps = splat(<real>epsilon);
  const decay = decayOf(rate, weightDecay);
  const least = Table.get<real>(MOMENT_MIN);
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const count = min(LANES, last - i);
    const x = Part.get(p + at, count);
    const dx = Part.get(g + at, count);
    const m0 = Part.get(m + at, count);
    const v0 = Part.get(v + at, count);
    const m1 = Part.putMoment(m + at, madd(v128.sub<real>(dx, m0), fresh1, m0), least, count);
    const square = v128.sub<real>(v128.mul<real>(dx, dx), v0);
    const v1 = Part.putSquare(v + at, madd(square, fresh2, v0), least, count);
    const move = madd(ofMoment, m1, v128.mul<real>(ofGradient, dx));
    const root = v128.add<real>(v128.sqrt<real>(v128.mul<real>(v1, correct)), eps);
    Part.put(p + at, v128.sub<real>(madd(decay, x, x), v128.div<real>(move, root)), count);
  }
}

/** a ← rho·a + (1 − rho)·g²; Δ = g·√(d + epsilon)/√(a + epsilon); d ← rho·d + (1 − rho)·Δ²; p ← p − rate·weightDecay·p − rate·Δ (Zeiler 2012); rate is the step's times `factor`. */
export function adadelta(
  p: InOut,
  g: In,
  a: InOut,
  d: InOut,
  n: i32,
  unit: i32,
  rho: f64,
  epsilon: f64,
  factor: f64,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const keep = splat(<real>rho);
  const fresh = splat(<real>(1 - rho));
  const eps = splat(<real>epsilon);
  const rate = splat(<real>rateOf(step, factor));
  const decay = decayOf(rateOf(step, factor), weightDecay);
  const least = Table.get<real>(MOMENT_MIN);
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const count = min(LANES, last - i);
    const x = Part.get(p + at, count);
    const dx = Part.get(g + at, count);
    const d0 = Part.get(d + at, count);
    const squares = v128.mul<real>(fresh, v128.mul<real>(dx, dx));
    const a1 = Part.putSquare(a + at, madd(keep, Part.get(a + at, count), squares), least, count);
    const top = v128.mul<real>(dx, v128.sqrt<real>(v128.add<real>(d0, eps)));
    const delta = v128.div<real>(top, v128.sqrt<real>(v128.add<real>(a1, eps)));
    const moved = v128.mul<real>(fresh, v128.mul<real>(delta, delta));
    Part.putSquare(d + at, madd(keep, d0, moved), least, count);
    Part.put(p + at, v128.sub<real>(madd(decay, x, x), v128.mul<real>(rate, delta)), count);
  }
}

/** p ← p − rate·weightDecay·p − rate·sign(beta1·m + (1 − beta1)·g); m ← beta2·m + (1 − beta2)·g (Chen et al. 2023); rate is the step's times `factor`. */
export function lion(
  p: InOut,
  g: In,
  m: InOut,
  n: i32,
  unit: i32,
  beta1: f64,
  beta2: f64,
  factor: f64,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const keep1 = splat(<real>beta1);
  const keep2 = splat(<real>beta2);
  const fresh1 = splat(<real>(1 - beta1));
  const fresh2 = splat(<real>(1 - beta2));
  const rate = splat(<real>rateOf(step, factor));
  const decay = decayOf(rateOf(step, factor), weightDecay);
  const least = Table.get<real>(MOMENT_MIN);
  const zero = splat(0);
  const minus = splat(<real>-0.0);
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const count = min(LANES, last - i);
    const x = Part.get(p + at, count);
    const dx = Part.get(g + at, count);
    const m0 = Part.get(m + at, count);
    const way = madd(keep1, m0, v128.mul<real>(fresh1, dx));
    const signed = v128.or(v128.and(way, minus), rate);
    const move = v128.or(v128.and(signed, v128.ne<real>(way, zero)), v128.ne<real>(way, way));
    Part.putMoment(m + at, madd(keep2, m0, v128.mul<real>(fresh2, dx)), least, count);
    Part.put(p + at, v128.sub<real>(madd(decay, x, x), move), count);
  }
}

/** a ← momentum·a + (1 − momentum)·p, a ← p at the first update; at each `every`-th update (0: never) p ← a. */
export function movingAverage(
  a: InOut,
  p: InOut,
  n: i32,
  unit: i32,
  momentum: f64,
  every: i32,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const t = stepNumber(step);
  const fresh = splat(<real>(t == 1 ? 1 : 1 - momentum));
  const back = every > 0 && t % every == 0;
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const count = min(LANES, last - i);
    const a0 = Part.get(a + at, count);
    const a1 = madd(v128.sub<real>(Part.get(p + at, count), a0), fresh, a0);
    Part.put(a + at, a1, count);
    if (back) Part.put(p + at, a1, count);
  }
}
