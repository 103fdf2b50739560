import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.ts';
import { batchNormalization, dense } from '../../src/nn/index.ts';
import { losses } from '../../src/nn/loss.ts';
import * as ops from '../../src/ops/index.ts';
import { optimizer, optimizers, sgd } from '../../src/optim/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { model, sequential } from '../../src/train/model.ts';
import { trainer } from '../../src/train/trainer.ts';
import { hashOf } from '../support/data.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'simd' });
});
afterAll(() => engine.dispose());

/** Squared error and √(target·p²): finite, but the slope of the root at 0 is not. */
const rooted = (t: Tensor, p: Tensor) => {
  const root = ops.sqrt(ops.mul(ops.sub(t, t), ops.square(p)));
  return ops.add(ops.square(ops.sub(p, 1)), root);
};

/** Two branches that share nothing: the gradients of the first are finite. */
function branches(threads?: number) {
  const options = threads ? { threads } : { engine };
  const [a, b] = [dense(64, { name: 'a' }), dense(64, { name: 'b' })];
  return model({
    inputs: { x: [48] },
    outputs: ({ x }) => ({ sound: a(x as Tensor), rooted: b(x as Tensor) }),
    ...options,
  });
}

const ones = (n: number, columns: number) => ({
  data: new Float32Array(n * columns).fill(0.5),
  shape: [n, columns],
});
const x = ones(6, 48);
const targets = { sound: ones(6, 64), rooted: ones(6, 64) };

const ALL = Object.keys(optimizers).map((name) => [name, {}] as const);
const FORMS: (readonly [string, object])[] = [
  ...ALL,
  ['sgd', { momentum: 0.9, nesterov: true }],
  ['adam', { useEma: true, emaOverwriteFrequency: 1 }],
  ['sgd', { clipValue: 0.1 }],
  ['sgd', { clipNorm: 0.1 }],
  ['sgd', { globalClipNorm: 0.1 }],
];

test.each(FORMS)('all updates of a step or none: %s %o', async (name, options) => {
  using net = branches();
  net.compile({
    optimizer: optimizer({ name, ...options }),
    loss: { sound: 'mse', rooted },
  });
  await net.build();
  const before = hashOf(await net.getWeights());
  const history = await net.fit(x, targets, { batchSize: 2, epochs: 2 });
  expect(history.batchLoss.every(Number.isFinite)).toBe(true);
  expect(history.skipped).toBe(6);
  expect(hashOf(await net.getWeights())).toBe(before);
});

test('on several threads', async () => {
  using net = branches(2);
  net.compile({ optimizer: 'adam', loss: { sound: 'mse', rooted } });
  await net.build();
  const before = hashOf(await net.getWeights());
  expect((await net.fit(x, targets, { batchSize: 3 })).skipped).toBe(2);
  expect(hashOf(await net.getWeights())).toBe(before);
});

test('one batch of an accumulated update spoils it all, the next one is applied', async () => {
  using net = sequential([dense(1)], { engine, inputShape: [1] });
  const loss = (t: Tensor, p: Tensor) =>
    ops.add(ops.square(p), ops.sqrt(ops.mul(t, ops.square(p))));
  net.compile({ optimizer: 'sgd', loss, gradientAccumulationSteps: 3 });
  await net.build();
  const weights = [hashOf(await net.getWeights())];
  const ones = [[1], [1], [1], [1], [1], [1]];
  const roots = [[1], [0], [1], [1], [1], [1]];
  const history = await net.fit(ones, roots, {
    batchSize: 1,
    shuffle: false,
    callbacks: [
      {
        async onBatchEnd() {
          weights.push(hashOf(await net.getWeights()));
        },
      },
    ],
  });
  expect(weights.slice(1, 6).every((w) => w === weights[0])).toBe(true);
  expect(weights[6]).not.toBe(weights[0]);
  expect(history.skipped).toBe(1);
});

test('callbacks are told where it comes from', async () => {
  using net = sequential([dense(2, { name: 'line' })], { engine, inputShape: [1] });
  net.compile({ optimizer: 'sgd', loss: rooted });
  const told: unknown[] = [];
  const callbacks = [{ onNotFinite: (step: number, origin: unknown) => told.push(step, origin) }];
  await net.fit(
    [[1], [2]],
    [
      [1, 1],
      [1, 1],
    ],
    { batchSize: 1, callbacks },
  );
  expect(told).toEqual([0, expect.objectContaining({ count: expect.any(Number) })]);
});

test('focal cross-entropy with 0 < γ < 1 learns from saturated examples', async () => {
  using net = sequential([dense(1, { activation: 'sigmoid' })], { engine, inputShape: [1] });
  const loss = losses.binaryFocalCrossentropy({ gamma: 0.5 });
  net.compile({ optimizer: sgd({ learningRate: 0.1 }), loss });
  await net.build();
  await net.setWeights([[1], [0]]);
  const history = await net.fit([[500], [0.5]], [[1], [0]], { epochs: 5 });
  expect(history.skipped).toBe(0);
  const [kernel] = (await net.getWeights()).map((w) => w.data[0] as number);
  expect(kernel).toBeGreaterThan(0.5);
  expect(kernel).toBeLessThan(0.999);
});

test('a trainer skips too', async () => {
  const line = dense(1, { name: 'line' });
  using own = trainer(({ x, t }) => ops.reduceMean(rooted(t as Tensor, line(x as Tensor))), 'sgd', {
    engine,
  });
  const first = await own.step({ x: [[1]], t: [[1]] });
  expect(Number.isFinite(first['loss'])).toBe(true);
  expect(await own.step({ x: [[1]], t: [[1]] })).toEqual(first);
});

test('statistics of layers keep what they were', async () => {
  using net = sequential([batchNormalization(), dense(1)], { engine, inputShape: [1] });
  net.compile({ optimizer: 'sgd', loss: 'mse' });
  await net.build();
  const before = hashOf(await net.getWeights());
  for (const large of [3e38, 1e25])
    expect((await net.fit([[large], [-large]], [[1], [2]])).skipped).toBe(1);
  expect(hashOf(await net.getWeights())).toBe(before);
});
