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
