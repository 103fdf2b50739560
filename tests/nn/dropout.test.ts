import { afterAll, beforeAll, expect, it } from 'vitest';
import * as layers from '../../src/nn/index.ts';
import { scalar } from '../../src/ops/leaf.ts';
import { expand } from '../../src/ops/sum.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { call } from '../support/layers.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

const ones = () => expand(scalar(1), [100, 200]);
const mean = (data: number[]) => data.reduce((a, b) => a + b, 0) / data.length;

it('dropout keeps the mean and scales what it keeps', async () => {
  const { data } = await call(engine, () => layers.dropout(0.25)(ones()), { training: true });
  expect(new Set(data)).toEqual(new Set([0, 4 / 3]));
  expect(mean(data)).toBeCloseTo(1, 1);
});

it('two dropouts drop different elements, one drops the same again', async () => {
  const twice = () => layers.subtract()(layers.dropout(0.5)(ones()), layers.dropout(0.5)(ones()));
  const first = await call(engine, twice, { training: true });
  expect(mean(first.data.map(Math.abs))).toBeCloseTo(1, 1);
  expect((await call(engine, twice, { training: true })).data).toEqual(first.data);
});

it.each([
  ['spatialDropout1D', [40, 7, 60]],
  ['spatialDropout2D', [40, 3, 2, 60]],
  ['spatialDropout3D', [40, 2, 1, 3, 60]],
] as const)('%s drops whole channels', async (type, shape) => {
  const body = () => layers[type]({ keepProb: 0.75 })(expand(scalar(1), shape));
  const { data } = await call(engine, body, { training: true });
  const places = shape.slice(1, -1).reduce<number>((a, b) => a * b, 1);
  const channels = new Map<number, Set<number>>();
  data.forEach((v, i) => {
    const key = Math.floor(i / (places * 60)) * 60 + (i % 60);
    channels.set(key, (channels.get(key) ?? new Set()).add(v));
  });
  expect([...channels.values()].every((seen) => seen.size === 1)).toBe(true);
  expect(new Set(data)).toEqual(new Set([0, 4 / 3]));
  expect(mean(data)).toBeCloseTo(1, 1);
});

it('gaussianDropout keeps the mean and has variance rate/(1 − rate)', async () => {
  const { data } = await call(engine, () => layers.gaussianDropout(0.2)(ones()), {
    training: true,
  });
  expect(mean(data)).toBeCloseTo(1, 1);
  expect(mean(data.map((v) => (v - 1) ** 2))).toBeCloseTo(0.25, 2);
});

it('alphaDropout keeps mean 0 and variance 1', async () => {
  const body = () => {
    const noise = layers.gaussianNoise(1)(expand(scalar(0), [100, 200]));
    return layers.alphaDropout(0.3)(noise);
  };
  const { data } = await call(engine, body, { training: true });
  const dropped = [...data].sort((u, v) => u - v);
  const repeated = dropped.filter((v, i) => v === dropped[i - 1]).length;
  expect(Math.abs(repeated / data.length - 0.3)).toBeLessThan(0.02);
  expect(Math.abs(mean(data))).toBeLessThan(0.04);
  expect(Math.abs(mean(data.map((v) => v * v)) - 1)).toBeLessThan(0.05);
});

it('noise has its standard deviation', async () => {
  const { data } = await call(engine, () => layers.gaussianNoise(0.3)(ones()), {
    training: true,
  });
  expect(mean(data)).toBeCloseTo(1, 1);
  expect(Math.sqrt(mean(data.map((v) => (v - 1) ** 2)))).toBeCloseTo(0.3, 2);
});
