import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.ts';
import { dense } from '../../src/nn/index.ts';
import { LOSS_ALIASES, losses } from '../../src/nn/loss.ts';
import { accumulatedMetric, metrics } from '../../src/nn/metric.ts';
import * as ops from '../../src/ops/index.ts';
import { sgd } from '../../src/optim/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { earlyStopping, reduceLearningRateOnPlateau } from '../../src/train/callbacks.ts';
import { modelCheckpoint } from '../../src/train/checkpoint.ts';
import type { CompileOptions } from '../../src/train/compileOptions.ts';
import { model, sequential } from '../../src/train/model.ts';

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'simd' });
  folder = await mkdtemp(join(tmpdir(), 'direction-'));
});
afterAll(async () => {
  engine.dispose();
  await rm(folder, { recursive: true });
});

const SMALLER = [
  ...Object.keys(losses),
  ...Object.keys(LOSS_ALIASES),
  'rootMeanSquaredError',
  'rmse',
  'logLoss',
  'perplexity',
  'falsePositives',
  'falseNegatives',
].filter((name) => name !== 'cosineSimilarity');
const SAYS_NOTHING = ['confusionMatrix'];

/** One output; in `own` a loss or metrics of it. */
const compiled = (own: Partial<CompileOptions>) =>
  sequential([dense(3, { activation: 'softmax' })], { inputShape: [2], engine }).compile({
    optimizer: sgd({ learningRate: 0 }),
    loss: 'categoricalCrossentropy',
    ...own,
  });

test.each([...Object.keys(metrics), 'accuracy', 'acc'])('%s knows its direction', (name) => {
  const want = SMALLER.includes(name) ? 'min' : SAYS_NOTHING.includes(name) ? undefined : 'max';
  using net = compiled({ metrics: [name] });
  expect(net.directionOf(name)).toBe(want);
  expect(net.directionOf(`val_${name}`)).toBe(want);
});

function near(t: Tensor, p: Tensor) {
  return ops.less(ops.sub(t, p), 0.1);
}
near.mode = 'max' as const;
const worst = accumulatedMetric(
  'accuracyOfTheWorst',
  {
    sums: (t, p) => [ops.reduceMax(ops.abs(ops.sub(p, t)))],
    merge: ([a], [b]) => [ops.maximum(a as Tensor, b as Tensor)],
    result: ([largest]) => largest as Tensor,
  },
  'min',
);
const mute = Object.assign((t: Tensor, p: Tensor) => ops.sub(t, p), { label: 'accuracy2' });

test.each<[string, Partial<CompileOptions>, 'min' | 'max' | undefined]>([
  ['loss', {}, 'min'],
  ['val_loss', {}, 'min'],
  ['near', { metrics: [near] }, 'max'],
  ['accuracyOfTheWorst', { metrics: [worst] }, 'min'],
  ['accuracy2', { metrics: [mute] }, undefined],
  ['huber', { metrics: [losses.huber({ delta: 2 })] }, 'min'],
  ['weighted_precision', { metrics: ['precision'], weightedMetrics: ['precision'] }, 'max'],
  ['val_f1Score_2', { metrics: [metrics.f1Score({ average: null })] }, 'max'],
  ['falsePositives_1', { metrics: [metrics.falsePositives({ thresholds: [0.2, 0.4] })] }, 'min'],
  ['auc', { metrics: ['precision'] }, undefined],
])('%s of %o', (log, own, want) => {
  using net = compiled(own);
  expect(net.directionOf(log)).toBe(want);
});

test('names of outputs play no part', () => {
  const [a, b] = [dense(1), dense(1)];
  using net = model({
    inputs: { x: [2] },
    outputs: ({ x }) => ({ acceleration: a(x as Tensor), loss_of_power: b(x as Tensor) }),
    engine,
  });
  net.compile({ optimizer: 'sgd', loss: 'mse', metrics: ['mae', 'r2'] });
  expect(net.directionOf('acceleration_loss')).toBe('min');
  expect(net.directionOf('val_acceleration_mae')).toBe('min');
  expect(net.directionOf('loss_of_power_r2')).toBe('max');
  expect(net.directionOf('acceleration')).toBeUndefined();
});

const x = [
  [1, 0],
  [0, 1],
  [1, 1],
];
const y = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

describe.each([
  ['earlyStopping', (monitor: string) => earlyStopping({ monitor })],
  ['reduceLearningRateOnPlateau', (monitor: string) => reduceLearningRateOnPlateau({ monitor })],
  [
    'modelCheckpoint',
    (monitor: string) => modelCheckpoint({ monitor, folder, saveBestOnly: true }),
  ],
])('%s', (_, make) => {
  test('refuses a metric of unknown direction before it trains', async () => {
    using net = compiled({ metrics: [mute] });
    const fit = net.fit(x, y, { callbacks: [make('accuracy2')] });
    await expect(fit).rejects.toThrow('"accuracy2" is better when larger is not known');
    expect(net.epochs).toBe(0);
  });

  test('follows a metric that says so', async () => {
    using net = compiled({ metrics: ['fBetaScore', 'cosineSimilarity'] });
    const callbacks = [make('fBetaScore'), make('cosineSimilarity')];
    const { epoch } = await net.fit(x, y, { callbacks, epochs: 2 });
    expect(epoch).toHaveLength(2);
  });
});

test('early stopping goes on while an fBetaScore grows and a cosine similarity rises', async () => {
  const scores = [0.1, 0.3, 0.5, 0.5, 0.6];
  for (const name of ['fBetaScore', 'cosineSimilarity']) {
    using net = compiled({ metrics: [name] });
    const played = {
      onEpochEnd(epoch: number, logs: Record<string, number>) {
        logs[name] = scores[epoch] as number;
      },
    };
    const callbacks = [played, earlyStopping({ monitor: name })];
    const { epoch } = await net.fit(x, y, { callbacks, epochs: 5 });
    expect(epoch).toHaveLength(4);
  }
});
