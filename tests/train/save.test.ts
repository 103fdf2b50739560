import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { losses } from '../../src/nn/loss.ts';
import { metrics } from '../../src/nn/metric.ts';
import * as ops from '../../src/ops/index.ts';
import { adam, rmsprop, sgd } from '../../src/optim/index.ts';
import { schedules } from '../../src/optim/schedule.ts';
import { OptionError } from '../../src/runtime/errors.ts';
import { VERSION } from '../../src/runtime/version.ts';
import { modelCheckpoint } from '../../src/train/checkpoint.ts';
import type { CompileOptions } from '../../src/train/compileOptions.ts';
import { loadModel } from '../../src/train/load.ts';
import {
  CLASSES,
  classifier,
  fitOptions,
  place,
  stateOf,
  usePlace,
  x,
  y,
} from '../support/saved.ts';

usePlace();

test('the version is that of the package', () => {
  const { version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  expect(VERSION).toBe(version);
});

test('a saved model predicts and tests with the same bits, also on another number of threads', async () => {
  using net = classifier();
  net.preprocessing = { kind: 'images', shape: [5], scale: 1, classNames: ['a', 'b', 'c'] };
  await net.fit(x, y, { ...fitOptions, epochs: 2 });
  await net.save(place.folder, {
    classNames: ['a', 'b', 'c'],
    metadata: { note: 'π', list: [1, null] },
  });
  expect(readdirSync(place.folder).sort()).toEqual([
    'model.json',
    'optimizer.safetensors',
    'weights.safetensors',
  ]);
  expect(readdirSync(place.root).filter((name) => name.startsWith('.'))).toEqual([]);
  using loaded = await loadModel(place.folder, { threads: 3 });
  expect(await stateOf(loaded)).toBe(await stateOf(net));
  expect(await loaded.evaluate(x, y)).toEqual(await net.evaluate(x, y));
  expect(loaded.summary()).toBe(net.summary());
  expect(loaded.preprocessing).toEqual(net.preprocessing);
  expect(loaded.classNames).toEqual(['a', 'b', 'c']);
  expect(loaded.metadata).toEqual({ note: 'π', list: [1, null] });
  expect(loaded.getLayer('out').config['units']).toBe(3);
  expect(await loaded.toFiles()).toEqual(
    await loadModel(await loaded.toFiles(), { engine: place.engine }).then((again) =>
      again.toFiles(),
    ),
  );
});

const warm = schedules.warmup(
  schedules.cosineDecay({ initialLearningRate: 0.1, decaySteps: 50 }),
  4,
);
const GOING_ON: [string, () => CompileOptions][] = [
  ['adam', () => CLASSES],
  [
    'amsgrad, clipped',
    () => ({ ...CLASSES, optimizer: adam({ amsgrad: true, globalClipNorm: 1 }) }),
  ],
  ['sgd without slots', () => ({ ...CLASSES, optimizer: sgd({ learningRate: 0.1 }) })],
  [
    'nesterov, a schedule over steps',
    () => ({ ...CLASSES, optimizer: sgd({ learningRate: warm, momentum: 0.9, nesterov: true }) }),
  ],
  [
    'rmsprop, a schedule over epochs',
    () => ({
      ...CLASSES,
      optimizer: rmsprop({
        centered: true,
        learningRate: schedules.timeBasedDecay({ initialLearningRate: 0.01, decayRate: 0.5 }),
      }),
    }),
  ],
  [
    'functions of the library',
    () => ({
      ...CLASSES,
      loss: losses.sparseCategoricalCrossentropy(),
      metrics: [metrics.sparseTopKCategoricalAccuracy({ k: 2 }), 'acc'],
    }),
  ],
  [
    'accumulated gradients, in the middle of an update',
    () => ({ ...CLASSES, gradientAccumulationSteps: 3 }),
  ],
];

test.each(GOING_ON)('training goes on as if it had not stopped: %s', async (_, compiled) => {
  using whole = classifier(compiled());
  const all = await whole.fit(x, y, { ...fitOptions, epochs: 5 });
  using first = classifier(compiled());
  await first.fit(x, y, { ...fitOptions, epochs: 2 });
  await first.save(place.folder);
  using second = await loadModel(place.folder, { engine: place.engine });
  const rest = await second.fit(x, y, { ...fitOptions, epochs: 3 });
  expect(rest.batchLoss).toEqual(all.batchLoss.slice(-rest.batchLoss.length));
  expect(await stateOf(second)).toBe(await stateOf(whole));
  expect(Object.keys(rest.history)).toEqual(Object.keys(all.history));
  expect(second.epochs).toBe(5);
});

test('without the optimiser training starts afresh; without compile the model is not compiled', async () => {
  using net = classifier();
  await net.fit(x, y, fitOptions);
  const plain = await net.toFiles({ optimizer: false });
  expect(Object.keys(plain)).toEqual(['model.json', 'weights.safetensors']);
  using fresh = await loadModel(plain, { engine: place.engine });
  using same = classifier();
  await same.build();
  await same.setWeights(await net.getWeights());
  await Promise.all([fresh.fit(x, y, fitOptions), same.fit(x, y, fitOptions)]);
  expect(await stateOf(fresh)).toBe(await stateOf(same));
  using bare = await loadModel(await net.toFiles({ compiled: false }), { engine: place.engine });
  expect(await stateOf(bare)).toBe(await stateOf(net));
  await expect(bare.evaluate(x, y)).rejects.toThrow('call compile');
});

test('a changed learning rate and a frozen layer are kept', async () => {
  using net = classifier({ ...CLASSES, optimizer: adam({ learningRate: 0.5 }) });
  await net.build();
  net.optimizer.learningRate = 0.25;
  net.getLayer('out').trainable = false;
  await net.fit(x, y, fitOptions);
  using loaded = await loadModel(await net.toFiles(), { engine: place.engine });
  expect(loaded.optimizer.learningRate).toBe(0.25);
  expect(loaded.getLayer('out').trainable).toBe(false);
  await Promise.all([net.fit(x, y, fitOptions), loaded.fit(x, y, fitOptions)]);
  expect(await stateOf(loaded)).toBe(await stateOf(net));
});

test.each<[string, CompileOptions, RegExp]>([
  [
    'loss',
    { optimizer: 'adam', loss: (t, p) => ops.reduceMean(ops.square(ops.sub(p, t)), { axes: -1 }) },
    /loss of "output" is a function of your own.*compiled: false/,
  ],
  [
    'metric',
    { ...CLASSES, metrics: [(_, p) => ops.reduceMax(p, { axes: -1 })] },
    /metric of "output" is a function of your own/,
  ],
  [
    'schedule',
    { ...CLASSES, optimizer: adam({ learningRate: () => 0.1 }) },
    /adam: learningRate is a function of your own/,
  ],
])("a %s of one's own", async (_, compiled, message) => {
  using net = classifier(compiled);
  await net.build();
  await expect(net.toFiles()).rejects.toThrow(message);
  expect(Object.keys(await net.toFiles({ compiled: false }))).toHaveLength(2);
});

describe('modelCheckpoint', () => {
  test('saves each epoch; fit goes on from a save', async () => {
    using net = classifier();
    await net.fit(x, y, {
      ...fitOptions,
      epochs: 4,
      callbacks: [modelCheckpoint({ folder: `${place.folder}/{epoch}`, every: 2 })],
    });
    expect(readdirSync(place.folder)).toEqual(['2', '4']);
    using loaded = await loadModel(join(place.folder, '2'), { engine: place.engine });
    await loaded.fit(x, y, { ...fitOptions, epochs: 2 });
    expect(await stateOf(loaded)).toBe(await stateOf(net));
  });

  test('keeps the best', async () => {
    using net = classifier();
    const kept: number[] = [];
    const callback = modelCheckpoint({
      folder: place.folder,
      saveBestOnly: true,
      monitor: 'score',
      mode: 'min',
    });
    for (const [epoch, score] of [3, 5, 2, 2, 4].entries()) {
      await net.fit(x, y, fitOptions);
      await callback.onEpochEnd?.(epoch, { score }, net);
      using saved = await loadModel(place.folder, { engine: place.engine });
      kept.push(saved.epochs);
    }
    expect(kept).toEqual([1, 1, 3, 3, 3]);
    await expect(callback.onEpochEnd?.(0, { loss: 1 }, net)).rejects.toThrow(
      '"score" is not among loss',
    );
    expect(() => modelCheckpoint({ folder: place.folder, every: 0 })).toThrow(OptionError);
  });
});
