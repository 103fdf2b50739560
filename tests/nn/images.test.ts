import { afterAll, beforeAll, expect, it } from 'vitest';
import { sizeOf } from '../../src/graph/shape.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { layerConfig } from '../../src/nn/config.ts';
import { layerFromConfig } from '../../src/nn/fromConfig.ts';
import * as layers from '../../src/nn/index.ts';
import type { Layer } from '../../src/nn/layer.ts';
import { Trace, withTrace } from '../../src/nn/trace.ts';
import { tensor } from '../../src/ops/leaf.ts';
import { reduceMean } from '../../src/ops/reduce.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { OptionError, ShapeError } from '../../src/runtime/errors.ts';
import {
  type Call,
  camel,
  goldenCases,
  goldenSuite,
  options,
  type Plan,
  toTensor,
} from '../support/golden.ts';
import { call } from '../support/layers.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

/** 0, 1, 2, … */
const counted = (...shape: number[]) =>
  tensor(
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => i),
    shape,
  );

type Make = (options: object) => Layer<[x: Tensor]>;
const namespace = layers as unknown as Readonly<Record<string, Make>>;

const inOurWords = (value: unknown) =>
  typeof value === 'string' && value.startsWith('channels_') ? camel(value) : value;

/** The recording has lost that this test sets `trainable` to false: its figures are the input. */
const FROZEN = { momentum: 0.8, epsilon: 1e-7 };

/** The mean over axes of a call. */
function meanPlan({ args = [], kwargs = {} }: Call): Plan {
  const inner = args[0] as Call;
  const [{ shape }] = inner.args as [{ shape: number[] }];
  const made = plan(inner);
  if (typeof made === 'string') return made;
  return {
    compute: async (on) => {
      const y = tensor((await made.compute(on)) as number[], shape);
      return (await call(on, () => reduceMean(y, { axes: kwargs.axis as number[] }))).data;
    },
  };
}

function plan(given: Call): Plan {
  if (given.function) return meanPlan(given);
  const { of, args = [], kwargs = {} } = given;
  const { synchronized, renorm, ...config } = options(of?.config);
  if (renorm) return 'renorm: not offered';
  const frozen = Object.entries(FROZEN).every(([key, value]) => config[key] === value);
  const set = Object.entries(config).map(([key, value]) => [key, inOurWords(value)]);
  const type = camel(of?.class ?? '');
  const make = namespace[type] as Make;
  return {
    compute: async (on) => {
      const body = () =>
        make({ ...Object.fromEntries(set), ...(frozen ? { trainable: false } : {}) })(
          ...([...args, ...(kwargs.mask ? [kwargs.mask] : [])].map(toTensor) as [Tensor]),
        );
      return (await call(on, body, { training: kwargs.training === true })).data;
    },
  };
}

goldenSuite('normalization', goldenCases('normalization'), plan, { leftOut: 1, decimal: 3 });
goldenSuite('pooling', goldenCases('pooling'), plan, { leftOut: 0 });

const VALUES: [string, () => Tensor, number[], number[]][] = [
  [
    'adaptive maxima',
    () => layers.adaptiveMaxPooling1D(2)(counted(1, 5, 2)),
    [1, 2, 2],
    [4, 5, 8, 9],
  ],
  [
    'adaptive means, channels first',
    () =>
      layers.adaptiveAveragePooling2D([1, 2], { dataFormat: 'channelsFirst' })(counted(1, 2, 2, 3)),
    [1, 2, 1, 2],
    [2, 3, 8, 9],
  ],
  [
    'zeros around',
    () => layers.zeroPadding1D([1, 2])(counted(1, 2, 1)),
    [1, 5, 1],
    [0, 0, 1, 0, 0],
  ],
  [
    'zeros around images',
    () => layers.zeroPadding2D([[1, 0], 1], { dataFormat: 'channelsFirst' })(counted(1, 1, 1, 2)),
    [1, 1, 2, 4],
    [0, 0, 0, 0, 0, 0, 1, 0],
  ],
  [
    'cropped',
    () =>
      layers.cropping2D([
        [1, 0],
        [0, 1],
      ])(counted(1, 2, 3, 1)),
    [1, 1, 2, 1],
    [3, 4],
  ],
  ['cropped by one number', () => layers.cropping1D(1)(counted(1, 4, 1)), [1, 2, 1], [1, 2]],
  ['repeated', () => layers.upSampling1D(2)(counted(1, 2, 2)), [1, 4, 2], [0, 1, 0, 1, 2, 3, 2, 3]],
  [
    'repeated pixels',
    () => layers.upSampling2D([1, 2], { dataFormat: 'channelsFirst' })(counted(1, 1, 1, 2)),
    [1, 1, 1, 4],
    [0, 0, 1, 1],
  ],
  [
    'between pixels',
    () => layers.upSampling2D([1, 2], { interpolation: 'bilinear' })(counted(1, 1, 2, 1)),
    [1, 1, 4, 1],
    [0, 0.25, 0.75, 1],
  ],
  [
    'repeated volumes',
    () => layers.upSampling3D([1, 1, 2])(counted(1, 1, 1, 1, 1)),
    [1, 1, 1, 2, 1],
    [0, 0],
  ],
  ['permuted', () => layers.permute([2, 1])(counted(1, 2, 3)), [1, 3, 2], [0, 3, 1, 4, 2, 5]],
  [
    'of length 1',
    () =>
      layers.unitNormalization()(
        tensor([
          [3, 4],
          [0, 0],
        ]),
      ),
    [2, 2],
    [0.6, 0.8, 0, 0],
  ],
];

it.each(VALUES)('%s', async (_, body, shape, data) => {
  const got = await call(engine, body);
  expect(got.shape).toEqual(shape);
  got.data.forEach((v, i) => {
    expect(v).toBeCloseTo(data[i] as number, 12);
  });
});

it('batch normalisation of channels first is that of channels last', async () => {
  const last = await call(
    engine,
    () =>
      layers.permute([2, 1])(layers.batchNormalization()(layers.permute([2, 1])(counted(3, 2, 4)))),
    {
      training: true,
    },
  );
  const first = await call(engine, () => layers.batchNormalization({ axis: 1 })(counted(3, 2, 4)), {
    training: true,
  });
  expect(first.data).toEqual(last.data);
  expect(first.trace.assignments.map((a) => a.variable.name)).toEqual(
    ['batch_normalization/movingMean', 'batch_normalization/movingVariance'].map((name) =>
      name.replace('batch_normalization', 'batchNormalization'),
    ),
  );
});

it('batch normalisation that is not trainable goes by its running statistics in training too', async () => {
  const frozen = () => layers.batchNormalization({ trainable: false, epsilon: 0 })(counted(2, 3));
  const weights = { movingMean: [1, 1, 1], movingVariance: [4, 4, 4] };
  const { data, trace } = await call(engine, frozen, { training: true, weights });
  expect(data).toEqual([-0.5, 0, 0.5, 1, 1.5, 2]);
  expect(trace.assignments).toEqual([]);
});

it('normalises over several axes at once, and axes in the middle', async () => {
  const all = await call(engine, () =>
    layers.layerNormalization({ axis: [1, 2] })(counted(2, 2, 3)),
  );
  expect(all.data.slice(0, 3).map((v) => v.toFixed(3))).toEqual(['-1.464', '-0.878', '-0.293']);
  const middle = await call(engine, () => layers.layerNormalization({ axis: 1 })(counted(1, 2, 3)));
  expect(middle.data.map((v) => Math.sign(v))).toEqual([-1, -1, -1, 1, 1, 1]);
});

const ERRORS: [string, () => unknown, typeof OptionError, string][] = [
  [
    'pool size',
    () => layers.maxPooling2D({ poolSize: 0 }),
    OptionError,
    'maxPooling2D: poolSize is 0, expected',
  ],
  [
    'padding',
    () => layers.maxPooling2D({ padding: 'sme' as never }),
    OptionError,
    'maxPooling2D: padding is "sme"',
  ],
  [
    'format',
    () => layers.maxPooling2D({ dataFormat: 'first' as never }),
    OptionError,
    'dataFormat is "first", expected',
  ],
  [
    'axes',
    () => layers.maxPooling2D()(counted(2, 3, 4)),
    ShapeError,
    'input [2,3,4], expected [batch, .., channels] with 2 axes between',
  ],
  [
    'window',
    () => layers.maxPooling1D({ poolSize: 4 })(counted(1, 3, 1)),
    ShapeError,
    'a window of 4 does not fit into 3 elements',
  ],
  [
    'wide padding',
    () => layers.maxPooling1D({ padding: [2] })(counted(1, 3, 1)),
    OptionError,
    "padding [2,2] is not below the window's size 2",
  ],
  [
    'sides',
    () => layers.zeroPadding2D([1, 2, 3]),
    OptionError,
    'zeroPadding2D: padding is [1,2,3], expected',
  ],
  ['cropping', () => layers.cropping1D(2)(counted(1, 4, 1)), ShapeError, 'leaves nothing'],
  [
    'interpolation',
    () => layers.upSampling1D(2, { interpolation: 'bilinear' }),
    OptionError,
    'expected "nearest"',
  ],
  ['dims', () => layers.permute([0, 1]), OptionError, 'permute: dims is [0,1], expected 1 … n'],
  [
    'momentum',
    () => layers.batchNormalization({ momentum: 2 }),
    OptionError,
    'batchNormalization: momentum is 2, expected',
  ],
  [
    'axis',
    () => layers.batchNormalization({ axis: 0 })(counted(2, 3)),
    OptionError,
    'axis 0 is the batch',
  ],
  [
    'groups',
    () => layers.groupNormalization({ groups: 2 })(counted(2, 3)),
    ShapeError,
    '3 channels are not 2 groups',
  ],
  [
    'axes of layers',
    () => layers.layerNormalization({ axis: [0, 1] })(counted(2, 3)),
    OptionError,
    'expected axes behind the batch',
  ],
];

it.each(ERRORS)('a wrong %s is an error in words', (_, body, type, words) => {
  const run = () => withTrace(new Trace(false), body);
  expect(run).toThrow(type);
  expect(run).toThrow(words);
});

const THREE = ['1D', '2D', '3D'];
const CONFIGS: Layer<never>[] = [
  layers.batchNormalization({ axis: 1, momentum: 0.9, name: 'a' }),
  layers.layerNormalization({ axis: [1, 2], scale: false }),
  layers.rmsNormalization({ epsilon: 1e-5 }),
  layers.groupNormalization({ groups: 4, betaRegularizer: 'l2' }),
  layers.instanceNormalization({ center: false }),
  layers.unitNormalization({ axis: 1 }),
  layers.permute([2, 1]),
  ...THREE.flatMap((axes) => [
    ...['maxPooling', 'averagePooling', 'globalMaxPooling', 'globalAveragePooling'].map((type) =>
      (namespace[`${type}${axes}`] as Make)({ dataFormat: 'channelsFirst' }),
    ),
    ...[
      'adaptiveMaxPooling',
      'adaptiveAveragePooling',
      'zeroPadding',
      'cropping',
      'upSampling',
    ].map((type) => (namespace[`${type}${axes}`] as unknown as (n: number) => Layer)(2)),
  ]),
];

it.each(CONFIGS)('$type is rebuilt from its configuration', (made) => {
  const config = layerConfig(made);
  expect(layerConfig(layerFromConfig(JSON.parse(JSON.stringify(config))))).toEqual(config);
});
