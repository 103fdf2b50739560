import { In, InAll, InOut, Step, shareStart } from '../share';
import { LANES, loadPart, madd, splat, storePart } from '../simd';
import { stepNumber, stepRate } from '../step';

/** False when the number that guards an update (the loss) is NaN or infinite. */
function allowed(guard: usize): bool {
  if (guard == 0) return true;
  const x = load<real>(guard);
  return x - x == 0;
}

/** `count` ≤ LANES numbers at p. */
function get(p: usize, count: i32): v128 {
  return count == LANES ? v128.load(p) : loadPart(p, count, 0);
}

function put(p: usize, x: v128, count: i32): void {
  if (count == LANES) v128.store(p, x);
  else storePart(p, x, count);
}

/** Stores a moment; below 1e-30 it becomes 0, because arithmetic on denormal numbers is slow. Returns what was stored. */
function putMoment(p: usize, x: v128, count: i32): v128 {
  const kept = v128.andnot(x, v128.lt<real>(v128.abs<real>(x), splat(<real>1e-30)));
  put(p, kept, count);
  return kept;
}

function power(base: f64, exponent: i32): f64 {
  let result: f64 = 1;
  for (; exponent > 0; exponent >>= 1, base *= base) if (exponent & 1) result *= base;
  return result;
}

/** p ← p − rate·weightDecay·p, then p ← p − rate·g. */
export function sgd(
  p: InOut,
  g: In,
  n: i32,
  unit: i32,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const rate = stepRate(step);
  const decay = splat(<real>(-rate * weightDecay));
  const minusRate = splat(<real>-rate);
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const count = min(last - i, LANES);
    const x = get(p + at, count);
    put(p + at, madd(minusRate, get(g + at, count), madd(decay, x, x)), count);
  }
}

/** m ← momentum·m − rate·g; p ← p − rate·weightDecay·p + m, with nesterov + momentum·m − rate·g (Sutskever et al. 2013, as in Keras). */
export function momentum(
  p: InOut,
  g: In,
  m: InOut,
  n: i32,
  unit: i32,
  momentum: f64,
  nesterov: i32,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const rate = stepRate(step);
  const mu = splat(<real>momentum);
  const decay = splat(<real>(-rate * weightDecay));
  const minusRate = splat(<real>-rate);
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const count = min(last - i, LANES);
    const x = get(p + at, count);
    const move = v128.mul<real>(minusRate, get(g + at, count));
    const moment = putMoment(m + at, madd(mu, get(m + at, count), move), count);
    const change = nesterov ? madd(mu, moment, move) : moment;
    put(p + at, v128.add<real>(madd(decay, x, x), change), count);
  }
}

/** v ← rho·v + (1 − rho)·g²; p ← p − rate·weightDecay·p − inc, inc = rate·g/√(v + epsilon), or with `outside` rate·g/(√v + epsilon); with mg ≠ 0 (centered) v − mg² stands for v, mg ← rho·mg + (1 − rho)·g; with m ≠ 0 m ← momentum·m + inc stands for inc (Tieleman and Hinton 2012). */
export function rmsprop(
  p: InOut,
  g: In,
  v: InOut,
  mg: InOut,
  m: InOut,
  n: i32,
  unit: i32,
  rho: f64,
  momentum: f64,
  epsilon: f64,
  outside: i32,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const rate = stepRate(step);
  const keep = splat(<real>rho);
  const fresh = splat(<real>(1 - rho));
  const mu = splat(<real>momentum);
  const inner = splat(outside ? 0 : <real>epsilon);
  const outer = splat(outside ? <real>epsilon : 0);
  const decay = splat(<real>(-rate * weightDecay));
  const vrate = splat(<real>rate);
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const count = min(last - i, LANES);
    const x = get(p + at, count);
    const dx = get(g + at, count);
    const squares = v128.mul<real>(fresh, v128.mul<real>(dx, dx));
    let d = putMoment(v + at, madd(keep, get(v + at, count), squares), count);
    if (mg != 0) {
      const mean = madd(keep, get(mg + at, count), v128.mul<real>(fresh, dx));
      const stored = putMoment(mg + at, mean, count);
      d = v128.max<real>(v128.sub<real>(d, v128.mul<real>(stored, stored)), splat(0));
    }
    const root = v128.add<real>(v128.sqrt<real>(v128.add<real>(d, inner)), outer);
    let change = v128.div<real>(v128.mul<real>(vrate, dx), root);
    if (m != 0) change = putMoment(m + at, madd(mu, get(m + at, count), change), count);
    put(p + at, v128.sub<real>(madd(decay, x, x), change), count);
  }
}

/** m ← m + (1 − beta1)·(g − m); v ← v + (1 − beta2)·(g² − v); p ← p − rate·weightDecay·p − α·m/(√v + epsilon), α = rate·√(1 − beta2^t)/(1 − beta1^t) (Kingma and Ba 2015, Keras' form); with `outside` epsilon·√(1 − beta2^t) stands for epsilon (PyTorch's form); with vmax ≠ 0 (amsgrad) vmax ← max(vmax, v) stands for v. */
export function adam(
  p: InOut,
  g: In,
  m: InOut,
  v: InOut,
  vmax: InOut,
  n: i32,
  unit: i32,
  beta1: f64,
  beta2: f64,
  epsilon: f64,
  outside: i32,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const rate = stepRate(step);
  const root = sqrt<f64>(1 - power(beta2, stepNumber(step)));
  const alpha = splat(<real>((rate * root) / (1 - power(beta1, stepNumber(step)))));
  const eps = splat(<real>(outside ? epsilon * root : epsilon));
  const fresh1 = splat(<real>(1 - beta1));
  const fresh2 = splat(<real>(1 - beta2));
  const decay = splat(<real>(-rate * weightDecay));
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const count = min(last - i, LANES);
    const x = get(p + at, count);
    const dx = get(g + at, count);
    const m0 = get(m + at, count);
    const v0 = get(v + at, count);
    const m1 = putMoment(m + at, madd(v128.sub<real>(dx, m0), fresh1, m0), count);
    let v1 = madd(v128.sub<real>(v128.mul<real>(dx, dx), v0), fresh2, v0);
    v1 = putMoment(v + at, v1, count);
    if (vmax != 0) {
      v1 = v128.max<real>(v1, get(vmax + at, count));
      put(vmax + at, v1, count);
    }
    const ratio = v128.div<real>(
      v128.mul<real>(alpha, m1),
      v128.add<real>(v128.sqrt<real>(v1), eps),
    );
    put(p + at, v128.sub<real>(madd(decay, x, x), ratio), count);
  }
}

/** a ← a + g²; p ← p − rate·weightDecay·p − rate·g/√(a + epsilon), or with `outside` rate·g/(√a + epsilon) (Duchi et al. 2011). */
export function adagrad(
  p: InOut,
  g: In,
  a: InOut,
  n: i32,
  unit: i32,
  epsilon: f64,
  outside: i32,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const rate = stepRate(step);
  const inner = splat(outside ? 0 : <real>epsilon);
  const outer = splat(outside ? <real>epsilon : 0);
  const decay = splat(<real>(-rate * weightDecay));
  const vrate = splat(<real>rate);
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const count = min(last - i, LANES);
    const x = get(p + at, count);
    const dx = get(g + at, count);
    const sum = putMoment(a + at, madd(dx, dx, get(a + at, count)), count);
    const root = v128.add<real>(v128.sqrt<real>(v128.add<real>(sum, inner)), outer);
    const change = v128.div<real>(v128.mul<real>(vrate, dx), root);
    put(p + at, v128.sub<real>(madd(decay, x, x), change), count);
  }
}
