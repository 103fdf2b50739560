import { exp } from '../optim/math.ts';
import { OptionError } from '../runtime/errors.ts';

export interface TestResult {
  readonly statistic: number;
  /** Chance of a statistic at least as large when both samples come from one distribution. */
  readonly p: number;
}

/** Up to so many pairs of examples the chance of a distance is counted; beyond, the limit distribution is near enough. */
const COUNTED = 40_000;

/**
 * Two-sample test of Kolmogorov and Smirnov: the largest distance of the empirical distributions; ties count once. The
 * chance is exact for small samples, given the ties, else by the limit distribution with Stephens' correction (1970). Throws
 * for an empty sample.
 */
export function kolmogorovSmirnov(a: ArrayLike<number>, b: ArrayLike<number>): TestResult {
  if (a.length === 0 || b.length === 0)
    throw new OptionError(`kolmogorovSmirnov: samples of ${a.length} and ${b.length}`);
  const [x, y] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()];
  let [i, j, statistic] = [0, 0, 0];
  /** Numbers of examples up to each value. */
  const ends = new Set<number>();
  while (i < x.length || j < y.length) {
    const value = Math.min(x[i] ?? Infinity, y[j] ?? Infinity);
    while (x[i] === value) i++;
    while (y[j] === value) j++;
    ends.add(i + j);
    statistic = Math.max(statistic, Math.abs(i / x.length - j / y.length));
  }
  if (x.length * y.length <= COUNTED)
    return { statistic, p: exactKolmogorov(x.length, y.length, statistic, ends) };
  const n = Math.sqrt((x.length * y.length) / (x.length + y.length));
  return { statistic, p: kolmogorov((n + 0.12 + 0.11 / n) * statistic) };
}

/**
 * Chance that n and m examples in random order come so far apart at one of the `ends`: each order is a path from (0, 0) to
 * (n, m), and the paths that leave the band are added up where they leave it.
 */
export function exactKolmogorov(
  n: number,
  m: number,
  statistic: number,
  ends: ReadonlySet<number>,
): number {
  const far = statistic - 1e-9;
  let p = 0;
  const column = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j <= m; j++) {
      const left = n + m - i - j + 1;
      const across = i > 0 ? ((column[j] as number) * (n - i + 1)) / left : 0;
      const up = j > 0 ? ((column[j - 1] as number) * (m - j + 1)) / left : 0;
      const chance = i + j === 0 ? 1 : across + up;
      const leaves = ends.has(i + j) && Math.abs(i / n - j / m) >= far;
      if (leaves) p += chance;
      column[j] = leaves ? 0 : chance;
    }
  }
  return Math.min(1, p);
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

/** Expected count below which a category is put together with others (Cochran 1954). */
const RARE = 5;

/**
 * χ² test of counts by category whose chance holds for few examples too: rare categories are put together, and that of two
 * categories is exact, given how often each is there.
 */
export function categoryTest(a: readonly number[], b: readonly number[]): TestResult {
  const [first, second] = withoutRare(a, b);
  const test = chiSquared(first, second);
  if (first.length !== 2) return test;
  const [[x, rest], [y, other]] = [first, second] as [[number, number], [number, number]];
  return { ...test, p: exactTwoByTwo(x, x + rest, y, y + other) };
}

/** The counts by category, the rarest put together until each is expected often enough in both, or two are left. */
function withoutRare(a: readonly number[], b: readonly number[]): [number[], number[]] {
  const [n, m] = [a, b].map((list) => list.reduce((sum, x) => sum + x, 0)) as [number, number];
  const least = Math.min(n, m) / (n + m);
  const size = ([x, y]: readonly [number, number]) => x + y;
  const cells = a
    .map((x, i): [number, number] => [x, b[i] ?? 0])
    .filter((cell) => size(cell) > 0)
    .sort((s, t) => size(s) - size(t));
  while (cells.length > 2 && size(cells[0] as [number, number]) * least < RARE) {
    const [[x, y], [u, v]] = cells.splice(0, 2) as [[number, number], [number, number]];
    cells.push([x + u, y + v]);
    cells.sort((s, t) => size(s) - size(t));
  }
  return [cells.map(([x]) => x), cells.map(([, y]) => y)];
}

/**
 * Chance that of n and m examples, x + y of which have a property, at least so uneven numbers have it: all outcomes that are as
 * far from the expected one, in the hypergeometric distribution.
 */
export function exactTwoByTwo(x: number, n: number, y: number, m: number): number {
  const have = x + y;
  const expected = (n * have) / (n + m);
  const far = Math.abs(x - expected) - 1e-9;
  const [low, high] = [Math.max(0, have - m), Math.min(n, have)];
  const start = Math.min(high, Math.max(low, Math.round(expected)));
  let [all, beyond] = [0, 0];
  const add = (k: number, weight: number) => {
    all += weight;
    if (Math.abs(k - expected) >= far) beyond += weight;
  };
  let weight = 1;
  for (let k = start; k <= high && weight > 0; k++) {
    add(k, weight);
    weight *= ((n - k) * (have - k)) / ((k + 1) * (m - have + k + 1));
  }
  weight = 1;
  for (let k = start; k > low && weight > 0; k--) {
    weight *= (k * (m - have + k)) / ((n - k + 1) * (have - k + 1));
    add(k - 1, weight);
  }
  return Math.min(1, beyond / all);
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

export interface RankTest {
  /** Area under the ROC curve. */
  readonly auc: number;
  /** Standard error of the area if scores say nothing. */
  readonly error: number;
  /** Chance of so large an area then. */
  readonly p: number;
}

/**
 * Do positives score above the others? One-sided test of Mann and Whitney (1947): normal approximation with corrections for
 * ties and for continuity.
 */
export function mannWhitney(scores: ArrayLike<number>, positive: ArrayLike<number>): RankTest {
  const { auc, count, others, ties } = ranked(scores, positive);
  const [n, pairs] = [count + others, count * others];
  const variance = (pairs / 12) * (n + 1 - ties / (n * (n - 1)));
  const error = Math.sqrt(variance);
  const z = error > 0 ? (pairs * (auc - 0.5) - 0.5) / error : 0;
  return { auc, error: error / pairs, p: z > 0 ? normalTail(z) : 1 - normalTail(-z) };
}

/** Area under the ROC curve: the chance that one of the positives scores above one of the negatives, ties half. */
export function areaUnderCurve(scores: ArrayLike<number>, positive: ArrayLike<number>): number {
  return ranked(scores, positive).auc;
}

/** That area, how many there are of both, and Σ(t³ − t) over the lengths of ties. */
function ranked(scores: ArrayLike<number>, positive: ArrayLike<number>) {
  const order = Array.from(scores, (_, i) => i).sort(
    (i, j) => (scores[i] as number) - (scores[j] as number),
  );
  let [ranks, count, ties] = [0, 0, 0];
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && scores[order[to] as number] === scores[order[from] as number]) to++;
    for (let i = from; i < to; i++) {
      if (!positive[order[i] as number]) continue;
      ranks += (from + 1 + to) / 2;
      count++;
    }
    const length = to - from;
    ties += length * (length * length - 1);
    from = to;
  }
  const others = order.length - count;
  const auc = (ranks - (count * (count + 1)) / 2) / (count * others);
  return { auc, count, others, ties };
}
