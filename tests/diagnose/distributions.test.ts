import { expect, test } from 'vitest';
import type { Dataset } from '../../src/data/dataset.ts';
import { Random } from '../../src/data/random.ts';
import { checkSplits, compareDistributions } from '../../src/diagnose/distributions.ts';
import { DataError } from '../../src/runtime/errors.ts';

/** Four features of normals and a label; the second is moved, the label more often 1. */
function made(n: number, seed: number, { shift = 0, ones = 0.5 } = {}): Dataset {
  const random = new Random(seed);
  const data = Float64Array.from(
    { length: n * 4 },
    (_, i) => random.normal() + (i % 4 === 1 ? shift : 0),
  );
  const y = Int32Array.from({ length: n }, () => Number(random.uniform() < ones));
  const featureNames = ['a', 'b', 'c', 'd'];
  return {
    name: `set ${seed}`,
    task: 'classification',
    x: { data, shape: [n, 4] },
    y,
    featureNames,
  };
}

test.each([1, 2, 3])('two sets of one distribution, seed %i', async (seed) => {
  const found = await compareDistributions(made(400, 2 * seed), made(300, 2 * seed + 1));
  expect(found.same).toBe(true);
  expect(found.verdict).toBe('nothing speaks against one distribution');
  expect(Math.abs((found.auc as number) - 0.5)).toBeLessThan(0.1);
});

test('a moved feature, and classes in other shares, are named', async () => {
  const moved = await compareDistributions(made(400, 1), made(300, 2, { shift: 1 }));
  expect(moved).toMatchObject({ same: false });
  expect(moved.features[0]).toMatchObject({ name: 'b', test: 'Kolmogorov-Smirnov' });
  expect(moved.auc).toBeGreaterThan(0.65);
  expect(moved.verdict).toMatch(/: 1 feature differs, most of all b \(p = .*an area of 0\.\d+/);
  const options = { classifier: false };
  const classes = await compareDistributions(made(400, 1), made(300, 2, { ones: 0.8 }), options);
  expect(classes.features[0]).toMatchObject({ name: 'label', test: 'chi-squared' });
  expect(classes).not.toHaveProperty('auc');
});

test('splits: dev against test decides, training is told', async () => {
  const options = { classifier: false };
  const [train, dev, test] = [made(400, 1, { shift: 1 }), made(200, 2), made(200, 3)];
  const found = await checkSplits({ train, dev, test }, options);
  expect(found.same).toBe(true);
  expect(found.trainDev?.same).toBe(false);
  expect(found.verdict).toMatch(/training and development set: the distributions differ/);
  await expect(compareDistributions(made(9, 1), dev)).rejects.toThrow(DataError);
});
