import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.ts';
import { activation, dense, dropout, flatten, normalization } from '../../src/nn/index.ts';
import * as ops from '../../src/ops/index.ts';
import { adam } from '../../src/optim/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import * as errors from '../../src/runtime/errors.ts';
import type { FitOptions } from '../../src/train/fit.ts';
import { type Model, model, sequential } from '../../src/train/model.ts';
import type { Inputs } from '../../src/train/networkCore.ts';
import { blobs, hashOf } from '../support/data.ts';

const { x, y } = blobs(40, 5, 3);

function classifier(): Model {
  return sequential(
    [dense(4, { activation: 'relu', name: 'fc1' }), dense(3, { activation: 'softmax' })],
    { inputShape: [5] },
  ).compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
}

const withNaN = {
  data: Float32Array.from(x.data, (v, i) => (i === 12 ? Number.NaN : v)),
  shape: x.shape,
};

type Case = [string, Inputs, Inputs, FitOptions, new (...args: never[]) => Error, string | RegExp];

const cases: Case[] = [
  [
    'wrong width',
    { data: new Float32Array(40 * 4), shape: [40, 4] },
    y,
    {},
    errors.ShapeError,
    'input: examples have shape [4], the model expects [5]',
  ],
  [
    'too few numbers',
    { data: new Float32Array(7), shape: [2, 5] },
    y,
    {},
    errors.ShapeError,
    '7 numbers for shape [2,5]',
  ],
  [
    'ragged rows',
    [
      [1, 2, 3, 4, 5],
      [1, 2],
    ],
    [0, 1],
    {},
    errors.ShapeError,
    'row 1 has shape [2], row 0 [5]',
  ],
  [
    'other number of targets',
    x,
    y.slice(0, 39),
    {},
    errors.ShapeError,
    'target:output has 39 examples, input "input" 40',
  ],
  [
    'label out of range',
    x,
    y.with(3, 3),
    {},
    errors.DataError,
    'label 3 of example 3, expected 0 to 2',
  ],
  [
    'negative label',
    x,
    y.with(0, -1),
    {},
    errors.DataError,
    'label -1 of example 0, expected 0 to 2',
  ],
  [
    'fraction as label',
    x,
    Float32Array.from(y).with(1, 0.5),
    {},
    errors.DataError,
    'label 0.5 at 1 is not a whole number',
  ],
  [
    'label beyond 32 bits',
    x,
    Float64Array.from(y).with(1, 3e9),
    {},
    errors.DataError,
    'label 3000000000 at 1 needs more than 32 bits',
  ],
  [
    'rows of bigints',
    [new BigInt64Array(5)] as unknown as Inputs,
    [0],
    {},
    errors.TypeMismatchError,
    'input: got an object, expected numbers in nested arrays',
  ],
  [
    'NaN in a typed row',
    [Float32Array.of(1, Number.NaN, 0, 0, 0)],
    [0],
    {},
    errors.DataError,
    'NaN in example 0',
  ],
  [
    'typed rows of another length',
    [new Float32Array(5), new Float32Array(4)],
    [0, 1],
    {},
    errors.ShapeError,
    'row 1 has shape [4], row 0 [5]',
  ],
  ['NaN', withNaN, y, {}, errors.DataError, 'NaN in example 2, expected finite numbers'],
  [
    'no examples',
    { data: new Float32Array(0), shape: [0, 5] },
    new Int32Array(0),
    {},
    errors.DataError,
    'no examples',
  ],
  [
    'no targets',
    x,
    undefined as unknown as Inputs,
    {},
    errors.DataError,
    'target:output: no data given',
  ],
  [
    'scaled reals',
    { ...x, scale: 2 },
    y,
    {},
    errors.OptionError,
    'scale and offset are for Uint8Array, got Float32Array',
  ],
  [
    'batch of 0',
    x,
    y,
    { batchSize: 0 },
    errors.OptionError,
    'batchSize is 0, expected a whole number of at least 1',
  ],
  ['half an epoch', x, y, { epochs: 0.5 }, errors.OptionError, 'epochs is 0.5'],
  [
    'split of 1',
    x,
    y,
    { validationSplit: 1 },
    errors.OptionError,
    'validationSplit is 1, expected 0 ≤ split < 1',
  ],
];

test.each(cases)(
  '%s is refused in words and changes nothing',
  async (_, badX, badY, options, type, message) => {
    using net = classifier();
    using twin = classifier();
    for (const m of [net, twin]) await m.fit(x, y);
    const failed = net.fit(badX, badY, options);
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toBeInstanceOf(type);
    for (const m of [net, twin]) await m.fit(x, y);
    expect(hashOf(await net.getWeights())).toBe(hashOf(await twin.getWeights()));
  },
);

test.each<[string, () => unknown, string]>([
  [
    'optimizer',
    () => classifier().compile({ optimizer: 'adm', loss: 'mse' }),
    'unknown optimizer "adm"; did you mean "adam"?',
  ],
  ['loss', () => classifier().compile({ optimizer: 'sgd', loss: 'mze' }), 'did you mean "mse"?'],
  [
    'metric',
    () => classifier().compile({ optimizer: 'sgd', loss: 'mse', metrics: ['accurasy'] }),
    'did you mean "accuracy"?',
  ],
  ['activation', () => dense(3, { activation: 'rellu' as 'relu' }), 'did you mean "relu"?'],
  ['initializer', () => dense(3, { kernelInitializer: 'heNorml' }), 'did you mean "heNormal"?'],
  [
    'output of a loss',
    () => classifier().compile({ optimizer: 'sgd', loss: { outpt: 'mse' } }),
    'unknown output in loss "outpt"; did you mean "output"?',
  ],
  ['activation layer', () => activation('tanhh' as 'tanh'), 'did you mean "tanh"?'],
])('unknown %s: the nearest known name', (_, make, message) => {
  expect(make).toThrow(errors.OptionError);
  expect(make).toThrow(message);
});

test.each<[string, () => unknown, string]>([
  ['units', () => dense(0), 'units'],
  ['rate', () => dropout(1), 'rate'],
  ['learning rate', () => adam({ learningRate: -1 }), 'learningRate'],
  ['no layers', () => sequential([]), 'no layers'],
])('options out of range: %s', (_, make, message) => {
  expect(make).toThrow(errors.OptionError);
  expect(make).toThrow(message);
});

test('shape errors name the layer', async () => {
  const net = sequential([(t) => ops.reshape(t, [-1, 4]), dense(2, { name: 'fc1' })], {
    inputShape: [8],
  });
  await net.build();
  const other = sequential([net, dense(1, { name: 'head' })], { inputShape: [8] });
  await expect(other.build()).resolves.toBe(other);
  const shared = dense(4, { name: 'fc1' });
  const clash = sequential([shared, shared], { inputShape: [783] });
  await expect(clash.build()).rejects.toThrow(/dense "fc1": .*783/);
});

test('out of turn: before compile, before build, after dispose', async () => {
  const net = sequential([dense(1)]);
  await expect(net.fit(x, y)).rejects.toThrow('call compile({ optimizer, loss }) first');
  await expect(net.getWeights()).rejects.toThrow('call build, fit or predict first');
  await expect(net.build()).rejects.toThrow('input "input" of model "sequential" has no shape');
  expect(() => dense(1)(ops.tensor([[1]]))).toThrow('a layer was called outside of a model');
  net.dispose();
  await expect(net.build([5])).rejects.toThrow(errors.DisposedError);
});

test('a model larger than memory is refused with its size; the engine goes on', async () => {
  using engine = await createEngine({ kind: 'inline' });
  const huge = sequential([dense(70_000)], { inputShape: [70_000], engine });
  await expect(huge.build()).rejects.toThrow(errors.MemoryError);
  using small = sequential([dense(2)], { inputShape: [5], engine });
  expect((await small.predict(x)).shape).toEqual([40, 2]);
});

test('no room for the optimiser: nothing is kept, and with room the model trains', async () => {
  using engine = await createEngine({ kind: 'inline' });
  using net = sequential([dense(3, { activation: 'softmax' })], { inputShape: [5], engine });
  net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  await net.build();
  const { used } = engine.memory();
  const alloc = engine.alloc.bind(engine);
  engine.alloc = (bytes, owner) => {
    if (owner.includes('velocity')) throw new errors.MemoryError('no room');
    return alloc(bytes, owner);
  };
  await expect(net.fit(x, y)).rejects.toThrow('no room');
  expect(engine.memory().used).toBe(used);
  engine.alloc = alloc;
  const { history } = await net.fit(x, y, { epochs: 20 });
  expect(history['loss']?.at(-1)).toBeLessThan(history['loss']?.[0] as number);
});

test('a loss that is not finite skips the update', async () => {
  using net = sequential([dense(1, { name: 'line' })], { inputShape: [1] });
  net.compile({
    optimizer: adam({ learningRate: 0.1 }),
    loss: (t, p) => ops.log(ops.sub(t, ops.mul(p, 0))),
  });
  await net.build();
  const before = hashOf(await net.getWeights());
  const { batchLoss } = await net.fit([[1], [2]], [[-1], [-1]], { batchSize: 1, epochs: 2 });
  expect(batchLoss.every(Number.isNaN)).toBe(true);
  expect(hashOf(await net.getWeights())).toBe(before);
});

test.each([
  [9, 0.1, 8],
  [10, 0.1, 9],
  [10, 0.3, 7],
  [30, 0.1, 27],
  [1000, 0.001, 999],
  [3, 0.01, 2],
])('of %i examples a split of %f leaves %i', async (examples, validationSplit, left) => {
  using net = sequential([dense(1)]);
  net.compile({ optimizer: 'sgd', loss: 'mse' });
  const column = Array.from({ length: examples }, (_, i) => [i / examples]);
  const found = await net.fit(column, column, { validationSplit });
  expect(found.examples).toBe(left);
  expect(found.history['val_loss']).toHaveLength(1);
});

test('validationData goes before validationSplit: all examples are trained', async () => {
  using net = sequential([dense(1)]);
  net.compile({ optimizer: 'sgd', loss: 'mse' });
  const column = [[1], [2], [3], [4]];
  const options = { validationSplit: 0.5, validationData: [column, column] as const };
  expect((await net.fit(column, column, options)).examples).toBe(4);
});

describe.each(['data', 'shape', 'scale', 'offset', 'length'])('an input named %s', (name) => {
  const rows = [
    [1, 2],
    [3, 4],
  ];
  const array = { data: Float32Array.from(rows.flat()), shape: [2, 2] };
  const bytes = { data: Uint8Array.from(rows.flat()), shape: [2, 2], scale: 0.5, offset: 1 };

  test('takes its numbers in every form', async () => {
    using net = model({ inputs: { [name]: [2] }, outputs: (x) => x[name] as Tensor });
    for (const given of [rows, array, array.data, { [name]: rows }, { [name]: array }])
      expect([...(await net.predict(given)).data]).toEqual(rows.flat());
    for (const given of [bytes, { [name]: bytes }])
      expect([...(await net.predict(given)).data]).toEqual([1.5, 2, 2.5, 3]);
  });

  test('stands beside another', async () => {
    const both = (x: Readonly<Record<string, Tensor>>) =>
      ops.add(x[name] as Tensor, x['other'] as Tensor);
    using net = model({ inputs: { [name]: [2], other: [2] }, outputs: both });
    const { data } = await net.predict({ [name]: array, other: rows });
    expect([...data]).toEqual([2, 4, 6, 8]);
  });
});

test('inputs named data and shape', async () => {
  using net = model({
    inputs: { data: [2], shape: [1] },
    outputs: ({ data, shape }) => ops.mul(data as Tensor, shape as Tensor),
  });
  const { data } = await net.predict({ data: Float32Array.of(1, 2, 3, 4), shape: [[10], [20]] });
  expect([...data]).toEqual([10, 20, 60, 80]);
});

test('a list of typed arrays is what its numbers are, in fit and predict', async () => {
  using listed = classifier();
  using whole = classifier();
  const rows = Array.from({ length: 40 }, (_, i) =>
    (x.data as Float32Array).subarray(i * 5, i * 5 + 5),
  );
  await listed.fit(rows, Array.from(y), { epochs: 2 });
  await whole.fit(x, y, { epochs: 2 });
  expect(await listed.predict(rows)).toEqual(await whole.predict(x));
  using flat = sequential([flatten(), dense(1)], { inputShape: [1, 5, 1] });
  await flat.build();
  expect((await flat.predict(rows)).shape).toEqual([40, 1]);
  const nested = ops.tensor([[Float32Array.of(1, 2)], [Int8Array.of(3, 4)]]);
  expect([nested.shape, [...nested.attrs.data]]).toEqual([
    [2, 1, 2],
    [1, 2, 3, 4],
  ]);
  const adapted = normalization().adapt(rows);
  expect(adapted.config).toEqual(normalization().adapt(x).config);
});

test('nothing to predict from is said in words', async () => {
  using net = classifier();
  await net.build();
  await expect(net.predict(new Float32Array(0))).rejects.toThrow('input: no examples');
  await expect(net.predictAll([])).rejects.toThrow('input: no examples');
  expect(() => net.predictSync(new Float32Array(0))).toThrow('input: no examples');
  const sent = Float32Array.from(x.data);
  structuredClone(sent, { transfer: [sent.buffer] });
  await expect(net.predict(sent)).rejects.toThrow('no examples (its buffer was transferred)');
  await expect(net.predict({ data: sent, shape: [40, 5] })).rejects.toThrow(
    '0 numbers for shape [40,5] (its buffer was transferred)',
  );
});

test.each<[string, () => unknown, string]>([
  ['tensor', () => ops.tensor([1], 'i32' as never), 'shape is "i32", expected a list of sizes'],
  ['dtype', () => ops.tensor([1], [1], 'float32' as never), 'unknown dtype "float32". Known: real'],
  ['reshape', () => ops.reshape(ops.tensor([1]), 1 as never), 'shape is 1, expected a list'],
  ['expand', () => ops.expand(ops.tensor([1]), 2 as never), 'shape is 2, expected a list'],
  ['random', () => ops.randomNormal(3 as never, 1), 'shape is 3, expected a list of sizes'],
])('%s: a shape that is none', (_, make, message) => {
  expect(make).toThrow(message);
});
