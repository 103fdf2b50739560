import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { rewriting } from '../../src/compile/rewrite.ts';
import { sizeOf } from '../../src/graph/shape.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { layerConfig } from '../../src/nn/config.ts';
import { type ConvolutionOptions, conv2D, depthwiseConv2D } from '../../src/nn/conv.ts';
import type { TransposedOptions } from '../../src/nn/convTransposed.ts';
import { layerFromConfig } from '../../src/nn/fromConfig.ts';
import * as layers from '../../src/nn/index.ts';
import { fans } from '../../src/nn/init.ts';
import type { Layer } from '../../src/nn/layer.ts';
import { relu } from '../../src/ops/activation.ts';
import { mul } from '../../src/ops/binary.ts';
import { conv2d } from '../../src/ops/conv.ts';
import { gradients } from '../../src/ops/gradient.ts';
import { tensor } from '../../src/ops/leaf.ts';
import { maxPool } from '../../src/ops/pool.ts';
import { reduceSum } from '../../src/ops/sum.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { OptionError, ShapeError } from '../../src/runtime/errors.ts';
import { atOnce } from '../../src/runtime/turns.ts';
import { spread } from '../cases/case.ts';
import {
  camel,
  type GoldenArray,
  goldenCases,
  goldenSuite,
  options,
  type Plan,
} from '../support/golden.ts';
import { call } from '../support/layers.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

const SAME_BY_3 = { strides: 3, padding: 'same', outputPadding: 2 } as const;

const image = (...shape: number[]): Tensor => tensor(spread(shape).data, shape);

type Weights = Readonly<Record<string, GoldenArray>>;

/** Keras' words as ours: channels_last is channelsLast. */
function goldenPlan(given: Parameters<Parameters<typeof goldenSuite>[2]>[0]): Plan {
  const { of, args, weights } = given as typeof given & { weights: Weights };
  const { filters, kernelSize, dataFormat, ...rest } = options(of?.config);
  const config = {
    ...rest,
    dataFormat: dataFormat === 'channels_first' ? 'channelsFirst' : 'channelsLast',
  } as ConvolutionOptions;
  const make = (layers as unknown as Record<string, (...args: unknown[]) => Layer<[Tensor]>>)[
    camel(of?.class as string)
  ] as (...args: unknown[]) => Layer<[Tensor]>;
  const made = make(...(filters === undefined ? [] : [filters]), kernelSize, config);
  const { shape, data } = (args ?? [])[0] as GoldenArray;
  const values = Object.fromEntries(
    Object.entries(weights).map(([name, w]) => [name, w.data as number[]]),
  );
  return {
    compute: async (on) =>
      (await call(on, () => made(tensor(data as number[], shape)), { weights: values })).data,
  };
}

goldenSuite('convolutions', goldenCases('conv'), goldenPlan, { leftOut: 0 });

const SHAPES: [string, () => Tensor, number[]][] = [
  ['valid', () => conv2D(3, 3)(image(2, 6, 7, 2)), [2, 4, 5, 3]],
  ['same', () => conv2D(3, 3, { padding: 'same' })(image(2, 6, 7, 2)), [2, 6, 7, 3]],
  [
    'same with strides',
    () => conv2D(3, [3, 2], { padding: 'same', strides: [2, 3] })(image(1, 6, 7, 2)),
    [1, 3, 3, 3],
  ],
  ['pixels all around', () => conv2D(1, 3, { padding: 2 })(image(1, 4, 4, 1)), [1, 6, 6, 1]],
  ['two paddings', () => conv2D(1, 3, { padding: [0, 1] })(image(1, 4, 4, 1)), [1, 2, 4, 1]],
  [
    'four paddings',
    () =>
      conv2D(1, 3, {
        padding: [
          [1, 0],
          [2, 1],
        ],
      })(image(1, 4, 4, 1)),
    [1, 3, 5, 1],
  ],
  ['dilation', () => conv2D(2, 3, { dilationRate: [1, 2] })(image(1, 5, 7, 1)), [1, 3, 3, 2]],
  [
    'channels first',
    () => conv2D(4, 3, { dataFormat: 'channelsFirst' })(image(1, 2, 5, 6)),
    [1, 4, 3, 4],
  ],
  ['depthwise', () => depthwiseConv2D(3, { depthMultiplier: 2 })(image(1, 5, 4, 3)), [1, 3, 2, 6]],
  [
    'three axes, channels first',
    () => layers.conv3D(4, [1, 2, 3], { dataFormat: 'channelsFirst' })(image(1, 2, 3, 4, 5)),
    [1, 4, 3, 3, 3],
  ],
  ['causal', () => layers.conv1D(2, 3, { padding: 'causal' })(image(1, 5, 2)), [1, 5, 2]],
  ['separable', () => layers.separableConv1D(5, 2, { strides: 2 })(image(2, 6, 3)), [2, 3, 5]],
  ['no examples', () => layers.conv3D(2, 2)(image(0, 3, 3, 3, 1)), [0, 2, 2, 2, 2]],
];

/** Sizes that the tests of Keras 3 expect (keras/src/layers/convolutional/conv_transpose_test.py). */
const TRANSPOSED: [string, () => Tensor, number[]][] = [
  ['1D', () => layers.conv1DTranspose(5, 2, { strides: 2 })(image(2, 8, 4)), [2, 16, 5]],
  ['1D same', () => layers.conv1DTranspose(6, 2, SAME_BY_3)(image(2, 8, 4)), [2, 23, 6]],
  ['2D same', () => layers.conv2DTranspose(6, 2, SAME_BY_3)(image(2, 8, 8, 4)), [2, 23, 23, 6]],
  [
    '2D channels first',
    () =>
      layers.conv2DTranspose(6, [2, 3], { strides: [2, 1], dataFormat: 'channelsFirst' })(
        image(2, 4, 8, 8),
      ),
    [2, 6, 16, 10],
  ],
  [
    '2D with large strides',
    () => layers.conv2DTranspose(2, 7, { strides: 16 })(image(1, 14, 14, 2)),
    [1, 224, 224, 2],
  ],
  [
    '3D',
    () => layers.conv3DTranspose(6, [2, 2, 3], { strides: [2, 1, 2] })(image(2, 8, 8, 8, 4)),
    [2, 16, 9, 17, 6],
  ],
  [
    '3D same',
    () => layers.conv3DTranspose(6, 2, SAME_BY_3)(image(2, 8, 8, 8, 4)),
    [2, 23, 23, 23, 6],
  ],
];

describe('sizes of transposed convolutions', () => {
  it.each(TRANSPOSED)('%s', (_, make, shape) =>
    call(engine, make).then((result) => expect(result.shape).toEqual(shape)),
  );
});

/** Of [1, 10] by the kernel [1, 2, 3]: what Keras cuts from 1, 2, 13, 20, 30 (stride 2) and 1, 12, 23, 30 (stride 1). */
const CUT: [string, TransposedOptions, number[]][] = [
  ['valid', { strides: 2 }, [1, 2, 13, 20, 30]],
  ['valid and one more', { strides: 2, outputPadding: 1 }, [1, 2, 13, 20, 30, 0]],
  ['same', { strides: 2, padding: 'same' }, [1, 2, 13, 20]],
  ['same by one', { padding: 'same' }, [12, 23]],
  ['same and none more', { strides: 2, padding: 'same', outputPadding: 0 }, [2, 13, 20]],
  ['same and one more', { strides: 2, padding: 'same', outputPadding: 1 }, [1, 2, 13, 20]],
  ['apart', { strides: 4 }, [1, 2, 3, 0, 10, 20, 30, 0]],
];

it.each(CUT)('a transposed convolution, %s', async (_, config, expected) => {
  const weights = { kernel: [1, 2, 3], bias: [0] };
  for (const axes of [1, 2, 3]) {
    const make = layers[`conv${axes as 1 | 2 | 3}DTranspose`];
    const of = (n: number) => [n, ...new Array<number>(axes - 1).fill(1)];
    const along = Object.entries(config).map(([key, v]) => [
      key,
      typeof v === 'number'
        ? [v, ...new Array<number>(axes - 1).fill(key === 'strides' ? 1 : 0)]
        : v,
    ]);
    const body = () => make(1, of(3), Object.fromEntries(along))(tensor([1, 10], [1, ...of(2), 1]));
    const { data, shape } = await call(engine, body, { weights });
    expect(shape).toEqual([1, ...of(expected.length), 1]);
    expect(data).toEqual(expected);
  }
});

it('a causal convolution does not see what comes later', async () => {
  const run = async (last: number) => {
    const x = [1, 2, 3, last];
    const body = () =>
      layers.conv1D(1, 2, { padding: 'causal', dilationRate: 2 })(tensor(x, [1, 4, 1]));
    return (await call(engine, body, { weights: { kernel: [10, 1], bias: [0.5] } })).data;
  };
  expect(await run(4)).toEqual([1.5, 2.5, 13.5, 24.5]);
  expect(await run(9)).toEqual([1.5, 2.5, 13.5, 29.5]);
});

it('a separable convolution is a depthwise one and one of size 1', async () => {
  const [d, p, b] = [spread([2, 3, 2], 1).data, spread([1, 6, 4], 2).data, spread([4], 3).data];
  const one = await call(
    engine,
    () => layers.separableConv1D(4, 2, { depthMultiplier: 2, activation: 'tanh' })(image(2, 5, 3)),
    { weights: { depthwiseKernel: [...d], pointwiseKernel: [...p], bias: [...b] } },
  );
  const two = await call(
    engine,
    () =>
      layers.conv1D(4, 1, { activation: 'tanh', name: 'mix' })(
        layers.depthwiseConv1D(2, { depthMultiplier: 2, useBias: false })(image(2, 5, 3)),
      ),
    { weights: { 'depthwiseConv1D/kernel': [...d], 'mix/kernel': [...p], bias: [...b] } },
  );
  expect(one.data).toEqual(two.data);
});

describe('shapes', () => {
  it.each(SHAPES)('%s', (_, make, shape) =>
    call(engine, make).then((result) => expect(result.shape).toEqual(shape)),
  );

  it('a kernel is [height, width, channels of a group, filters], and its fans count the field', async () => {
    const { trace } = await call(engine, () => conv2D(4, [3, 2], { groups: 2 })(image(1, 4, 4, 6)));
    expect([...trace.variables].map((v) => v.shape)).toEqual([[3, 2, 3, 4], [4]]);
    expect(fans([3, 2, 3, 4])).toEqual({ fanIn: 18, fanOut: 24 });
  });
});

const ERRORS: [string, () => unknown, typeof OptionError, string][] = [
  ['filters', () => conv2D(0, 3), OptionError, 'conv2D: filters is 0'],
  ['kernel', () => conv2D(1, [3, 0]), OptionError, 'conv2D: kernelSize is [3,0]'],
  ['three sizes', () => conv2D(1, [3, 3, 3] as never), OptionError, 'kernelSize is [3,3,3]'],
  ['negative', () => conv2D(1, 3, { padding: -1 }), OptionError, 'conv2D: padding is -1'],
  ['strides', () => conv2D(1, 3, { strides: 1.5 }), OptionError, 'strides is 1.5'],
  ['padding', () => conv2D(1, 3, { padding: 'full' as never }), OptionError, 'padding is "full"'],
  [
    'format',
    () => conv2D(1, 3, { dataFormat: 'NCHW' as never }),
    OptionError,
    'dataFormat is "NCHW"',
  ],
  ['groups', () => conv2D(3, 3, { groups: 2 }), OptionError, '3 filters do not divide into 2'],
  ['causal', () => conv2D(3, 3, { padding: 'causal' }), OptionError, 'padding is "causal"'],
  [
    'transposed padding',
    () => layers.conv2DTranspose(1, 3, { padding: 2 as never }),
    OptionError,
    'conv2DTranspose: padding is 2, expected "valid" or "same"',
  ],
  [
    'output padding',
    () => layers.conv2DTranspose(1, 3, { strides: [2, 3], outputPadding: [1, 3] }),
    OptionError,
    'outputPadding is [1,3], expected whole numbers from 0 and below the strides [2,3]',
  ],
  ['unknown', () => depthwiseConv2D(3, { filters: 2 } as never), OptionError, 'filters'],
];

const MISFITS: [string, () => Tensor, string, type?: typeof OptionError][] = [
  [
    'axes',
    () => conv2D(1, 3)(image(4, 4)),
    'conv2D "conv2D": input [4,4], expected [batch, .., channels]',
  ],
  ['depth', () => layers.conv3D(1, 4)(image(1, 3, 4, 4, 1)), 'do not fit into the depth'],
  ['channels', () => conv2D(2, 3, { groups: 2 })(image(1, 4, 4, 3)), '3 channels do not divide'],
  ['small', () => conv2D(2, 5)(image(1, 4, 4, 1)), 'does not fit into the input [1,4,4,1]'],
];

describe('errors', () => {
  it.each(ERRORS)('%s', (_, make, type, text) => {
    expect(make).toThrow(type);
    expect(make).toThrow(text);
  });
  it.each(MISFITS)('%s', async (_, make, text, type = ShapeError) => {
    await expect(call(engine, make)).rejects.toThrow(type);
    await expect(call(engine, make)).rejects.toThrow(text);
  });
});

const ROUND: [string, ReturnType<typeof conv2D>][] = [
  ['conv2D', conv2D(4, [3, 2], { padding: 'same', groups: 2, activation: 'relu', name: 'c' })],
  ['conv3D', layers.conv3D(4, 3, { dilationRate: 2 })],
  ['conv1DTranspose', layers.conv1DTranspose(2, 3, { strides: 2, outputPadding: 1 })],
  ['separableConv2D', layers.separableConv2D(2, 3, { depthMultiplier: 2 })],
  ['depthwiseConv1D', layers.depthwiseConv1D(3)],
  ['depthwiseConv2D', depthwiseConv2D(3, { strides: 2, depthMultiplier: 2, useBias: false })],
];

it.each(ROUND)('%s is rebuilt from its configuration', (_, layer) => {
  const config = layerConfig(layer);
  expect(layerConfig(layerFromConfig(JSON.parse(JSON.stringify(config))))).toEqual(config);
});

it('the gradient of relu before a pooling is that of relu behind it', async () => {
  const x = () => image(2, 6, 6, 2);
  const w = tensor(spread([3, 3, 2, 3], 2).data, [3, 3, 2, 3]);
  const slope = (y: Tensor) => {
    const pooled = maxPool(y, { size: 2 });
    return gradients(reduceSum(mul(pooled, image(...pooled.shape))), [w])[0] as Tensor;
  };
  const before = slope(conv2d(x(), w, undefined, { activation: 'relu' }));
  const apart = slope(relu(conv2d(x(), w)));
  const { nodes } = atOnce(rewriting([before], 8));
  const masks = nodes.filter((n) => n.op.name === 'reluGrad');
  expect(masks.map((n) => sizeOf(n.shape))).toEqual([2 * 2 * 2 * 3]);
  const [a, b] = [await evaluate(before, { engine }), await evaluate(apart, { engine })];
  expect(a.data).toEqual(b.data);
});
