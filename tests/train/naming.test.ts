import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NDArray } from '../../src/compile/array.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as layers from '../../src/nn/index.ts';
import { reduceMean } from '../../src/ops/reduce.ts';
import { square } from '../../src/ops/unary.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { freeze } from '../../src/train/freeze.ts';
import { loadModel } from '../../src/train/load.ts';
import { type Model, model, sequential } from '../../src/train/model.ts';
import { trainer } from '../../src/train/trainer.ts';
import { hashOf } from '../support/data.ts';

const { dense } = layers;
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'simd' });
});
afterAll(() => engine.dispose());

const place = () => ({ inputShape: [4], engine });

/** Weights with at least two axes, as text. */
async function kernels(net: Model): Promise<string[]> {
  await net.build();
  const all: NDArray[] = await net.getWeights();
  return all.filter(({ shape }) => shape.length > 1).map(({ data }) => [...data].join());
}

async function expectDifferent(net: Model, count: number): Promise<void> {
  const found = await kernels(net);
  expect(found).toHaveLength(count);
  expect(new Set(found).size).toBe(count);
  net.dispose();
}

test.each([
  [
    'one behind the other',
    () => sequential([dense(4, { name: 'fc' }), dense(4, { name: 'fc' })], place()),
  ],
  [
    'with others between',
    () =>
      sequential(
        [dense(4, { name: 'fc' }), layers.flatten(), layers.dropout(0.5, { name: 'fc' })],
        place(),
      ),
  ],
  [
    'in a functional model',
    () => {
      const [a, b] = [dense(4, { name: 'fc' }), dense(4, { name: 'fc' })];
      return model({ inputs: { x: [4] }, outputs: ({ x }) => b(a(x as Tensor)), engine });
    },
  ],
  [
    'in a model as a layer',
    () => sequential([sequential([dense(4, { name: 'fc' }), dense(4, { name: 'fc' })])], place()),
  ],
  [
    'behind a layer that has that name by itself',
    () => sequential([dense(4), dense(4, { name: 'dense' })], place()),
  ],
])('two layers of one name are refused: %s', async (title, make) => {
  // biome-ignore format: a table
  using net = make();
  const name = title.includes('itself') ? 'dense' : 'fc';
  await expect(net.build()).rejects.toThrow(
    `two layers are called "${name}": give each a name of its own`,
  );
});

test('one layer that is called twice, and layers of one name in different models, are not', async () => {
  const shared = dense(4, { name: 'fc' });
  await expectDifferent(sequential([shared, shared], place()), 1);
  const inner = () => sequential([dense(4, { name: 'fc' })]);
  await expectDifferent(sequential([inner(), inner(), dense(4, { name: 'fc' })], place()), 3);
});

test('a layer without a name takes one that is free', async () => {
  using net = sequential([dense(4, { name: 'dense' }), dense(4), dense(4)], place());
  await net.build();
  expect(net.layers.map((l) => l.label)).toEqual(['dense', 'dense_1', 'dense_2']);
  await expectDifferent(net, 3);
});

const block = (options = {}) => sequential([dense(4), dense(4, { name: 'fc' })], options);

test.each([
  ['of automatic names', () => [block(), block(), block()]],
  ['of one name', () => [block({ name: 'block' }), block({ name: 'block' })]],
  ['in models of one name', () => [sequential([block()]), sequential([block()])]],
])('models of one shape inside of a model start differently: %s', async (_, make) => {
  const inner = make();
  await expectDifferent(sequential(inner, place()), 2 * inner.length);
});

test('models of one shape in a trainer start differently', async () => {
  const [a, b] = [block({ engine }), block({ engine })];
  const loss = ({ x }: Readonly<Record<string, Tensor>>) =>
    reduceMean(square(b.call(a.call(x as Tensor))));
  using steps = trainer(loss, { name: 'sgd', learningRate: 1e-30 }, { engine });
  await steps.step({ x: [[1, 2, 3, 4]] });
  await a.build([4]);
  await b.build([4]);
  expect(new Set([...(await kernels(a)), ...(await kernels(b))]).size).toBe(4);
});

const NETWORKS: [string, () => Model][] = [
  ['sequential', () => sequential([dense(5), layers.dropout(0.1), dense(4)], place())],
  ['models of one shape', () => sequential([block(), block()], place())],
  ['functional', () => {
    const [a, b] = [dense(4), dense(4)];
    return model({ inputs: { x: [4] }, outputs: ({ x }) => layers.add()(a(x as Tensor), b(x as Tensor)), engine });
  }],
]; // biome-ignore format: a table

test.each(NETWORKS)(
  'built twice, with other models before it, it starts alike: %s',
  async (_, make) => {
    const first = await kernels(make());
    await kernels(sequential([dense(3), dense(3), block(), block()], place()));
    expect(await kernels(make())).toEqual(first);
  },
);

test('a new layer starts alike, wherever the layer beside it was used before', async () => {
  const start = async (elsewhere: boolean, last: boolean) => {
    const shared = dense(4);
    if (elsewhere)
      await kernels(sequential([...(last ? [dense(4), dense(4)] : []), shared], place()));
    const fresh = dense(4);
    const net = sequential(last ? [fresh, shared] : [shared, fresh], place());
    return (await kernels(net))[last ? 0 : 1];
  };
  expect(await start(true, false)).toBe(await start(false, false));
  expect(await start(true, true)).toBe(await start(false, true));
});

/** The bits of release 0.1.0. */
const BITS: [string, () => Model, string][] = [
  ['plain', () => sequential([dense(5), dense(4), layers.batchNormalization(), dense(4)], place()), 'aa404b5ea4bae063'],
  ['nested', () => sequential([sequential([dense(5), dense(3)]), dense(4)], place()), '4f3e9ae51d692f70'],
  ['two nested', () => sequential([sequential([dense(5)]), sequential([dense(6)]), dense(4)], place()), '7c355220b8cdf43d'],
  ['named', () => sequential([dense(5, { name: 'a' }), dense(4, { name: 'b' })], place()), 'b58c5a93100eac54'],
]; // biome-ignore format: a table

test.each(BITS)('weights start with the bits that they had: %s', async (_, make, bits) => {
  using net = make();
  await net.build();
  expect(hashOf(await net.getWeights())).toBe(bits);
});

test('models of one name with layers of one name: saved, loaded, frozen, they give the same', async () => {
  const conv = () =>
    sequential([dense(3, { name: 'fc' }), layers.batchNormalization({ name: 'bn' })]);
  using net = sequential([conv(), conv()], place());
  const x = [[1, 2, 3, 4]];
  net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  await net.fit(x, [[1, 2, 3]], { epochs: 3 });
  const expected = await net.predict(x);
  using loaded = await loadModel(await net.toFiles(), { engine });
  expect(await loaded.predict(x)).toEqual(expected);
  using frozen = await freeze(net);
  const { data } = await frozen.predict(x);
  data.forEach((v, i) => {
    expect(v).toBeCloseTo(expected.data[i] as number, 5);
  });
});
