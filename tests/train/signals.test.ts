import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dense, flatten } from '../../src/nn/index.ts';
import { sgd } from '../../src/optim/index.ts';
import { schedules } from '../../src/optim/schedule.ts';
import { csvLogger } from '../../src/train/csvLogger.ts';
import { histogram, norm } from '../../src/train/histogram.ts';
import { sequential } from '../../src/train/model.ts';
import { signalRecorder } from '../../src/train/signals.ts';
import { tensorBoard } from '../../src/train/tensorBoard.ts';
import { temporaryFolder } from '../support/cli.ts';
import { readEvent, records } from '../support/events.ts';

test.each([
  [[], { count: 0, low: 0, high: 0, bins: [0, 0, 0, 0] }],
  [[2], { count: 1, low: 2, high: 2, sum: 2, bins: [1, 0, 0, 0] }],
  [[0, 1, 2, 3, 4], { count: 5, low: 0, high: 4, sum: 10, sumOfSquares: 30, bins: [1, 1, 1, 2] }],
  [
    [-1, Number.NaN, 1, Number.POSITIVE_INFINITY, -0],
    { count: 3, low: -1, high: 1, bins: [1, 0, 1, 1] },
  ],
  [[Number.NaN], { count: 0, low: 0, high: 0, sum: 0, bins: [0, 0, 0, 0] }],
])('histogram of %o', (values, expected) => {
  expect(histogram(values, 4)).toMatchObject(expected);
});

const X = Array.from({ length: 24 }, (_, i) => [Math.sin(i), Math.cos(3 * i), i / 24]);
const Y = X.map(([a = 0, b = 0]) => [a > b ? 1 : 0]);

function net(rate: Parameters<typeof sgd>[0]) {
  const layers = [flatten(), dense(20, { activation: 'relu' }), dense(1)];
  const model = sequential(layers, { inputShape: [3], threads: 1, seed: 5 });
  return model.compile({ optimizer: sgd(rate), loss: 'meanSquaredError' });
}

test('a snapshot has norms of the weights, of their gradients, and what layers give', async () => {
  using model = net({ learningRate: 1 });
  await model.build();
  const before = await model.getWeights();
  const recorder = signalRecorder({ every: 24, probe: X });
  await model.fit(X, Y, { batchSize: 24, callbacks: [recorder] });
  const after = await model.getWeights();
  const [start, end, ...rest] = recorder.snapshots;
  expect(rest).toEqual([]);
  expect(start?.weights.map((w) => w.gradientNorm)).toEqual([0, 0, 0, 0]);
  expect(end).toMatchObject({ examples: 24, learningRate: 1 });
  expect(end?.weights.map((w) => w.name)).toEqual(model.weightNames);
  after.forEach(({ data }, i) => {
    const change = Float64Array.from(data, (v, k) => v - Number(before[i]?.data[k]));
    expect(end?.weights[i]?.norm).toBeCloseTo(norm(data), 5);
    expect(end?.weights[i]?.gradientNorm).toBeCloseTo(norm(change), 4);
    expect(end?.weights[i]?.histogram.count).toBe(data.length);
  });
  const [hidden, output] = end?.activations ?? [];
  expect(hidden?.layer).toBe('dense');
  expect(hidden?.zeros).toBeGreaterThan(0.1);
  expect(hidden?.histogram.low).toBeGreaterThan(0);
  expect(hidden?.histogram.count).toBe(Math.round(480 * (1 - (hidden?.zeros ?? 0))));
  const answers = await model.predict(X);
  expect(output?.histogram.sum).toBeCloseTo(
    [...answers.data].reduce((a, b) => a + b, 0),
    3,
  );
});

test('snapshots are spread over the training and change none of its bits', async () => {
  const learningRate = schedules.inverseTimeDecay({
    initialLearningRate: 0.1,
    decaySteps: 1,
    decayRate: 1,
  });
  const recorder = signalRecorder({ every: 16, probe: X.slice(0, 3) });
  const trained = async (callbacks: object[]) => {
    using model = net({ learningRate });
    await model.fit(X, Y, { batchSize: 8, epochs: 2, callbacks });
    return (await model.getWeights()).map((w) => [...w.data]);
  };
  expect(await trained([recorder, { onBatchEnd() {} }])).toEqual(await trained([]));
  expect(recorder.snapshots.map((s) => s.examples)).toEqual([0, 16, 32, 48]);
  const rates = recorder.snapshots.map((s) => s.learningRate);
  [0.1, 0.1 / 2, 0.1 / 4, 0.1 / 6].forEach((rate, i) => {
    expect(rates[i]).toBeCloseTo(rate, 6);
  });
});

test('tensorBoard writes figures of training and validation, and histograms', async () => {
  using folder = temporaryFolder();
  const logDir = `${folder.path}/logs`;
  using model = net({ learningRate: 0.1 });
  const { history } = await model.fit(X, Y, {
    epochs: 3,
    validationSplit: 0.25,
    callbacks: [tensorBoard({ logDir, histogramFreq: 2 })],
  });
  const events = (run: string) => {
    const [name, ...rest] = readdirSync(`${logDir}/${run}`);
    expect(name).toMatch(/^events\.out\.tfevents\.\d+\./);
    expect(rest).toEqual([]);
    return records(readFileSync(`${logDir}/${run}/${name}`)).map(readEvent);
  };
  const [start, ...training] = events('train');
  expect(start?.version).toBe('brain.Event:2');
  expect(training.map((e) => e.step)).toEqual([0, 1, 2]);
  training.forEach((e, i) => {
    expect(e.scalars['epoch_loss']).toBeCloseTo(history['loss']?.[i] as number, 5);
    expect(e.scalars['epoch_learning_rate']).toBeCloseTo(0.1, 6);
    expect(Object.keys(e.histograms)).toHaveLength(i === 1 ? 4 : 0);
  });
  const kernel = training[1]?.histograms['dense/kernel/histogram'];
  expect(kernel?.num).toBe(60);
  expect(kernel?.buckets.reduce((a, b) => a + b, 0)).toBe(60);
  const [, ...held] = events('validation');
  expect(held.map((e) => Object.keys(e.scalars))).toEqual([
    ['epoch_loss'],
    ['epoch_loss'],
    ['epoch_loss'],
  ]);
});

test('csvLogger writes a row an epoch, or goes on with the file', async () => {
  using folder = temporaryFolder();
  const file = `${folder.path}/log.csv`;
  using model = net({ learningRate: 0.1 });
  const run = (append: boolean) =>
    model.fit(X, Y, {
      epochs: 2,
      validationSplit: 0.25,
      callbacks: [csvLogger({ file, append, separator: ';' })],
    });
  const rows = () => readFileSync(file, 'utf8').trimEnd().split('\n');
  const { history } = await run(false);
  const row = (i: number) => `${i};${history['loss']?.[i]};${history['val_loss']?.[i]}`;
  expect(rows()).toEqual(['epoch;loss;val_loss', row(0), row(1)]);
  await run(true);
  expect(rows()).toHaveLength(5);
  await run(false);
  expect(rows()).toHaveLength(3);
});

test.each([
  [() => tensorBoard({ logDir: '' }), 'tensorBoard: logDir is ""'],
  [() => tensorBoard({ logDir: 'x', histogramFreq: 0.5 }), 'tensorBoard: histogramFreq'],
  [() => csvLogger({ file: '' }), 'csvLogger: file is ""'],
])('options are checked: %o', (make, message) => {
  expect(make).toThrow(message);
});
