import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradCheck } from '../../src/check/gradCheck.ts';
import type { GradCheck } from '../../src/check/report.ts';
import { defineOp } from '../../src/graph/op.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as layers from '../../src/nn/index.ts';
import { layer } from '../../src/nn/layer.ts';
import { l2 } from '../../src/nn/regularizer.ts';
import * as ops from '../../src/ops/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { type Model, model, type SequentialLayer, sequential } from '../../src/train/model.ts';
import { blobs, hashOf, lcg } from '../support/data.ts';

const { dense, batchNormalization, dropout, lambda } = layers;
const GREAT = 1e-7;
const batch = blobs(24, 6, 3);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline' });
});
afterAll(() => engine.dispose());

const deep = () =>
  Array.from({ length: 12 }, () =>
    dense(10, { activation: 'relu', kernelInitializer: 'heNormal' }),
  );

function classifier(hidden: readonly SequentialLayer[], options = {}): Model {
  const parts = [...hidden, dense(3, { activation: 'softmax' })];
  return sequential(parts, { inputShape: [6], seed: 3, engine }).compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    ...options,
  });
}

function expectGreat(check: GradCheck): void {
  expect(check.ratio, String(check)).toBeLessThanOrEqual(GREAT);
  expect(check.verdict, String(check)).toBe('great');
  expect(check.passed).toBe(true);
}

const NETWORKS: Record<string, () => Model> = {
  linear: () => classifier([]),
  mlp: () => classifier([dense(16, { activation: 'tanh' }), dense(8, { activation: 'gelu' })]),
  'deep relu network': () => classifier(deep()),
  'batch normalisation': () =>
    classifier([
      dense(10),
      batchNormalization(),
      layers.activation('relu'),
      dense(8),
      batchNormalization(),
      layers.activation('relu'),
    ]),
  'layer normalisation': () => classifier([dense(10), layers.layerNormalization()]),
  penalties: () => classifier([dense(9, { activation: 'tanh' })], { regularizer: l2(5) }),
  convolution: () =>
    classifier([
      dense(32, { activation: 'tanh' }),
      layers.reshape([4, 4, 2]),
      layers.conv2D(3, 3, { padding: 'same', activation: 'relu' }),
      layers.flatten(),
    ]),
  'max pooling': () =>
    classifier([
      dense(48),
      layers.reshape([4, 4, 3]),
      layers.maxPooling2D({ poolSize: 2 }),
      layers.flatten(),
      dense(6, { activation: 'leakyRelu' }),
    ]),
};

describe.each(Object.entries(NETWORKS))('%s', (_, make) => {
  test('at the start and behind some training', async () => {
    const net = make();
    expectGreat(await gradCheck(net, batch));
    await net.fit(batch.x, batch.y, { epochs: 5, batchSize: 8 });
    expectGreat(await gradCheck(net, batch));
    expect((await gradCheck(net, batch, { epsilon: 1e-7 })).passed).toBe(true);
    net.dispose();
  });
});

test('several inputs and outputs, weights of examples, a shared and a frozen layer', async () => {
  const [shared, frozen, left, right] = [
    dense(4, { activation: 'tanh' }),
    dense(4, { name: 'frozen', trainable: false }),
    dense(2),
    dense(3),
  ];
  const net = model({
    inputs: { a: [5], b: [5] },
    outputs: ({ a, b }) => {
      const sum = ops.add(shared(a as Tensor), shared(b as Tensor));
      return { left: left(frozen(sum)), right: right(sum) };
    },
    engine,
  }).compile({
    optimizer: 'sgd',
    loss: { left: 'huber', right: { name: 'sparseCategoricalCrossentropy', fromLogits: true } },
    lossWeights: { left: 0.5, right: 2 },
  });
  const random = lcg(1);
  const numbers = (n: number) => ({
    data: Float32Array.from({ length: 8 * n }, random),
    shape: [8, n],
  });
  const y = { left: numbers(2), right: Int32Array.from({ length: 8 }, (_, i) => i % 3) };
  const sampleWeight = Array.from({ length: 8 }, random);
  const check = await gradCheck(net, { x: { a: numbers(5), b: numbers(5) }, y, sampleWeight });
  expectGreat(check);
  expect(check.parameters.map((p) => p.name)).toEqual([
    'dense/kernel',
    'dense/bias',
    'dense_1/kernel',
    'dense_1/bias',
    'dense_2/kernel',
    'dense_2/bias',
  ]);
  net.dispose();
});

test('a bias in front of batch normalisation has no gradient', async () => {
  const net = classifier([dense(10), batchNormalization()]);
  const check = await gradCheck(net, batch);
  const verdicts = Object.fromEntries(check.parameters.map((p) => [p.name, p.verdict]));
  expect(verdicts).toMatchObject({ 'dense/kernel': 'great', 'dense/bias': 'zero' });
  expect(String(check)).toMatch(/^dense\/bias .* zero /m);
  net.dispose();
});

/** The network is as if the check had not been. */
test('changes nothing', async () => {
  const [net, other] = [
    NETWORKS['batch normalisation']?.(),
    NETWORKS['batch normalisation']?.(),
  ] as [Model, Model];
  await Promise.all([net.build(), other.build()]);
  await gradCheck(net, batch);
  for (const each of [net, other]) await each.fit(batch.x, batch.y, { epochs: 2 });
  expect(hashOf(await net.getWeights())).toBe(hashOf(await other.getWeights()));
  for (const each of [net, other]) each.dispose();
});

test('a sample: small parameters whole, large ones in equal parts, by seed', async () => {
  const net = classifier([dense(40, { activation: 'tanh' })]);
  const check = await gradCheck(net, batch, { samples: 200 });
  expectGreat(check);
  expect(check.parameters.map((p) => p.checked)).toEqual([78, 40, 79, 3]);
  expect([check.checked, check.size]).toEqual([200, 403]);
  const entries = async (seed: number) =>
    (await gradCheck(net, batch, { samples: 20, seed })).parameters.map((p) => p.worst);
  expect(await entries(1)).toEqual(await entries(1));
  expect(await entries(1)).not.toEqual(await entries(2));
  expect((await gradCheck(net, batch, { samples: Infinity })).checked).toBe(403);
  net.dispose();
});

/** y = x, whose gradient is `factor` of what it should be. */
const skewed = defineOp({
  name: 'skewed',
  args: (x: Tensor, factor: number) => [[x], { factor }],
  type: ([x]) => x as Tensor,
  view: true,
  emit() {},
  grad: (dy, { attrs }) => [ops.affine(dy, attrs.factor)],
});

test.each([
  [1 + 1e-9, 'great', true],
  [1 + 1e-5, 'look', true],
  [1.0001, 'look', false],
  [1.01, 'worry', false],
  [0, 'worry', false],
  [Number.NaN, 'worry', false],
])('a gradient of %f times what it is', async (factor, verdict, passed) => {
  const net = classifier([dense(7, { activation: 'relu' }), lambda((x) => skewed(x, factor))]);
  const check = await gradCheck(net, batch);
  expect({ verdict: check.verdict, passed: check.passed }).toEqual({ verdict, passed });
  const [kernel] = check.parameters;
  expect(kernel?.verdict).toBe(verdict);
  expect(kernel?.worst).toHaveLength(3);
  if (!passed) expect(String(check)).toMatch(/^dense\/kernel\[\d,\d\]: gradient .*, differences /m);
  net.dispose();
});

describe('a step so short that rounding of the loss counts', () => {
  test('the verdict of the whole is that of its rows', async () => {
    const net = classifier(deep());
    const check = await gradCheck(net, batch, { epsilon: 2e-9 });
    expect(check.ratio).toBeGreaterThan(GREAT);
    for (const { name, verdict } of check.parameters) expect(verdict, name).toBe('great');
    expect(check).toMatchObject({ verdict: 'great', passed: true });
    expect(String(check)).not.toMatch(/look/);
    net.dispose();
  });

  test('a gradient that is wrong by more than rounding is listed', async () => {
    const net = classifier([dense(7, { activation: 'relu' }), lambda((x) => skewed(x, 1.0005))]);
    const check = await gradCheck(net, batch, { epsilon: 1e-7 });
    expect(check).toMatchObject({ verdict: 'look', passed: false });
    expect(String(check)).toMatch(/^dense\/kernel\[\d,\d\]: gradient .*, differences /m);
    net.dispose();
  });

  test('an error of 1e-5 that rounding could hide is no agreement', async () => {
    const net = classifier(deep());
    const check = await gradCheck(net, batch, { epsilon: 1e-11 });
    expect(check.verdict).toBe('look');
    expect(check.rounding).toBeGreaterThan(1e-5);
    expect(String(check)).toMatch(/ε 1e-11: ε is too small: rounding of the loss alone may give/);
    net.dispose();
  });
});

test('a wrong gradient of a small part is a worry too', async () => {
  const net = classifier([
    layer('shift', {}, (scope, x: Tensor) =>
      ops.add(x, ops.affine(skewed(scope.weight('tiny', [6]), 1.1), 1e-4)),
    ),
    dense(7, { activation: 'tanh' }),
  ]);
  const check = await gradCheck(net, batch);
  expect(check.ratio).toBeLessThan(1e-5);
  expect(check).toMatchObject({ verdict: 'worry', passed: false });
  net.dispose();
});

describe('where the loss bends', () => {
  const bent = (wrong: number) =>
    classifier([
      layer('bent', {}, (scope, x: Tensor) => {
        const zero = scope.weight('zero', [6], { initializer: 'zeros' });
        const near = scope.weight('near', [6], {
          initializer: () => ops.tensor([2e-6, -2e-6, (3 / 7) * 1e-5, -8e-6, 1e-7, 0.3]),
        });
        const moved = ops.mul(x, skewed(ops.relu(near), wrong));
        return ops.add(ops.add(moved, ops.mul(x, ops.abs(near))), ops.mul(x, ops.relu(zero)));
      }),
      dense(7, { activation: 'tanh' }),
    ]);

  // At 3/7 of ε half the step has a quarter of the error, as with a curve without bends.
  test('entries are listed apart', async () => {
    const net = bent(1);
    const check = await gradCheck(net, batch);
    expectGreat(check);
    const [zero, near] = check.parameters;
    expect(zero?.branches.map((e) => e.index)).toEqual([[0], [1], [2], [3], [4], [5]]);
    expect(near?.branches.map((e) => e.index)).toEqual([[0], [1], [2], [3], [4]]);
    expect(String(check)).toContain('11 not counted: the loss bends within ±ε');
    net.dispose();
  });

  test('but wrong gradients are not excused', async () => {
    const net = bent(1.01);
    const check = await gradCheck(net, batch);
    expect(check.passed).toBe(false);
    const { worst } = check.parameters[1] as GradCheck['parameters'][number];
    expect(worst.map((e) => e.index)).toContainEqual([5]);
    net.dispose();
  });
});

describe('noise', () => {
  test.each([
    [dropout(0.5), 'layer "dropout" draws random numbers (dropout): pass noise'],
    [
      layers.gaussianNoise(0.1, { name: 'blur' }),
      'layer "blur" draws random numbers (randomNormal)',
    ],
  ])('is refused unless off', async (noisy, message) => {
    const net = classifier([dense(9), batchNormalization(), noisy]);
    await expect(gradCheck(net, batch)).rejects.toThrow(message);
    const check = await gradCheck(net, batch, { noise: 'off' });
    expectGreat(check);
    // Statistics are those of the batch, as in training.
    expect(check.parameters.find((p) => p.name === 'dense/bias')?.verdict).toBe('zero');
    net.dispose();
  });

  test('of layers that do not ask whether to', async () => {
    const net = classifier([
      layer('shake', {}, (scope, x: Tensor) =>
        ops.add(x, ops.randomNormal(x.shape, scope.stream())),
      ),
    ]);
    await expect(gradCheck(net, batch, { noise: 'off' })).rejects.toThrow('ask `scope.noise`');
    net.dispose();
  });
});

test('what cannot be checked', async () => {
  const net = await classifier([dense(4)]).build();
  const wrong: readonly [object, string][] = [
    [{ epsilon: 0 }, 'epsilon is 0'],
    [{ samples: 0 }, 'samples is 0'],
    [{ noise: 'on' }, 'noise is "on", expected "off"'],
  ];
  for (const [options, message] of wrong)
    await expect(gradCheck(net, batch, options)).rejects.toThrow(message);
  const x = { ...batch.x, data: batch.x.data.map(() => Number.NaN) };
  await expect(gradCheck(net, { ...batch, x })).rejects.toThrow(/NaN/);
  const infinite = classifier([lambda((t) => ops.log(ops.affine(t, 0)))]);
  await expect(gradCheck(infinite, batch)).rejects.toThrow('the loss is NaN, expected a finite');
  infinite.dispose();
  for (const l of net.layers) l.trainable = false;
  await expect(gradCheck(net, batch)).rejects.toThrow('has no trainable weights');
  net.dispose();
  const plain = sequential([dense(3)], { inputShape: [6], engine });
  await expect(gradCheck(plain, batch)).rejects.toThrow('call compile');
});
