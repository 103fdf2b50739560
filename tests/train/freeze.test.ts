import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Shape } from '../../src/graph/shape.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as layers from '../../src/nn/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { freeze } from '../../src/train/freeze.ts';
import { loadModel } from '../../src/train/load.ts';
import {
  coreOf,
  type Model,
  model,
  type SequentialLayer,
  sequential,
} from '../../src/train/model.ts';
import { spread } from '../cases/case.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'simd' });
});
afterAll(() => engine.dispose());

const norm = () => layers.batchNormalization({ epsilon: 0.01 });
const chain = (...list: SequentialLayer[]) => list;

/** One unit for each sample, so that nothing is all zeros. */
const NETWORKS: [string, Shape, () => SequentialLayer[], left: number][] = [
  ['dense', [5], () => chain(layers.dense(4), norm(), layers.activation('relu')), 0],
  ['without bias', [5], () => chain(layers.dense(4, { useBias: false }), norm()), 0],
  ['conv1D', [6, 2], () => chain(layers.conv1D(3, 2), norm(), layers.activation('swish')), 0],
  ['conv2D', [5, 5, 2], () => chain(layers.conv2D(3, 3, { padding: 'same' }), norm()), 0],
  ['conv3D', [3, 3, 3, 2], () => chain(layers.conv3D(2, 2, { groups: 2 }), norm()), 0],
  ['transposed', [3, 3, 2], () => chain(layers.conv2DTranspose(3, 2), norm()), 0],
  [
    'depthwise',
    [4, 4, 3],
    () => chain(layers.depthwiseConv2D(2, { depthMultiplier: 2 }), norm()),
    0,
  ],
  ['separable', [4, 4, 3], () => chain(layers.separableConv2D(4, 2), norm()), 0],
  [
    'channels first',
    [2, 4, 4],
    () =>
      chain(
        layers.conv2D(3, 3, { dataFormat: 'channelsFirst' }),
        layers.batchNormalization({ axis: 1 }),
      ),
    0,
  ],
  [
    'other axis',
    [4, 4, 2],
    () => chain(layers.conv2D(3, 3), layers.batchNormalization({ axis: 1 })),
    4,
  ],
  ['behind an activation', [5], () => chain(layers.dense(4, { activation: 'tanh' }), norm()), 4],
  ['first', [5], () => chain(norm(), layers.dense(4)), 4],
  [
    'without scale',
    [5],
    () => chain(layers.dense(4), layers.batchNormalization({ scale: false, center: false })),
    0,
  ],
  [
    'in a model as a layer',
    [5],
    () => chain(sequential([layers.dense(4), norm()], { name: 'inner' }), layers.dense(2), norm()),
    0,
  ],
];

/** Weights that differ, with positive variances. */
async function filled(net: Model): Promise<Model> {
  await net.build();
  const weights = await net.getWeights();
  const names = net.weightNames;
  await net.setWeights(
    weights.map(({ shape }, i) => {
      const low = names[i]?.endsWith('Variance') ? 0.2 : -1;
      return spread(shape, i + 1, low, 1.5).data;
    }),
  );
  return net;
}

async function expectSame(net: Model, folded: Model, shape: Shape): Promise<void> {
  const x = { data: Float32Array.from(spread([4, ...shape], 7).data), shape: [4, ...shape] };
  const [before, after] = [await net.predict(x), await folded.predict(x)];
  expect(after.shape).toEqual(before.shape);
  const scale = Math.max(...Array.from(before.data, Math.abs));
  expect(scale).toBeGreaterThan(0.01);
  before.data.forEach((v, i) => {
    expect(Math.abs((after.data[i] as number) - v)).toBeLessThanOrEqual(1e-5 * Math.max(1, scale));
  });
}

/** Ops of the program that predicts. */
function opsOf(net: Model): string[] {
  const found = new Set<Tensor>();
  const walk = (t: Tensor): void => {
    if (found.has(t)) return;
    found.add(t);
    t.inputs.forEach(walk);
  };
  Object.values(coreOf(net).trace(2, false).outputs).forEach(walk);
  return [...found].map((t) => t.op.name);
}

const normalisations = (net: Model) => net.weightNames.filter((n) => /gamma|beta|moving/.test(n));

test.each(NETWORKS)('%s', async (_, inputShape, make, left) => {
  using net = await filled(sequential(make(), { inputShape, engine }));
  using folded = await freeze(net);
  expect(normalisations(folded)).toHaveLength(left);
  expect(opsOf(net)).toContain('rsqrt');
  if (left === 0) expect(opsOf(folded)).not.toContain('rsqrt');
  await expectSame(net, folded, inputShape);
});

test('a frozen model is saved and loaded, and cannot be trained', async () => {
  const layer = () => layers.conv2D(3, 3, { padding: 'same' });
  const parts = chain(layer(), norm(), layers.activation('relu'), layers.flatten());
  const head = chain(layers.dropout(0.5), layers.dense(2, { activation: 'softmax' }));
  using net = await filled(sequential([...parts, ...head], { inputShape: [4, 4, 1], engine }));
  net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  net.classNames = ['cat', 'dog'];
  using frozen = await freeze(net);
  using loaded = await loadModel(await frozen.toFiles(), { engine });
  expect([loaded.classNames, normalisations(loaded)]).toEqual([['cat', 'dog'], []]);
  await expectSame(net, loaded, [4, 4, 1]);
  const x = { data: new Float32Array(32), shape: [2, 4, 4, 1] };
  for (const one of [frozen, loaded])
    await expect(one.fit(x, Int32Array.of(0, 1))).rejects.toThrow('no trainable weights');
  expect(await loaded.evaluate(x, Int32Array.of(0, 1))).toHaveProperty('loss');
});

test('before it is built there is nothing to freeze', async () => {
  using net = sequential([layers.dense(2)], { inputShape: [3], engine });
  await expect(freeze(net)).rejects.toThrow('has no weights yet');
});

test('residual connections stay what they are', async () => {
  const conv = () => layers.conv2D(2, 3, { padding: 'same' });
  const [a, an, b, bn, add] = [conv(), norm(), conv(), norm(), layers.add()];
  const relu = layers.activation('relu');
  using net = await filled(
    model({
      inputs: { image: [4, 4, 2] },
      outputs: ({ image }) => {
        const first = an(a(image as Tensor));
        return add(relu(bn(b(first))), first);
      },
      engine,
    }),
  );
  using folded = await freeze(net);
  expect(normalisations(folded)).toEqual([]);
  await expectSame(net, folded, [4, 4, 2]);
});

test('what is called or read twice stays', async () => {
  const [a, n] = [layers.dense(3), norm()];
  using net = await filled(
    model({
      inputs: { x: [3] },
      outputs: ({ x }) => n(a(a(x as Tensor))),
      engine,
    }),
  );
  using folded = await freeze(net);
  expect(normalisations(folded)).toHaveLength(4);
  await expectSame(net, folded, [3]);
});
