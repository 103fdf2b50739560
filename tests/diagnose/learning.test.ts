import { expect, test } from 'vitest';
import { digits } from '../../src/data/datasets.ts';
import { takeExamples } from '../../src/data/split.ts';
import { learningCurve } from '../../src/diagnose/learningCurve.ts';
import { learningRateFinder } from '../../src/diagnose/rateFinder.ts';
import { dense } from '../../src/nn/dense.ts';
import { flatten } from '../../src/nn/index.ts';
import { adam } from '../../src/optim/index.ts';
import { sequential } from '../../src/train/model.ts';

const all = await digits(1200, { size: 16 });
const part = (from: number, to: number) =>
  takeExamples(
    all,
    Int32Array.from({ length: to - from }, (_, i) => from + i),
  );
const data = { train: part(0, 800), dev: part(800, 1200) };

const perceptron = (units: number) => () => {
  const net = sequential([
    flatten(),
    dense(units, { activation: 'relu' }),
    dense(10, { activation: 'softmax' }),
  ]);
  const loss = 'sparseCategoricalCrossentropy';
  return net.compile({ optimizer: adam({ learningRate: 0.003 }), loss, metrics: ['accuracy'] });
};

test('larger networks gain more from more data', async () => {
  const models = { small: perceptron(2), large: perceptron(64) };
  const curve = await learningCurve(models, data, [800, 60], { fit: { epochs: 25 } });
  expect(curve.points.map((p) => [p.model, p.examples])).toEqual([
    ['small', 60],
    ['small', 800],
    ['large', 60],
    ['large', 800],
  ]);
  const [small60, small800, large60, large800] = curve.points.map((p) => p.devError) as [
    number,
    number,
    number,
    number,
  ];
  expect(large60 - large800).toBeGreaterThan(small60 - small800);
  expect(large800).toBeLessThan(small800);
  expect(String(curve)).toMatch(/large +800/);
  await expect(learningCurve(models, data, [801])).rejects.toThrow(/size 801 of 800/);
});

test('a learning rate is suggested, and the model is as before', async () => {
  using net = perceptron(16)();
  await net.fit(data.train.x, data.train.y);
  const before = await net.getWeights();
  const sweep = await learningRateFinder(net, data.train);
  expect(await net.getWeights()).toEqual(before);
  expect(net.optimizer.learningRate).toBe(0.003);
  expect(net.epochs).toBe(1);
  expect(sweep.suggestion).toBeGreaterThan(1e-5);
  expect(sweep.suggestion).toBeLessThan(1);
  expect(sweep.rates[1]).toBeGreaterThan(sweep.rates[0] as number);
  expect(sweep.smoothed).toHaveLength(sweep.losses.length);
  await expect(learningRateFinder(net, data.train, { from: 1, to: 0.1 })).rejects.toThrow(/to/);
});
