import { afterAll, beforeAll, expect, test } from 'vitest';
import { dense } from '../../src/nn/index.ts';
import { adam, sgd } from '../../src/optim/index.ts';
import type { Optimizer } from '../../src/optim/optimizer.ts';
import { schedules } from '../../src/optim/schedule.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { loadModel } from '../../src/train/load.ts';
import { type Model, sequential } from '../../src/train/model.ts';
import { spread } from '../cases/case.ts';
import { hashOf } from '../support/data.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'simd' });
});
afterAll(() => engine.dispose());

const x = Array.from({ length: 20 }, (_, i) => spread([3], i).data);
const y = x.map(([a = 0, b = 0]) => [a - 2 * b + 1]);
const FIT = { epochs: 3, batchSize: 5, shuffle: false };

const network = (options = {}) =>
  sequential([dense(4, { activation: 'tanh', name: 'first' }), dense(1, { name: 'last' })], {
    inputShape: [3],
    engine,
    ...options,
  });
const compile = (net: Model, optimizer: Optimizer) => net.compile({ optimizer, loss: 'mse' });

/** Weights behind a fit of a new model that starts with the weights of `net`. */
async function afresh(net: Model, optimizer: Optimizer): Promise<string> {
  using fresh = compile(network(), optimizer);
  await fresh.build();
  await fresh.setWeights(await net.getWeights());
  await fresh.fit(x, y, FIT);
  return hashOf(await fresh.getWeights());
}

async function again(net: Model): Promise<string> {
  await net.fit(x, y, FIT);
  return hashOf(await net.getWeights());
}

const OPTIMIZERS: [string, () => Optimizer][] = [
  ['adam', () => adam({ learningRate: 0.1 })],
  [
    'a cosine of steps that is over',
    () =>
      sgd({ learningRate: schedules.cosineDecay({ initialLearningRate: 0.05, decaySteps: 8 }) }),
  ],
  ['a schedule of epochs', () => sgd({ learningRate: (_, epoch) => (epoch < 2 ? 0.05 : 0) })],
];

test.each(OPTIMIZERS)('compile starts the optimiser afresh: %s', async (_, make) => {
  using net = compile(network(), make());
  await net.fit(x, y, FIT);
  const want = await afresh(net, make());
  expect(await again(compile(net, make()))).toBe(want);
  expect(net.epochs).toBe(6);
});

test.each(OPTIMIZERS)('and so on a model that was loaded: %s', async (_, make) => {
  using net = compile(network(), adam());
  await net.fit(x, y, FIT);
  using loaded = await loadModel(await net.toFiles(), { engine });
  const want = await afresh(net, make());
  expect(await again(compile(loaded, make()))).toBe(want);
});

test('a model that was compiled again is saved and goes on with the same bits', async () => {
  using net = compile(network(), sgd({ learningRate: 0.1 }));
  await net.fit(x, y, FIT);
  const decay = { initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.5 };
  const learningRate = schedules.exponentialDecay({ ...decay, per: 'epoch' });
  compile(net, sgd({ learningRate }));
  await net.fit(x, y, FIT);
  using loaded = await loadModel(await net.toFiles(), { engine });
  expect(await again(loaded)).toBe(await again(net));
});

test('thawing a layer starts the optimiser afresh, as it does its moments', async () => {
  using net = compile(network(), adam({ learningRate: 0.1 }));
  await net.build();
  net.getLayer('first').trainable = false;
  await net.fit(x, y, FIT);
  net.getLayer('first').trainable = true;
  const want = await afresh(net, adam({ learningRate: 0.1 }));
  expect(await again(net)).toBe(want);
});
