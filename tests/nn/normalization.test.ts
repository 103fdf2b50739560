import { afterAll, beforeAll, expect, it } from 'vitest';
import { layerConfig } from '../../src/nn/config.ts';
import { layerFromConfig } from '../../src/nn/fromConfig.ts';
import * as layers from '../../src/nn/index.ts';
import { tensor } from '../../src/ops/leaf.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { DataError, OptionError, ShapeError, StateError } from '../../src/runtime/errors.ts';
import { loadModel } from '../../src/train/load.ts';
import { sequential } from '../../src/train/model.ts';
import { call } from '../support/layers.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

const rows = [
  [1, 5, 10],
  [2, 5, 30],
  [3, 5, 20],
  [4, 5, 100],
  [10, 5, 40],
];

type Options = Parameters<typeof layers.normalization>[0];

const KINDS: [Options, number[][]][] = [
  [
    {},
    rows.map(([a, , c]) => [
      ((a as number) - 4) / Math.sqrt(10),
      0,
      ((c as number) - 40) / Math.sqrt(1000),
    ]),
  ],
  [
    { kind: 'minMax' },
    rows.map(([a, , c]) => [((a as number) - 1) / 9, 0, ((c as number) - 10) / 90]),
  ],
  [
    { kind: 'robust' },
    rows.map(([a, , c]) => [((a as number) - 3) / 2, 0, ((c as number) - 30) / 20]),
  ],
  [{ kind: 'minMax', axis: null }, rows.map((row) => row.map((v) => (v - 1) / 99))],
];

it.each(KINDS)('%j', async (options, expected) => {
  const { data } = await call(engine, () =>
    layers.normalization(options).adapt(rows)(tensor(rows)),
  );
  data.forEach((v, i) => {
    expect(v).toBeCloseTo(expected.flat()[i] as number, 12);
  });
});

it('goes by channel for images, from bytes with a scale', async () => {
  const data = Uint8Array.from([0, 10, 255, 30, 0, 10, 255, 30]);
  const images = { data, shape: [2, 1, 2, 2], scale: 1 / 255 };
  const x = Array.from(data, (v) => v / 255);
  const made = await call(engine, () =>
    layers.normalization().adapt(images)(tensor(x, [2, 1, 2, 2])),
  );
  const first = await call(engine, () =>
    layers.normalization({ axis: 1 }).adapt({ ...images, shape: [2, 2, 1, 2] })(
      tensor(x, [2, 2, 1, 2]),
    ),
  );
  expect(made.data.map((v) => Math.round(v * 1e9) / 1e9)).toEqual([-1, -1, 1, 1, -1, -1, 1, 1]);
  expect(first.data.map((v) => Math.round(v * 1e9) / 1e9)).toEqual([-1, 1, 1, -1, -1, 1, 1, -1]);
});

it('leaves out what is not finite, and stays as it is without data', async () => {
  const known = [[1], [Number.NaN], [3], [Number.POSITIVE_INFINITY]];
  const { data } = await call(engine, () =>
    layers.normalization().adapt(known)(tensor([[1], [3]])),
  );
  expect(data).toEqual([-1, 1]);
  const plain = await call(engine, () => layers.normalization()(tensor([[1], [3]])));
  expect(plain.data).toEqual([1, 3]);
});

it('is saved with the model, as are running statistics', async () => {
  const layer = layers.normalization({ name: 'inputs' }).adapt(rows);
  const net = sequential([layer, layers.dense(4), layers.batchNormalization(), layers.dense(1)], {
    inputShape: [3],
    engine,
  });
  net.compile({ optimizer: 'adam', loss: 'mse' });
  const untrained = await net.predict(rows);
  const { history } = await net.fit(rows, [[1], [2], [3], [4], [5]], { epochs: 20, batchSize: 5 });
  expect(history.loss?.at(-1)).toBeLessThan(history.loss?.[0] as number);
  const predicted = await net.predict(rows);
  expect([...predicted.data]).not.toEqual([...untrained.data]);
  const loaded = await loadModel(await net.toFiles(), { engine });
  expect([...(await loaded.predict(rows)).data]).toEqual([...predicted.data]);
  loaded.dispose();
  net.dispose();
});

it('running statistics follow the batch', async () => {
  const norm = layers.batchNormalization({ momentum: 0.75 });
  const net = sequential([norm, layers.dense(1)], { inputShape: [3], engine });
  net.compile({ optimizer: 'sgd', loss: 'mse' });
  await net.fit(rows, [[1], [2], [3], [4], [5]], { epochs: 1, batchSize: 5 });
  const [, , mean, variance] = await net.getWeights();
  expect([...(mean?.data ?? [])]).toEqual([1, 1.25, 10]);
  expect([...(variance?.data ?? [])]).toEqual([0.75 + 2.5, 0.75, 0.75 + 250]);
  net.dispose();
});

it('is rebuilt from its configuration', () => {
  const config = layerConfig(layers.normalization({ kind: 'robust', axis: 1, name: 'n' }));
  expect(layerConfig(layerFromConfig(JSON.parse(JSON.stringify(config))))).toEqual(config);
});

const ERRORS: [string, () => unknown, typeof OptionError, string][] = [
  [
    'kind',
    () => layers.normalization({ kind: 'minmax' as never }),
    OptionError,
    'did you mean "minMax"?',
  ],
  ['axis', () => layers.normalization({ axis: 0 }), OptionError, 'axis 0 is the batch'],
  [
    'shape',
    () => layers.normalization().adapt({ data: [1, 2], shape: [3] }),
    ShapeError,
    '2 numbers for shape [3]',
  ],
  [
    'column',
    () => layers.normalization().adapt([[Number.NaN]]),
    DataError,
    'no finite number in column 0',
  ],
];

it.each(ERRORS)('a wrong %s is an error in words', (_, body, type, words) => {
  expect(body).toThrow(type);
  expect(body).toThrow(words);
});

it('takes no other numbers once it was called, and no other columns', async () => {
  const layer = layers.normalization().adapt(rows);
  await call(engine, () => layer(tensor(rows)));
  expect(() => layer.adapt(rows)).toThrow(StateError);
  const other = layers.normalization().adapt(rows);
  await expect(call(engine, () => other(tensor([[1]])))).rejects.toThrow('adapted to 3 columns');
});
