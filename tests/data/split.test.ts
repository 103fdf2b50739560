import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Dataset } from '../../src/data/dataset.ts';
import { recordsFrom } from '../../src/data/preprocess.ts';
import {
  PARTS,
  recommendSplit,
  splitDataset,
  splitIndices,
  splitRecords,
  takeExamples,
} from '../../src/data/split.ts';
import { DataError, OptionError } from '../../src/runtime/errors.ts';

test.each([
  [10, 2],
  [10_000, 2000],
  [60_000, 2404],
  [505_000, 6000],
  [1_000_000, 10_000],
  [4_000_000, 10_000],
  [8_000_000, 20_000],
])('%i examples: %i for development, as many for the test', (n, held) => {
  const { train, dev, test } = recommendSplit(n);
  expect([Math.round(dev * n), Math.round(test * n)]).toEqual([held, held]);
  expect(train + dev + test).toBeCloseTo(1, 12);
});

test.each([
  [9_999_999, 0.995, 0.0025, 0.0025],
  [10_000_000, 0.995, 0.004, 0.001],
  [1e9, 0.995, 0.004, 0.001],
])('%i examples: shares of %d, %d and %d', (n, train, dev, test) => {
  const found = recommendSplit(n);
  expect([found.train, found.dev, found.test].map((f) => Number(f.toFixed(12)))).toEqual([
    train,
    dev,
    test,
  ]);
});

test.each([
  [10_000_000, 0.996],
  [5000, 0.7],
  [1_000_000, 0.99],
])('%i examples without a test set: %d to learn from', (n, share) => {
  const { train, dev, test: rest } = recommendSplit(n, { test: false });
  expect(train).toBeCloseTo(share, 12);
  expect([train + dev, rest]).toEqual([1, 0]);
});

const sizesOf = (parts: Record<string, ArrayLike<unknown>>) =>
  PARTS.map((p) => parts[p]?.length ?? 0);

test('every example in one part, classes in proportion, the same for the same seed', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(3), { minLength: 20, maxLength: 200 }),
      fc.nat(),
      (labels, seed) => {
        const n = labels.length;
        const parts = splitIndices(n, { labels, seed });
        expect(splitIndices(n, { labels, seed })).toEqual(parts);
        expect(PARTS.flatMap((p) => [...parts[p]]).sort((a, b) => a - b)).toEqual(
          labels.map((_, i) => i),
        );
        expect(sizesOf(parts)).toEqual(sizesOf(splitIndices(n, { seed: seed + 1 })));
        for (const k of new Set(labels)) {
          const of = (list: ArrayLike<number>) =>
            Array.from(list).filter((i) => labels[i] === k).length;
          const all = labels.filter((l) => l === k).length;
          expect(of(parts.train)).toBeGreaterThanOrEqual(1);
          PARTS.forEach((p) => {
            expect(Math.abs(of(parts[p]) - (all * parts[p].length) / n)).toBeLessThan(2);
          });
        }
      },
    ),
    { numRuns: 60, seed: 5 },
  );
});

test('groups are never cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(20), { minLength: 60, maxLength: 200 }),
      fc.nat(),
      (groups, seed) => {
        const parts = splitIndices(groups.length, { groups, seed });
        const sets = PARTS.map((p) => new Set(Array.from(parts[p], (i) => groups[i])));
        expect(sets.reduce((n, s) => n + s.size, 0)).toBe(new Set(groups).size);
        expect(Math.min(...sets.map((s) => s.size))).toBeGreaterThan(0);
        expect(parts.train.length / groups.length).toBeGreaterThan(0.4);
      },
    ),
    { numRuns: 60, seed: 5 },
  );
});

test.each<[string, () => unknown, new (m: string) => Error, string]>([
  [
    'shares above 1',
    () => splitIndices(10, { fractions: { train: 0.9, dev: 0.2 } }),
    OptionError,
    'shares that add up to 1',
  ],
  [
    'negative share',
    () => splitIndices(10, { fractions: { train: 1.2, dev: -0.2 } }),
    OptionError,
    'shares that add up to 1',
  ],
  ['too few', () => splitIndices(2), DataError, '2 examples are too few for 0.6, 0.2, 0.2'],
  [
    'labels of other length',
    () => splitIndices(10, { labels: [1] }),
    DataError,
    '1 labels for 10 examples',
  ],
  [
    'two groups for three parts',
    () => splitIndices(10, { groups: 'aaaaabbbbb' }),
    DataError,
    '2 groups for 3 parts',
  ],
  [
    'no such column',
    () => splitRecords(recordsFrom([{ a: 1 }]), { stratify: 'b' }),
    DataError,
    'no column "b"',
  ],
])('%s', (_, split, type, message) => {
  expect(split).toThrow(type);
  expect(split).toThrow(message);
});

const dataset: Dataset = {
  name: 'd',
  task: 'classification',
  x: { data: Uint8Array.from({ length: 40 }, (_, i) => i), shape: [10, 2, 2], scale: 1 / 255 },
  y: Int32Array.from({ length: 10 }, (_, i) => i % 2),
  classNames: ['a', 'b'],
};

test('a data set: examples keep their targets; parts without a share are left out', () => {
  const { train, dev, ...rest } = splitDataset(dataset, { fractions: { dev: 0.2 } });
  expect(rest).toEqual({});
  expect([train.x.shape, dev?.x.shape, train.x.scale]).toEqual([[8, 2, 2], [2, 2, 2], 1 / 255]);
  for (const d of [train, dev as Dataset]) {
    Array.from(d.y as Int32Array).forEach((k, i) => {
      expect(((d.x.data[4 * i] as number) / 4) % 2).toBe(k);
    });
  }
  const values = {
    ...dataset,
    task: 'regression' as const,
    y: { data: Float32Array.from({ length: 10 }, (_, i) => i), shape: [10, 1] },
  };
  expect(takeExamples(values, [3, 0]).y).toEqual({ data: Float32Array.of(3, 0), shape: [2, 1] });
  expect(() => takeExamples(dataset, [10])).toThrow('row 10 of data with shape [10,2,2]');
});

test('rows of a table', () => {
  const records = recordsFrom(Array.from({ length: 10 }, (_, i) => ({ x: i, y: i % 2 })));
  const { train, dev, test: held } = splitRecords(records, { stratify: 'y', seed: 4 });
  expect([train, dev, held].map((r) => r?.rows.length)).toEqual([6, 2, 2]);
  expect(held?.rows.map((r) => r[1]).sort()).toEqual(['0', '1']);
});

test.each<[unknown, string]>([
  [0.8, 'options are 0.8, expected an object'],
  [{ fractions: { trian: 0.8, dev: 0.1, test: 0.1 } }, 'did you mean "train"?'],
  [{ fractions: { train: 0.5, dev: 0.5, tset: 0.1 } }, 'did you mean "test"?'],
])('splitDataset refuses %j', (options, message) => {
  const x = { data: new Float32Array(20), shape: [20, 1] };
  const split = () => splitDataset({ x, y: new Int32Array(20) } as never, options as never);
  expect(split).toThrow(message);
});
