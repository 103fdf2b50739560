import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as layers from '../../src/nn/index.ts';
import { accumulatedMetric, metrics } from '../../src/nn/metric.ts';
import * as ops from '../../src/ops/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { BuildName, Engine } from '../../src/runtime/engine.ts';
import type { CompileOptions } from '../../src/train/compileOptions.ts';
import { loadModel } from '../../src/train/load.ts';
import { confusionMatrix, measure } from '../../src/train/measure.ts';
import { model, sequential } from '../../src/train/model.ts';
import { blobs } from '../support/data.ts';

const LIST = ['accuracy', 'precision', 'recall', 'auc', 'f1', 'confusionMatrix'];
const EXAMPLES = 150;
const { x, y } = blobs(EXAMPLES, 5, 3);

function classifier(options: Partial<CompileOptions> = {}, engine?: Engine) {
  const net = sequential(
    [layers.dense(8, { activation: 'relu' }), layers.dense(3, { activation: 'softmax' })],
    { inputShape: [5], seed: 2, ...(engine ? { engine } : {}) },
  );
  return net.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: LIST,
    ...options,
  });
}

describe('evaluate', () => {
  test('does not depend on the size of the batches, the last of which is smaller', async () => {
    using net = classifier();
    await net.fit(x, y, { epochs: 3 });
    const whole = await net.evaluate(x, y, { batchSize: EXAMPLES });
    for (const batchSize of [1, 7, 32, 149, 1000]) {
      const logs = await net.evaluate(x, y, { batchSize });
      expect(Object.keys(logs)).toEqual(Object.keys(whole));
      for (const [name, value] of Object.entries(whole)) expect(logs[name]).toBeCloseTo(value, 5);
    }
  });

  test('the confusion matrix counts what predict says', async () => {
    using net = classifier();
    await net.fit(x, y, { epochs: 2 });
    const { data } = await net.predict(x);
    const expected = new Array<number>(9).fill(0);
    Array.from(y as ArrayLike<number>).forEach((label, i) => {
      const row = [...data.slice(i * 3, i * 3 + 3)];
      const cell = label * 3 + row.indexOf(Math.max(...row));
      expected[cell] = (expected[cell] as number) + 1;
    });
    const matrix = await confusionMatrix(net, x, y, { batchSize: 64 });
    expect(matrix.shape).toEqual([3, 3]);
    expect([...matrix.data]).toEqual(expected);
    const logs = await net.evaluate(x, y);
    expect(logs['confusionMatrix_1_2']).toBe(expected[5]);
    const right = (expected[0] as number) + (expected[4] as number) + (expected[8] as number);
    expect(logs['accuracy']).toBeCloseTo(right / EXAMPLES, 6);
  });

  test('several at once, and while a model trains on the same engine', async () => {
    using net = classifier();
    await net.build();
    const alone = await net.evaluate(x, y);
    using other = classifier();
    const [, logs] = await Promise.all([other.fit(x, y), net.evaluate(x, y)]);
    expect(logs).toEqual(alone);
  });
});

describe('fit', () => {
  test('each epoch starts anew, at whatever length of calls', async () => {
    const frozen = { optimizer: { name: 'sgd', learningRate: 0 } };
    using net = classifier(frozen);
    const seen: (number | undefined)[] = [];
    const { history } = await net.fit(x, y, {
      epochs: 2,
      batchSize: 32,
      validationData: [x, y],
      callbacks: [{ onBatchEnd: (_, logs) => void seen.push(logs['recall']) }],
    });
    const expected = await net.evaluate(x, y);
    for (const name of ['precision', 'recall', 'auc', 'f1', 'confusionMatrix_0_1']) {
      const [first, second] = history[name] as number[];
      expect(first).toBeCloseTo(expected[name] as number, 6);
      expect(second).toBeCloseTo(expected[name] as number, 6);
      expect(history[`val_${name}`]?.[1]).toBeCloseTo(expected[name] as number, 6);
    }
    expect(seen).toHaveLength(10);
    expect(seen[4]).toBeCloseTo(expected['recall'] as number, 6);
  });

  test('accumulated gradients and streams measure every batch', async () => {
    const frozen = { optimizer: { name: 'sgd', learningRate: 0 }, gradientAccumulationSteps: 3 };
    using net = classifier(frozen);
    const { history } = await net.fit(x, y, { batchSize: 16 });
    const expected = (await net.evaluate(x, y))['auc'] as number;
    expect(history['auc']?.[0]).toBeCloseTo(expected, 6);
    const streamed = await net.fit(
      () => [
        { x, y },
        { x, y },
      ],
      {},
    );
    expect(streamed.history['auc']?.[0]).toBeCloseTo(expected, 6);
  });

  test('sample and class weights count in weightedMetrics alone', async () => {
    const frozen = { optimizer: { name: 'sgd', learningRate: 0 }, metrics: ['recall'] };
    using net = classifier({
      ...frozen,
      weightedMetrics: ['recall', 'logLoss', 'accuracy'] as const,
      loss: 'sparseCategoricalCrossentropy',
    });
    const weights = Float64Array.from({ length: EXAMPLES }, (_, i) => Number(i < 60));
    const half = Array.from(y as ArrayLike<number>).slice(0, 60);
    const rows = { data: Float32Array.from({ length: 300 }, (_, i) => value(i)), shape: [60, 5] };
    const logs = await net.evaluate(x, y, { sampleWeight: weights });
    const part = await net.evaluate(rows, Int32Array.from(half));
    expect(logs['weighted_recall']).toBeCloseTo(part['recall'] as number, 6);
    expect(logs['accuracy']).toBeCloseTo(part['accuracy'] as number, 6);
    expect(logs['recall']).not.toBe(logs['weighted_recall']);
  });
});

const value = (i: number): number => (x as { data: ArrayLike<number> }).data[i] as number;

test('metrics of each of several outputs', async () => {
  const [a, b] = [layers.dense(1, { activation: 'sigmoid' }), layers.dense(2)];
  using net = model({
    inputs: { x: [5] },
    outputs: ({ x: input }) => ({ yes: a(input as never), values: b(input as never) }),
  });
  net.compile({
    optimizer: 'adam',
    loss: { yes: 'binaryCrossentropy', values: 'mse' },
    metrics: { yes: ['auc', 'confusionMatrix'], values: ['r2', 'mae'] },
  });
  const targets = {
    yes: Float32Array.from({ length: EXAMPLES }, (_, i) => i % 2),
    values: {
      data: Float32Array.from({ length: 2 * EXAMPLES }, (_, i) => i % 7),
      shape: [EXAMPLES, 2],
    },
  };
  const logs = await net.evaluate(x, targets);
  expect(Object.keys(logs)).toEqual([
    'loss',
    'yes_loss',
    'values_loss',
    'values_mae',
    'yes_auc',
    ...['0_0', '0_1', '1_0', '1_1'].map((cell) => `yes_confusionMatrix_${cell}`),
    'values_r2',
  ]);
  await expect(confusionMatrix(net, x, targets)).rejects.toThrow('several outputs');
  const found = await measure(net, x, targets, ['rmse']);
  expect(Object.keys(found)).toEqual(['yes_rmse', 'values_rmse']);
});

test('functions, options and metrics of your own; saved by name', async () => {
  const largest = accumulatedMetric('largest', {
    sums: (_, p) => [ops.reduceMax(p)],
    merge: ([a], [b]) => [ops.maximum(a as never, b as never)],
    result: ([all]) => all as never,
  });
  const own = (_: Tensor, p: Tensor) => ops.reduceMax(p, { axes: -1 });
  using net = classifier({ metrics: [metrics.recall({ classId: 1 }), 'auc', largest, own] });
  await net.build();
  const logs = await net.evaluate(x, y);
  expect(Object.keys(logs)).toEqual(['loss', 'own', 'recall', 'auc', 'largest']);
  expect(logs['largest']).toBeGreaterThanOrEqual(logs['own'] as number);
  net.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: [metrics.recall({ classId: 1 }), { name: 'auc', curve: 'PR' }, 'f1'],
    weightedMetrics: ['precision'],
  });
  using copy = await loadModel(await net.toFiles());
  expect(await copy.evaluate(x, y)).toEqual(await net.evaluate(x, y));
});

test('labels of an ignored class', async () => {
  using net = classifier({
    loss: { name: 'sparseCategoricalCrossentropy', ignoreClass: -1 },
    metrics: [],
  });
  const some = Int32Array.from(y as ArrayLike<number>, (label, i) => (i < 60 ? label : -1));
  const rows = { data: Float32Array.from({ length: 300 }, (_, i) => value(i)), shape: [60, 5] };
  const { loss } = await net.evaluate(x, some, { batchSize: EXAMPLES });
  expect(loss).toBeCloseTo((await net.evaluate(rows, some.slice(0, 60)))['loss'] as number, 5);
  const { history } = await net.fit(x, some, { epochs: 5, batchSize: EXAMPLES });
  expect(history['loss']?.at(-1)).toBeLessThan(loss as number);
  await expect(
    net.fit(
      x,
      some.map((l) => l - 1),
    ),
  ).rejects.toThrow('label -2');
});

describe.each<BuildName>(['simd', 'relaxed', 'f64'])('%s', (build) => {
  test('the same bits on 1, 2, 3 and 8 threads', async () => {
    const logs: unknown[] = [];
    for (const threads of [1, 2, 3, 8]) {
      using engine = await createEngine({ build, threads, kind: 'team' });
      using net = classifier({}, engine);
      const { history } = await net.fit(x, y, { epochs: 2, batchSize: 64 });
      logs.push([history, await net.evaluate(x, y, { batchSize: 50 })]);
    }
    for (const other of logs) expect(other).toEqual(logs[0]);
  });
});
