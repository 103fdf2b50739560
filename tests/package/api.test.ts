import { expect, test } from 'vitest';
import * as wasmgrad from '../../src/index.ts';

test('no flat name means something else among the ops', () => {
  const { layers, ops, ...flat } = wasmgrad;
  const clashes = Object.entries(flat).filter(
    ([name, value]) => name in ops && ops[name as keyof typeof ops] !== value,
  );
  expect(clashes.map(([name]) => name)).toEqual([]);
  expect(Object.keys(layers)).toContain('dense');
});

test.each([
  'losses',
  'metrics',
  'optimizers',
  'schedules',
  'initializers',
  'regularizers',
] as const)('%s are functions by name', (table) => {
  const entries = Object.entries(wasmgrad[table]);
  expect(entries.length).toBeGreaterThan(2);
  for (const [, make] of entries) expect(make).toBeTypeOf('function');
});

test('data and formats come as promises, from modules that load when they are called', async () => {
  const { datasets, diagnose, kFold, readNpy, splitDataset, writeNpy } = wasmgrad;
  const points = await datasets.moons(10);
  const { train } = await splitDataset(points);
  expect(train.x.shape).toEqual([6, 2]);
  expect(await readNpy(await writeNpy({ data: Float32Array.of(1, 2), shape: [2] }))).toEqual({
    data: Float32Array.of(1, 2),
    shape: [2],
    dtype: 'F32',
  });
  const folds = [];
  for await (const { dev } of kFold(6, 3)) folds.push(dev.length);
  expect(folds).toEqual([2, 2, 2]);
  const { verdict } = await diagnose({ trainError: 0.01, devError: 0.11 });
  expect(verdict).toBe('high variance');
  await expect(datasets.digits(-1)).rejects.toThrow('digits: -1 examples');
});
