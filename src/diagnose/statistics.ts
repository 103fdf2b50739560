import { exp } from '../optim/math.ts';
import { OptionError } from '../runtime/errors.ts';

export interface TestResult {
  readonly statistic: number;
  /** Chance of a statistic at least as large when both samples come from one distribution. */
  readonly p: number;
}

/**
 * Two-sample test of Kolmogorov and Smirnov: the largest distance of the empirical distributions; ties count once. The
 * chance by the asymptotic distribution with Stephens' correction for small samples (1970). Throws for an empty sample.
 */
export function kolmogorovSmirnov(a: ArrayLike<number>, b: ArrayLike<number>): TestResult {
  if (a.length === 0 || b.length === 0)
    throw new OptionError(`kolmogorovSmirnov: samples of ${a.length} and ${b.length}`);
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()];
  let [i, j, statistic] = [0, 0, 0];
  while (i < x.length && j < y.length) {
    const value = Math.min(x[i] as number, y[j] as number);
    while (x[i] === value) i++;
    while (y[j] === value) j++;
    statistic = Math.max(statistic, Math.abs(i / x.length - j / y.length));
  }
  const n = Math.sqrt((x.length * y.length) / (x.length + y.length));
  return { statistic, p: kolmogorov((n + 0.12 + 0.11 / n) * statistic) };
}

/** Chance that Kolmogorov's statistic exceeds t: 2 Σ (−1)^(k−1) e^(−2 k² t²). */
export function kolmogorov(t: number): number {
  if (t < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) {
    const term = exp(-2 * k * k * t * t);
    sum += k % 2 ? term : -term;
    if (term < 1e-16) break;
  }
  return Math.min(1, Math.max(0, 2 * sum));
}

/** χ² test that two lists of counts by category come from one distribution; categories without counts are left out. */
export function chiSquared(a: readonly number[], b: readonly number[]): TestResult {
  const [n, m] = [a, b].map((list) => list.reduce((sum, x) => sum + x, 0)) as [number, number];
  let [statistic, categories] = [0, 0];
  a.forEach((x, i) => {
    const y = b[i] ?? 0;
    const all = x + y;
    if (all === 0 || n === 0 || m === 0) return;
    categories++;
    const [ex, ey] = [(all * n) / (n + m), (all * m) / (n + m)];
    statistic += (x - ex) * (x - ex) * (1 / ex + 1 / ey);
  });
  return { statistic, p: categories < 2 ? 1 : chiSquaredTail(statistic, categories - 1) };
}

/** Chance that χ² with so many degrees of freedom exceeds x: the finite sums for even and odd degrees. */
export function chiSquaredTail(x: number, degrees: number): number {
  if (x <= 0) return 1;
  const half = x / 2;
  const odd = degrees % 2;
  let term = odd ? exp(-half) / Math.sqrt(Math.PI * half) : exp(-half);
  let tail = odd ? 2 * normalTail(Math.sqrt(x)) : term;
  for (let k = 1; k < (degrees + odd) / 2; k++) {
    term *= half / (k - odd / 2);
    tail += term;
  }
  return Math.min(1, tail);
}

/** Chance that a standard normal number exceeds z ≥ 0: series near 0, continued fraction further out. */
export function normalTail(z: number): number {
  const density = exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let [term, sum] = [z, z];
    for (let k = 1; k < 100; k++) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let k = 60; k >= 1; k--) fraction = z + k / fraction;
  return density / fraction;
}

/** p values corrected for their number (Holm 1979): still below α with chance at most α that any is wrongly so. */
export function holm(p: readonly number[]): number[] {
  const order = p.map((_, i) => i).sort((i, j) => (p[i] as number) - (p[j] as number));
  const corrected = [...p];
  let least = 0;
  order.forEach((i, rank) => {
    least = Math.max(least, Math.min(1, (p.length - rank) * (p[i] as number)));
    corrected[i] = least;
  });
  return corrected;
}

/** Area under the ROC curve: the chance that one of the positives scores above one of the negatives, ties half. */
export function areaUnderCurve(scores: ArrayLike<number>, positive: ArrayLike<number>): number {
  const order = Array.from(scores, (_, i) => i).sort(
    (i, j) => (scores[i] as number) - (scores[j] as number),
  );
  let [ranks, count] = [0, 0];
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && scores[order[to] as number] === scores[order[from] as number]) to++;
    for (let i = from; i < to; i++) {
      if (!positive[order[i] as number]) continue;
      ranks += (from + 1 + to) / 2;
      count++;
    }
    from = to;
  }
  const others = order.length - count;
  return count && others ? (ranks - (count * (count + 1)) / 2) / (count * others) : Number.NaN;
}
