import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkLoss } from '../../src/check/check.ts';
import { settingOf } from '../../src/check/gradCheck.ts';
import { type Shape, sizeOf } from '../../src/graph/shape.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { layerTypes } from '../../src/nn/fromConfig.ts';
import * as layers from '../../src/nn/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { coreOf, type Model, model } from '../../src/train/model.ts';
import { uniqueNames } from '../../src/train/weights.ts';
import { blobs } from '../support/data.ts';

const FEATURES = 60;
const batch = blobs(6, FEATURES, 3);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

/** Shape of one example, and arguments of layers that get it. */
type Case = readonly [shape: Shape, ...args: (readonly unknown[])[]];

const [ROW, LINE, IMAGE, VOLUME] = [[6], [6, 2], [5, 6, 2], [4, 3, 4, 2]] as const;
const SHAPES = { '1D': LINE, '2D': IMAGE, '3D': VOLUME };
const same = { padding: 'same' };
const wide = { valueRange: [-9, 9] };

/** The same for one, two and three axes. */
const axes = (type: string, ...args: Case[1][]): Record<string, Case> =>
  Object.fromEntries(
    Object.entries(SHAPES).map(([n, shape]) => [type.replace('*', n), [shape, ...args]]),
  );

const CASES: Record<string, Case> = {
  dense: [ROW, [4, { activation: 'tanh' }]],
  ...axes('conv*', [3, 2, { ...same, activation: 'tanh' }], [2, 2, { strides: 2 }]),
  conv2D: [
    IMAGE,
    [3, 3, { strides: 2, activation: 'gelu' }],
    [4, [2, 3], { ...same, groups: 2, dilationRate: 2, useBias: false }],
  ],
  ...axes('conv*Transpose', [3, 2, { strides: 2, activation: 'tanh' }], [2, 3, same]),
  depthwiseConv1D: [LINE, [3, { depthMultiplier: 2 }]],
  depthwiseConv2D: [IMAGE, [3, same], [2, { strides: 2, depthMultiplier: 2 }]],
  separableConv1D: [LINE, [3, 2, same]],
  separableConv2D: [IMAGE, [3, 3, { activation: 'tanh' }]],
  activation: [ROW, ['tanh'], ['gelu'], ['softmax'], ['relu']],
  dropout: [ROW, [0.3]],
  ...axes('spatialDropout*', [0.5]),
  gaussianDropout: [ROW, [0.3]],
  alphaDropout: [ROW, [0.3]],
  gaussianNoise: [ROW, [0.3]],
  augmentation: [
    IMAGE,
    [{ rotation: 0.1, zoom: 0.2, flip: 'horizontal', elastic: {} }],
    [{ contrast: 0.2, noise: 0.1, cutout: {}, ...wide }],
  ],
  randomBrightness: [IMAGE, [0.2, wide]],
  randomContrast: [IMAGE, [0.2, wide]],
  randomCrop: [IMAGE, [3, 4]],
  randomCutout: [IMAGE, []],
  randomElastic: [IMAGE, [{ alpha: 5, sigma: 1 }]],
  randomErasing: [IMAGE, []],
  randomFlip: [IMAGE, []],
  randomRotation: [IMAGE, [0.2]],
  randomShear: [IMAGE, [0.2, 0.1]],
  randomTranslation: [IMAGE, [0.2, 0.3, { fillMode: 'constant' }]],
  randomZoom: [IMAGE, [0.3, { fillMode: 'nearest' }]],
  flatten: [IMAGE, []],
  reshape: [IMAGE, [[6, -1]]],
  permute: [IMAGE, [[3, 1, 2]]],
  concatenate: [LINE, []],
  add: [LINE, []],
  subtract: [LINE, []],
  multiply: [LINE, []],
  average: [LINE, []],
  maximum: [LINE, []],
  minimum: [LINE, []],
  batchNormalization: [IMAGE, [], [{ axis: 1, scale: false }]],
  layerNormalization: [IMAGE, [], [{ axis: [1, 2], center: false }]],
  rmsNormalization: [LINE, []],
  groupNormalization: [[4, 4, 4], [{ groups: 2 }]],
  instanceNormalization: [IMAGE, []],
  unitNormalization: [LINE, []],
  normalization: [ROW, []],
  ...axes('maxPooling*', [], [{ ...same, poolSize: 3, strides: 1 }]),
  ...axes('averagePooling*', [], [{ ...same, poolSize: 3, strides: 1 }]),
  ...axes('globalMaxPooling*', []),
  ...axes('globalAveragePooling*', [{ keepdims: true }]),
  ...axes('adaptiveMaxPooling*', [2]),
  ...axes('adaptiveAveragePooling*', [2]),
  ...axes('zeroPadding*', [1]),
  ...axes('cropping*', [1]),
  ...axes('upSampling*', [2]),
  cropping3D: [VOLUME, [[1, 0, 1]]],
  upSampling2D: [IMAGE, [2], [[2, 3], { interpolation: 'bilinear' }]],
};

const MERGES = ['concatenate', 'add', 'subtract', 'multiply', 'average', 'maximum', 'minimum'];
/** Those that move pixels: they have no gradient, and stand before anything that is trained. */
const FIRST = /^(augmentation|random(Crop|Elastic|Flip|Rotation|Shear|Translation|Zoom))$/;

type Maker = (...args: readonly unknown[]) => (...x: Tensor[]) => Tensor;

/** dense (unless the layer must be first) → reshape → the layer → dense, so that gradients go through the layer and to its weights. */
function around(type: string, shape: Shape, args: readonly unknown[]): Model {
  const middle = (layers as unknown as Record<string, Maker>)[type] as Maker;
  const outputs = ({ x }: Readonly<Record<string, Tensor>>) => {
    const before = FIRST.test(type) ? (x as Tensor) : layers.dense(sizeOf(shape))(x as Tensor);
    const given = layers.reshape(shape)(before);
    const inputs = MERGES.includes(type) ? [given, layers.dense(2)(given)] : [given];
    const seen = layers.flatten()(middle(...args)(...inputs));
    return layers.dense(3, { activation: 'softmax' })(seen);
  };
  return model({ inputs: { x: [FEATURES] }, outputs, engine, seed: 5 }).compile({
    optimizer: 'sgd',
    loss: 'sparseCategoricalCrossentropy',
  });
}

test('there is a case for every type of layer', () => {
  expect(Object.keys(CASES).sort()).toEqual(layerTypes().sort());
});

const rows = Object.entries(CASES).flatMap(([type, [shape, ...all]]) =>
  all.map((args) => [type, JSON.stringify(args), shape, args] as const),
);

test.each(rows)('%s %s', async (type, _, shape, args) => {
  using net = around(type, shape, args);
  const setting = await settingOf(coreOf(net), batch, true);
  const names = uniqueNames(setting.parameters);
  const check = await checkLoss(engine, setting, names, { epsilon: 1e-5, samples: 400, seed: 0 });
  expect(check.ratio, String(check)).toBeLessThanOrEqual(1e-7);
  expect(check.passed, String(check)).toBe(true);
});
