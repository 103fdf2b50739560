import { describe, expect, test } from 'vitest';
import type { Dataset } from '../../src/data/dataset.ts';
import { Random } from '../../src/data/random.ts';
import { compareDistributions } from '../../src/diagnose/distributions.ts';
import {
  categoryTest,
  chiSquared,
  kolmogorovSmirnov,
  mannWhitney,
} from '../../src/diagnose/statistics.ts';

const NAMES = ['size', 'size again', 'nearly size', 'rounded', 'rare', 'kind', 'seldom', 'no kind'];

/** Numbers and categories, with ties, rare values and features that nearly copy others; labels that depend on them. */
function drawn(n: number, random: Random): Dataset {
  const x = new Float64Array(n * NAMES.length);
  const y = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const [a, u] = [random.normal(), random.uniform()];
    const kind = Math.floor(7 * u * u * u);
    const row = [a, a, a + random.normal() / 50, Math.round(3 * a), Number(a > 2), kind];
    x.set([...row, Number(kind === 6), Number(kind === 0)], i * NAMES.length);
    y[i] = Number(a + random.normal() > 1.5) + Number(kind > 5);
  }
  const data = { data: x, shape: [n, NAMES.length] };
  return { name: 'drawn', task: 'classification', x: data, y, featureNames: NAMES };
}

/** How many of n trials may show what has chance p, but for three standard deviations. */
const most = (n: number, p: number) => n * p + 3 * Math.sqrt(n * p * (1 - p));

describe('200 pairs of equal sets', async () => {
  const random = new Random(7);
  const least: number[] = [];
  const alarms: boolean[] = [];
  for (let pair = 0; pair < 200; pair++) {
    const [n, m] = pair % 2 ? [70, 40] : [230, 120];
    const found = await compareDistributions(drawn(n, random), drawn(m, random), { alpha: 0.1 });
    least.push(Math.min(found.aucP as number, ...found.features.map((f) => f.p)));
    alarms.push(!found.same);
  }

  test.each([0.01, 0.05, 0.1])('alarms at α = %f', (alpha) => {
    expect(least.filter((p) => p < alpha).length).toBeLessThanOrEqual(most(200, alpha));
  });

  test('an alarm is a chance below α, and the tests are not blunt', () => {
    expect(alarms).toEqual(least.map((p) => p < 0.1));
    expect(alarms.filter(Boolean).length).toBeGreaterThan(2);
  });
});

/** Share of random orders of all examples in which the statistic is at least as large, with its standard error. */
function permuted(
  all: readonly number[],
  n: number,
  seed: number,
  statistic: (a: readonly number[], b: readonly number[]) => number,
): { p: number; error: number } {
  const random = new Random(seed);
  const given = statistic(all.slice(0, n), all.slice(n)) - 1e-9;
  const rounds = 4000;
  let reached = 0;
  for (let r = 0; r < rounds; r++) {
    const order = random.shuffle([...all]);
    reached += Number(statistic(order.slice(0, n), order.slice(n)) >= given);
  }
  const p = reached / rounds;
  return { p, error: Math.sqrt(Math.max(p * (1 - p), 1 / rounds) / rounds) };
}

const share = (list: readonly number[], upTo: number) =>
  list.filter((v) => v <= upTo).length / list.length;
const distance = (a: readonly number[], b: readonly number[]) =>
  Math.max(...[...new Set([...a, ...b])].map((v) => Math.abs(share(a, v) - share(b, v))));

const values = (n: number, seed: number, make: (random: Random) => number) => {
  const random = new Random(seed);
  return Array.from({ length: n }, () => make(random));
};

describe('against a permutation test', () => {
  test.each([
    ['without ties', 12, 31, (r: Random) => r.normal(), 0.8],
    ['with ties', 25, 14, (r: Random) => Math.round(2 * r.normal()), 1],
    ['mostly one value', 40, 30, (r: Random) => Math.max(0, r.normal() - 1), 0.5],
  ] as const)('Kolmogorov-Smirnov, %s', (_name, n, m, make, shift) => {
    const all = [...values(n, 1, make), ...values(m, 2, (r) => make(r) + shift)];
    const { p } = kolmogorovSmirnov(all.slice(0, n), all.slice(n));
    const found = permuted(all, n, 3, distance);
    expect(Math.abs(p - found.p)).toBeLessThan(4 * found.error);
  });

  const counts = (list: readonly number[]) =>
    Array.from({ length: 6 }, (_, k) => list.filter((v) => v === k).length);
  const statistic = (a: readonly number[], b: readonly number[]) =>
    chiSquared(counts(a), counts(b)).statistic;

  test.each([
    ['two categories', 10, 14, [0.3, 0.7], 0.01],
    ['two categories, one of them rare', 20, 90, [0.95, 0.05], 0.01],
    ['three categories', 60, 45, [0.3, 0.3, 0.4], 0.02],
  ] as const)('χ², %s', (_name, n, m, shares, tolerance) => {
    const make = (r: Random) => {
      const u = r.uniform();
      return shares.findIndex((_, k) => u < shares.slice(0, k + 1).reduce((s, v) => s + v, 1e-12));
    };
    const all = [...values(n, 4, make), ...values(m, 5, make)];
    const { p } = categoryTest(counts(all.slice(0, n)), counts(all.slice(n)));
    const found = permuted(all, n, 6, statistic);
    expect(Math.abs(p - found.p)).toBeLessThan(tolerance + 3 * found.error);
  });

  test('ranks, with ties', () => {
    const make = (r: Random) => Math.round(4 * r.normal());
    const all = [...values(30, 8, (r) => make(r) + 1), ...values(45, 9, make)];
    const positive = all.map((_, i) => Number(i < 30));
    const above = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, x) => sum + b.reduce((s, y) => s + (x > y ? 1 : x === y ? 0.5 : 0), 0), 0);
    const { p, auc, error } = mannWhitney(all, positive);
    expect(auc).toBeCloseTo(above(all.slice(0, 30), all.slice(30)) / (30 * 45), 12);
    expect(error).toBeCloseTo(Math.sqrt(76 / (12 * 30 * 45)), 2);
    const found = permuted(all, 30, 10, above);
    expect(Math.abs(p - found.p)).toBeLessThan(0.003 + 3 * found.error);
  });
});

test('exact chances by hand', () => {
  // Fisher's tea: 3 of 4 and 1 of 4, at least as uneven: 2·(1 + 16)/70.
  expect(categoryTest([3, 1], [1, 3]).p).toBeCloseTo(34 / 70, 12);
  expect(categoryTest([8, 2], [2, 8]).p).toBeCloseTo((2 * (2025 + 100 + 1)) / 184_756, 12);
  // Two samples that lie apart: 2 of the (n + m)! / (n! m!) orders.
  expect(kolmogorovSmirnov([1, 2, 3], [4, 5, 6]).p).toBeCloseTo(2 / 20, 12);
  expect(kolmogorovSmirnov([1, 1, 1], [1, 1]).p).toBe(1);
  // Rare categories count together.
  expect(categoryTest([50, 1, 0, 1, 0], [100, 0, 1, 1, 1]).p).toBeGreaterThan(0.5);
});
