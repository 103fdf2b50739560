import { expect, test } from 'vitest';
import { kFold } from '../../src/data/folds.ts';

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

test.each([
  [10, 2],
  [11, 5],
  [7, 7],
])('%i examples in %i folds: each held out once', (n, k) => {
  const folds = [...kFold(n, k, { seed: 3 })];
  expect(folds).toHaveLength(k);
  expect(folds.flatMap((f) => [...f.dev]).sort((a, b) => a - b)).toEqual(range(n));
  for (const { train, dev } of folds) {
    expect([...train, ...dev].sort((a, b) => a - b)).toEqual(range(n));
    expect(Math.abs(dev.length - n / k)).toBeLessThan(1);
  }
  expect([...kFold(n, k, { seed: 3 })]).toEqual(folds);
  expect([...kFold(n, k, { seed: 4 })]).not.toEqual(folds);
});

test('classes in proportion, groups whole', () => {
  const labels = range(60).map((i) => (i < 20 ? 'a' : 'b'));
  for (const { dev } of kFold(60, 5, { labels }))
    expect([...dev].filter((i) => labels[i] === 'a')).toHaveLength(4);
  const groups = range(60).map((i) => Math.floor(i / 6));
  for (const { train, dev } of kFold(60, 5, { groups })) {
    const held = new Set([...dev].map((i) => groups[i]));
    expect([...train].some((i) => held.has(groups[i]))).toBe(false);
    expect(dev).toHaveLength(12);
  }
});

test.each([
  [5, 1, {}, /1 folds of 5/],
  [5, 6, {}, /6 folds/],
  [5, 2, { labels: [1] }, /1 labels for 5/],
  [4, 3, { groups: [1, 1, 2, 2] }, /2 groups for 3 folds/],
])('%i examples in %i folds with %o', (n, k, options, message) => {
  expect(() => [...kFold(n, k, options)]).toThrow(message);
});
