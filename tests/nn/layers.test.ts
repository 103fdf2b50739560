import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.ts';
import { activations } from '../../src/nn/activations.ts';
import { type LayerConfig, layerConfig, registerLayer } from '../../src/nn/config.ts';
import { constraints } from '../../src/nn/constraint.ts';
import { layerFromConfig } from '../../src/nn/fromConfig.ts';
import * as layers from '../../src/nn/index.ts';
import { type Layer, layer } from '../../src/nn/layer.ts';
import { l1, l2 } from '../../src/nn/regularizer.ts';
import { Trace, type TraceOptions, withTrace } from '../../src/nn/trace.ts';
import { mul } from '../../src/ops/binary.ts';
import { scalar, tensor } from '../../src/ops/leaf.ts';
import { expand } from '../../src/ops/sum.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { OptionError, ShapeError } from '../../src/runtime/errors.ts';
import { call } from '../support/layers.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

const x = () =>
  tensor([
    [1, -2, 3],
    [4, 5, -6],
  ]);
const y = () =>
  tensor([
    [6, 5, 4],
    [3, 2, 1],
  ]);
const weights = { kernel: [1, 2, 3, 4, 5, 6], bias: [0.5, -20] };

const VALUES: [string, () => Tensor, number[], number[]][] = [
  ['dense', () => layers.dense(2)(x()), [2, 2], [10.5, -8, -10.5, -28]],
  ['dense relu', () => layers.dense(2, { activation: 'relu' })(x()), [2, 2], [10.5, 0, 0, 0]],
  [
    'dense of three axes',
    () => layers.dense(2)(tensor([[[1, -2, 3]], [[4, 5, -6]]])),
    [2, 1, 2],
    [10.5, -8, -10.5, -28],
  ],
  [
    'dense with a function',
    () => layers.dense(2, { activation: (z) => mul(z, z) })(x()),
    [2, 2],
    [110.25, 64, 110.25, 784],
  ],
  ['activation', () => layers.activation('relu')(x()), [2, 3], [1, 0, 3, 4, 5, 0]],
  ['dropout outside of training', () => layers.dropout(0.5)(x()), [2, 3], [1, -2, 3, 4, 5, -6]],
  ['noise outside of training', () => layers.gaussianNoise(1)(x()), [2, 3], [1, -2, 3, 4, 5, -6]],
  [
    'flatten',
    () =>
      layers.flatten()(
        tensor([
          [
            [1, 2],
            [3, 4],
          ],
        ]),
      ),
    [1, 4],
    [1, 2, 3, 4],
  ],
  ['flatten of one axis', () => layers.flatten()(tensor([1, 2])), [2, 1], [1, 2]],
  ['reshape', () => layers.reshape([3, -1])(x()), [2, 3, 1], [1, -2, 3, 4, 5, -6]],
  [
    'concatenate',
    () => layers.concatenate()(x(), y()),
    [2, 6],
    [1, -2, 3, 6, 5, 4, 4, 5, -6, 3, 2, 1],
  ],
  [
    'concatenate rows',
    () => layers.concatenate({ axis: 0 })(x(), y()),
    [4, 3],
    [1, -2, 3, 4, 5, -6, 6, 5, 4, 3, 2, 1],
  ],
  ['add', () => layers.add()(x(), y(), y()), [2, 3], [13, 8, 11, 10, 9, -4]],
  ['subtract', () => layers.subtract()(x(), y()), [2, 3], [-5, -7, -1, 1, 3, -7]],
  ['multiply', () => layers.multiply()(x(), y()), [2, 3], [6, -10, 12, 12, 10, -6]],
  ['average', () => layers.average()(x(), y()), [2, 3], [3.5, 1.5, 3.5, 3.5, 3.5, -2.5]],
  ['maximum', () => layers.maximum()(x(), y()), [2, 3], [6, 5, 4, 4, 5, 1]],
  ['minimum', () => layers.minimum()(x(), y()), [2, 3], [1, -2, 3, 3, 2, -6]],
  ['lambda', () => layers.lambda((a: Tensor) => mul(a, a))(x()), [2, 3], [1, 4, 9, 16, 25, 36]],
];

it.each(VALUES)('%s', async (name, body, shape, data) => {
  const got = await call(engine, body, name.startsWith('dense') ? { weights } : {});
  expect(got.shape).toEqual(shape);
  expect(got.data).toEqual(data);
});

it('dense is the same with its activation fused or not', async () => {
  for (const name of ['relu', 'tanh'] as const) {
    const fused = await call(engine, () => layers.dense(2, { activation: name })(x()), { weights });
    const apart = await call(engine, () => layers.activation(name)(layers.dense(2)(x())), {
      weights,
    });
    expect(fused.data).toEqual(apart.data);
  }
});

it('a layer called twice uses the same weights', async () => {
  const shared = layers.dense(2);
  const got = await call(engine, () => layers.subtract()(shared(x()), shared(x())));
  expect(got.data).toEqual([0, 0, 0, 0]);
  expect(shared.variables.map((v) => v.name)).toEqual(['dense/kernel', 'dense/bias']);
});

it('adds the penalties of weights and output to the loss', async () => {
  const penalised = layers.dense(2, {
    kernelRegularizer: 'l2',
    biasRegularizer: l2(1),
    activityRegularizer: { name: 'l1', lambda: 0.1 },
  });
  const { penalties } = await call(engine, () => penalised(x()), { weights });
  // Weights: one example unless told; outputs: the two of the batch.
  for (const [i, want] of [(0.01 / 2) * 91, 400.25 / 2, (0.1 / 4) * 57].entries()) {
    expect(penalties[i]).toBeCloseTo(want, 12);
  }
});

/** Penalties for 4 examples of what the walk is told and a layer of kernel 1 … 6 and bias 0.5, −20. */
const PENALTIES: [string, () => Tensor, TraceOptions, number[]][] = [
  ['none', () => layers.dense(2)(x()), {}, []],
  ["the model's", () => layers.dense(2)(x()), { regularizer: l2(0.1) }, [(0.1 / 8) * 91]],
  [
    "the model's, biases too",
    () => layers.dense(2)(x()),
    { regularizer: l1(0.1), regularizeBiases: true },
    [(0.1 / 8) * 21, (0.1 / 8) * 20.5],
  ],
  [
    "the layer's own instead",
    () => layers.dense(2, { kernelRegularizer: l2(1, { scaling: 'keras' }) })(x()),
    { regularizer: l1(0.1) },
    [91],
  ],
  [
    'once for a layer called twice',
    () => {
      const shared = layers.dense(2, { kernelRegularizer: l1(8) });
      return layers.add()(shared(x()), shared(y()));
    },
    {},
    [21],
  ],
  [
    'none for frozen weights',
    () => layers.dense(2, { trainable: false })(x()),
    { regularizer: l2(1) },
    [],
  ],
];

it.each(PENALTIES)('penalties: %s', async (_, body, options, want) => {
  const { penalties } = await call(engine, body, { weights, trace: { examples: 4, ...options } });
  expect(penalties).toHaveLength(want.length);
  want.forEach((p, i) => {
    expect(penalties[i]).toBeCloseTo(p, 12);
  });
});

it('takes the weights of a layer that is not trainable as frozen', async () => {
  const { trace } = await call(engine, () => layers.dense(2, { trainable: false })(x()));
  expect(trace.frozen.size).toBe(2);
});

const bad = (value: unknown) => value as never;

const ERRORS: [string, () => unknown, typeof OptionError, string][] = [
  ['units', () => layers.dense(0), OptionError, 'dense: units is 0, expected a whole number ≥ 1'],
  [
    'units, named',
    () => layers.dense(1.5, { name: 'fc1' }),
    OptionError,
    'dense "fc1": units is 1.5, expected a whole number ≥ 1',
  ],
  [
    'option',
    () => layers.dense(1, bad({ activaton: 'relu' })),
    OptionError,
    'unknown option of dense "activaton"; did you mean "activation"?',
  ],
  [
    'activation',
    () => layers.dense(1, { activation: 'rleu' }),
    OptionError,
    'unknown activation "rleu"; did you mean "relu"?',
  ],
  [
    'initialiser',
    () => layers.dense(1, { kernelInitializer: 'heNorml' }),
    OptionError,
    'did you mean "heNormal"?',
  ],
  [
    'rate',
    () => layers.dropout(1),
    OptionError,
    'dropout: rate is 1, expected a number ≥ 0 and < 1',
  ],
  [
    'share to keep',
    () => layers.dropout({ keepProb: 0 }),
    OptionError,
    'dropout: keepProb is 0, expected a number > 0 and ≤ 1',
  ],
  [
    'number of axes',
    () => withTrace(new Trace(true), () => layers.spatialDropout1D(0.5)(x())),
    ShapeError,
    'spatialDropout1D "spatialDropout1D": input [2,3], expected 3 axes',
  ],
  [
    'constraint',
    () => layers.dense(1, { kernelConstraint: 'maxnorm' }),
    OptionError,
    'did you mean "maxNorm"?',
  ],
  [
    'std',
    () => layers.gaussianNoise(-1),
    OptionError,
    'gaussianNoise: std is -1, expected a number ≥ 0',
  ],
  [
    'targetShape',
    () => layers.reshape([-1, -1]),
    OptionError,
    'reshape: targetShape is [-1,-1], expected',
  ],
  [
    'size',
    () => layers.reshape([4], { name: 'r' })(x()),
    ShapeError,
    'reshape "r": reshape: [2,3] does not fit into [2,4]',
  ],
  [
    'axes',
    () => layers.dense(2, { name: 'fc1' })(tensor([1, 2])),
    ShapeError,
    'dense "fc1": input [2], expected [batch, .., inputs]',
  ],
  ['one input', () => layers.add()(x()), ShapeError, 'add "add": 1 inputs, expected at least 2'],
  [
    'three inputs',
    () => layers.subtract()(x(), x(), x()),
    ShapeError,
    'subtract "subtract": 3 inputs, expected 2',
  ],
  [
    'type',
    () => layerFromConfig({ type: 'dens' }),
    OptionError,
    'unknown layer type "dens"; did you mean "dense"?',
  ],
  [
    'function',
    () => layerConfig(layers.dense(2, { name: 'a', activation: (z) => z })),
    OptionError,
    'dense "a": activation is a function of your own',
  ],
  [
    'lambda',
    () => layerConfig(layers.lambda((z: Tensor) => z)),
    OptionError,
    'lambda: body is a function of your own',
  ],
];

it.each(ERRORS)('a wrong %s is an error in words', (_, body, type, words) => {
  const run = () => withTrace(new Trace(false), body);
  expect(run).toThrow(type);
  expect(run).toThrow(words);
});

it('an input that does not fit the kernel names layer, input and expectation', () => {
  const fc1 = layers.dense(10, { name: 'fc1' });
  const body = (columns: number) => () => fc1(expand(scalar(0), [64, columns]));
  withTrace(new Trace(false), body(784));
  expect(() => withTrace(new Trace(false), body(783))).toThrow(
    'dense "fc1": input [64,783], weight expects 784',
  );
});

const CONFIGS: [Layer<never>, LayerConfig][] = [
  [
    layers.dense(3, {
      name: 'a',
      activation: activations.leakyRelu({ negativeSlope: 0.2 }),
      useBias: false,
      kernelRegularizer: l2(0.1),
      kernelConstraint: constraints.maxNorm(3),
    }),
    {
      type: 'dense',
      name: 'a',
      config: {
        units: 3,
        activation: { name: 'leakyRelu', negativeSlope: 0.2 },
        useBias: false,
        kernelRegularizer: { name: 'l2', lambda: 0.1, scaling: 'batch' },
        kernelConstraint: { name: 'maxNorm', maxValue: 3, axis: 0 },
      },
    },
  ],
  [
    layers.dense(3, { trainable: false }),
    { type: 'dense', trainable: false, config: { units: 3 } },
  ],
  [layers.activation('relu'), { type: 'activation', config: { activation: 'relu' } }],
  [layers.dropout(0.1), { type: 'dropout', config: { rate: 0.1 } }],
  [layers.dropout({ keepProb: 0.75 }), { type: 'dropout', config: { rate: 0.25 } }],
  ...(
    [
      'spatialDropout1D',
      'spatialDropout2D',
      'spatialDropout3D',
      'gaussianDropout',
      'alphaDropout',
    ] as const
  ).map((type): [Layer<never>, LayerConfig] => [
    layers[type](0.1),
    { type, config: { rate: 0.1 } },
  ]),
  [layers.gaussianNoise(0.1), { type: 'gaussianNoise', config: { std: 0.1 } }],
  [layers.flatten(), { type: 'flatten', config: {} }],
  [layers.reshape([2, 3]), { type: 'reshape', config: { targetShape: [2, 3] } }],
  [layers.concatenate({ axis: 1 }), { type: 'concatenate', config: { axis: 1 } }],
  ...(['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum'] as const).map(
    (type): [Layer, LayerConfig] => [layers[type](), { type, config: {} }],
  ),
];

it.each(CONFIGS)('$type is rebuilt from its configuration', (made, config) => {
  expect(layerConfig(made)).toEqual(config);
  expect(layerConfig(layerFromConfig(JSON.parse(JSON.stringify(config))))).toEqual(config);
});

it("rebuilds layers of the user's once they are registered", () => {
  const scale = (options: { by: number }) =>
    layer('scale', { ...options }, (_, a: Tensor) => mul(a, options.by));
  registerLayer('scale', scale);
  expect(layerConfig(layerFromConfig(layerConfig(scale({ by: 2 }))))).toEqual({
    type: 'scale',
    config: { by: 2 },
  });
});

it('glu halves an axis, and says where that cannot be', () => {
  const gate = (axis: number) => () => layers.activation(activations.glu({ axis }))(x());
  expect(withTrace(new Trace(false), gate(0)).shape).toEqual([1, 3]);
  expect(() => withTrace(new Trace(false), gate(-1))).toThrow(
    'activation "activation": glu: axis -1 of [2,3] is odd',
  );
});
