import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  lenet5,
  mobileNetV2,
  type NetworkOptions,
  resnet,
  vgg,
} from '../examples/support/models.ts';
import { adam, createEngine, type Engine, freeze, type Model } from '../src/index.ts';
import { spread } from './cases/case.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'simd' });
});
afterAll(() => engine.dispose());

type Make = (options: NetworkOptions) => Model;

/** Parameters counted by hand: kernels, biases, and four numbers a channel for each batch normalisation. */
const NETWORKS: [string, Make, size: number, channels: number, parameters: number][] = [
  ['lenet5', lenet5, 28, 1, 61_706],
  ['vgg', (o) => vgg({ ...o, filters: [8, 16] }), 16, 3, 38_482],
  ['resnet', (o) => resnet({ ...o, width: 8 }), 16, 3, 20_290],
  ['mobileNetV2', mobileNetV2, 16, 3, 48_266],
];

test.each(NETWORKS)('%s learns its first examples', async (name, make, size, channels, count) => {
  const [n, classes] = [12, 3];
  using net = make({ inputShape: [size, size, channels], engine });
  net.compile({
    optimizer: adam({ learningRate: 0.003 }),
    loss: 'sparseCategoricalCrossentropy',
  });
  const shape = [n, size, size, channels];
  const x = { data: Float32Array.from(spread(shape, 3, -1, 1).data), shape };
  const y = Int32Array.from({ length: n }, (_, i) => i % classes);
  const { history } = await net.fit(x, y, { epochs: 8, batchSize: n });
  expect(net.name).toBe(name);
  const { loss = [] } = history;
  expect(loss[0]).toBeLessThan(4);
  expect(loss.at(-1)).toBeLessThan(0.6 * (loss[0] as number));
  const weights = await net.getWeights();
  expect(weights.reduce((sum, w) => sum + w.data.length, 0)).toBe(count);
  using folded = await freeze(net);
  expect(folded.weightNames.filter((w) => w.includes('moving'))).toEqual([]);
  const [before, after] = [await net.predict(x), await folded.predict(x)];
  before.data.forEach((v, i) => {
    expect(Math.abs((after.data[i] as number) - v)).toBeLessThan(1e-5);
  });
});
