import { MOMENT_MIN, Table } from '../math/table';
import { In, InAll, InOut, Step, shareStart } from '../share';
import { LANES, madd, splat } from '../simd';
import { stepNumber } from '../step';
import { allowed, decayOf, Part, power, rateOf } from '../update';

class Sgd {
  @inline static at(p: usize, g: usize, count: i32, rate: v128, decay: v128): void {
    const x = Part.get(p, count);
    Part.put(p, madd(rate, Part.get(g, count), madd(decay, x, x)), count);
  }
}

/** p ← p − rate·weightDecay·p, then p ← p − rate·g. */
export function sgd(
  p: InOut,
  g: In,
  n: i32,
  unit: i32,
  factor: f64,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const alpha = rateOf(step, factor);
  const decay = decayOf(alpha, weightDecay);
  const rate = splat(<real>-alpha);
  const last = shareStart(n, unit, tid + 1, threads);
  let i = shareStart(n, unit, tid, threads);
  p += <usize>i * sizeof<real>();
  g += <usize>i * sizeof<real>();
  for (; i + LANES <= last; i += LANES, p += 16, g += 16) Sgd.at(p, g, LANES, rate, decay);
  if (i < last) Sgd.at(p, g, last - i, rate, decay);
}

class Momentum {
  @inline static at(
    p: usize,
    g: usize,
    m: usize,
    count: i32,
    mu: v128,
    nesterov: bool,
    rate: v128,
    decay: v128,
    least: v128,
  ): void {
    const x = Part.get(p, count);
    const move = v128.mul<real>(rate, Part.get(g, count));
    const moment = Part.putMoment(m, madd(mu, Part.get(m, count), move), least, count);
    const change = nesterov ? madd(mu, moment, move) : moment;
    Part.put(p, v128.add<real>(madd(decay, x, x), change), count);
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
  factor: f64,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const mu = splat(<real>momentum);
  const alpha = rateOf(step, factor);
  const decay = decayOf(alpha, weightDecay);
  const rate = splat(<real>-alpha);
  const least = Table.get<real>(MOMENT_MIN);
  const ahead = nesterov != 0;
  const last = shareStart(n, unit, tid + 1, threads);
  let i = shareStart(n, unit, tid, threads);
  let at = <usize>i * sizeof<real>();
  for (; i + LANES <= last; i += LANES, at += 16)
    Momentum.at(p + at, g + at, m + at, LANES, mu, ahead, rate, decay, least);
  if (i < last) Momentum.at(p + at, g + at, m + at, last - i, mu, ahead, rate, decay, least);
}

class Rmsprop {
  /** mg, m: 0 for none; `inner` and `outer` are what is added under and behind the root. */
  @inline static at(
    p: usize,
    g: usize,
    v: usize,
    mg: usize,
    m: usize,
    count: i32,
    rho: v128,
    fresh: v128,
    mu: v128,
    inner: v128,
    outer: v128,
    rate: v128,
    decay: v128,
    least: v128,
  ): void {
    const x = Part.get(p, count);
    const dx = Part.get(g, count);
    const squares = v128.mul<real>(fresh, v128.mul<real>(dx, dx));
    let d = Part.putSquare(v, madd(rho, Part.get(v, count), squares), least, count);
    if (mg != 0) {
      const mean = madd(rho, Part.get(mg, count), v128.mul<real>(fresh, dx));
      const stored = Part.putMoment(mg, mean, least, count);
      d = v128.max<real>(v128.sub<real>(d, v128.mul<real>(stored, stored)), splat(0));
    }
    const root = v128.add<real>(v128.sqrt<real>(v128.add<real>(d, inner)), outer);
    let change = v128.div<real>(v128.mul<real>(rate, dx), root);
    if (m != 0) change = Part.putMoment(m, madd(mu, Part.get(m, count), change), least, count);
    Part.put(p, v128.sub<real>(madd(decay, x, x), change), count);
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
  const mu = splat(<real>momentum);
  const inner = splat(outside ? 0 : <real>epsilon);
  const outer = splat(outside ? <real>epsilon : 0);
  const rate = splat(<real>rateOf(step, factor));
  const decay = decayOf(rateOf(step, factor), weightDecay);
  const least = Table.get<real>(MOMENT_MIN);
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const means = mg == 0 ? <usize>0 : mg + at;
    const moments = m == 0 ? <usize>0 : m + at;
    const count = last - i;
    if (count >= LANES)
      Rmsprop.at(
        p + at,
        g + at,
        v + at,
        means,
        moments,
        LANES,
        keep,
        fresh,
        mu,
        inner,
        outer,
        rate,
        decay,
        least,
      );
    else
      Rmsprop.at(
        p + at,
        g + at,
        v + at,
        means,
        moments,
        count,
        keep,
        fresh,
        mu,
        inner,
        outer,
        rate,
        decay,
        least,
      );
  }
}

class Adam {
  /** vmax: 0 for none. */
  @inline static at(
    p: usize,
    g: usize,
    m: usize,
    v: usize,
    vmax: usize,
    count: i32,
    alpha: v128,
    fresh1: v128,
    fresh2: v128,
    epsilon: v128,
    decay: v128,
    least: v128,
  ): void {
    const x = Part.get(p, count);
    const dx = Part.get(g, count);
    const m0 = Part.get(m, count);
    const v0 = Part.get(v, count);
    const m1 = Part.putMoment(m, madd(v128.sub<real>(dx, m0), fresh1, m0), least, count);
    const square = v128.sub<real>(v128.mul<real>(dx, dx), v0);
    let v1 = Part.putSquare(v, madd(square, fresh2, v0), least, count);
    if (vmax != 0) {
      v1 = v128.max<real>(v1, Part.get(vmax, count));
      Part.put(vmax, v1, count);
    }
    const root = v128.add<real>(v128.sqrt<real>(v1), epsilon);
    const change = v128.div<real>(v128.mul<real>(alpha, m1), root);
    Part.put(p, v128.sub<real>(madd(decay, x, x), change), count);
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
  factor: f64,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const rate = rateOf(step, factor);
  const root = sqrt<f64>(1 - power(beta2, stepNumber(step)));
  const alpha = splat(<real>((rate * root) / (1 - power(beta1, stepNumber(step)))));
  const eps = splat(<real>(outside ? epsilon * root : epsilon));
  const fresh1 = splat(<real>(1 - beta1));
  const fresh2 = splat(<real>(1 - beta2));
  const decay = decayOf(rate, weightDecay);
  const least = Table.get<real>(MOMENT_MIN);
  const last = shareStart(n, unit, tid + 1, threads);
  for (let i = shareStart(n, unit, tid, threads); i < last; i += LANES) {
    const at = <usize>i * sizeof<real>();
    const most = vmax == 0 ? <usize>0 : vmax + at;
    const count = last - i;
    if (count >= LANES)
      Adam.at(
        p + at,
        g + at,
        m + at,
        v + at,
        most,
        LANES,
        alpha,
        fresh1,
        fresh2,
        eps,
        decay,
        least,
      );
    else
      Adam.at(
        p + at,
        g + at,
        m + at,
        v + at,
        most,
        count,
        alpha,
        fresh1,
        fresh2,
        eps,
        decay,
        least,
      );
  }
}

class Adagrad {
  @inline static at(
    p: usize,
    g: usize,
    a: usize,
    count: i32,
    inner: v128,
    outer: v128,
    rate: v128,
    decay: v128,
    least: v128,
  ): void {
    const x = Part.get(p, count);
    const dx = Part.get(g, count);
    const sum = Part.putSquare(a, madd(dx, dx, Part.get(a, count)), least, count);
    const root = v128.add<real>(v128.sqrt<real>(v128.add<real>(sum, inner)), outer);
    const change = v128.div<real>(v128.mul<real>(rate, dx), root);
    Part.put(p, v128.sub<real>(madd(decay, x, x), change), count);
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
  factor: f64,
  weightDecay: f64,
  guard: InAll,
  step: Step,
  tid: i32,
  threads: i32,
): void {
  if (!allowed(guard)) return;
  const inner = splat(outside ? 0 : <real>epsilon);
  const outer = splat(outside ? <real>epsilon : 0);
  const rate = splat(<real>rateOf(step, factor));
  const decay = decayOf(rateOf(step, factor), weightDecay);
  const least = Table.get<real>(MOMENT_MIN);
  const last = shareStart(n, unit, tid + 1, threads);
  let i = shareStart(n, unit, tid, threads);
  let at = <usize>i * sizeof<real>();
  for (; i + LANES <= last; i += LANES, at += 16)
    Adagrad.at(p + at, g + at, a + at, LANES, inner, outer, rate, decay, least);
  if (i < last) Adagrad.at(p + at, g + at, a + at, last - i, inner, outer, rate, decay, least);
}
