import { expect, test } from 'vitest';
import {
  areaUnderCurve,
  chiSquared,
  chiSquaredTail,
  holm,
  kolmogorov,
  kolmogorovSmirnov,
  normalTail,
} from '../../src/diagnose/statistics.ts';

/** Tabled critical values. */
test.each([
  [3.841458820694124, 1, 0.05],
  [5.991464547107979, 2, 0.05],
  [7.814727903251179, 3, 0.05],
  [11.070497693516351, 5, 0.05],
  [18.307038053275146, 10, 0.05],
  [6.6348966010212145, 1, 0.01],
  [23.209251158954356, 10, 0.01],
  [0, 4, 1],
])('χ² beyond %f with %i degrees: %f', (x, degrees, p) => {
  expect(chiSquaredTail(x, degrees)).toBeCloseTo(p, 10);
});

test.each([
  [1.2238478702170823, 0.1],
  [1.3580986393225505, 0.05],
  [1.6276236115189502, 0.01],
  [0.1, 1],
])('Kolmogorov beyond %f: %f', (t, p) => {
  expect(kolmogorov(t)).toBeCloseTo(p, 6);
});

test.each([
  [0, 0.5],
  [1.959963984540054, 0.025],
  [3.090232306167813, 0.001],
  [5, 2.866515718791939e-7],
])('normal beyond %f: %f', (z, p) => {
  expect(normalTail(z) / p).toBeCloseTo(1, 8);
});

test.each([
  [[1, 2, 3], [1, 2, 3], 0],
  [[1, 2, 3], [4, 5], 1],
  [[1, 1, 2, 2], [1, 2, 2, 2], 0.25],
  [[1, 3, 5, 7], [2, 3, 3, 9], 0.25],
])('distance of %j and %j: %f', (a, b, statistic) => {
  expect(kolmogorovSmirnov(a, b).statistic).toBeCloseTo(statistic, 12);
});

test('χ² of counts by hand, corrected p values, area under the curve', () => {
  const { statistic, p } = chiSquared([10, 20, 0], [20, 10, 0]);
  expect(statistic).toBeCloseTo(20 / 3, 12);
  expect(p).toBeCloseTo(0.009823274507519235, 10);
  expect(chiSquared([5], [9])).toEqual({ statistic: 0, p: 1 });
  expect(holm([0.04, 0.01, 0.03])).toEqual([0.06, 0.03, 0.06]);
  expect(areaUnderCurve([1, 2, 3, 4], [0, 1, 0, 1])).toBe(0.75);
  expect(areaUnderCurve([1, 1, 1], [0, 1, 1])).toBe(0.5);
});
