import { describe, expect, test } from 'vitest';
import * as w from '../../src/index.ts';

/** What JavaScript lets through. */
// biome-ignore lint/suspicious/noExplicitAny: the wrong type is the point
const any = (x: unknown): any => x;

const x = { data: Float32Array.from({ length: 18 }, (_, i) => i / 18), shape: [6, 3] };
const y = [0, 1, 0, 1, 0, 1];

const SETTINGS = { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' };
const network = (options: object = {}) =>
  w.sequential([w.dense(2, { activation: 'softmax' })], { inputShape: [3], ...options });
const net = () => network().compile(SETTINGS);

async function refused(
  run: () => unknown,
  message: string,
  type: new (...a: never[]) => Error = w.OptionError,
) {
  const error: unknown = await (async () => run())().catch((e: unknown) => e);
  expect(error).toBeInstanceOf(type);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).not.toContain('\n');
}

const layers: [message: string, () => unknown][] = [
  ['maxPooling2D: options are 3, expected an object', () => w.maxPooling2D(any(3))],
  ['flatten: options are null, expected an object', () => w.flatten(any(null))],
  ['augmentation: options are "flip", expected', () => w.augmentation(any('flip'))],
  ['adam: options are 0.1, expected an object', () => w.adam(any(0.1))],
  ['dense: useBias is "no", expected a boolean', () => w.dense(1, { useBias: any('no') })],
  ['dense: name is 5, expected a string', () => w.dense(1, { name: any(5) })],
  ['dense: trainable is "no", expected a boolean', () => w.dense(1, { trainable: any('no') })],
  ['dense: units is "8", expected a whole number ≥ 1', () => w.dense(any('8'))],
  ['unknown activation 5. Known:', () => w.dense(1, { activation: any(5) })],
  ['unknown activation undefined. Known:', () => w.activation(any([1]))],
  ['unknown optimizer undefined. Known:', () => net().compile({ ...SETTINGS, optimizer: any({}) })],
  ['unknown flip of randomFlip null. Known:', () => w.randomFlip(any(null))],
  ['rotation is null, expected f', () => w.augmentation({ rotation: any(null) })],
  ['height is "x", expected f', () => w.randomTranslation(any('x'), 0)],
  ['conv2D: kernelSize is undefined, expected', () => any(w.conv2D)(4)],
  ['conv2D: padding is null, expected', () => w.conv2D(4, 3, { padding: any(null) })],
  ['reshape: targetShape is "x", expected', () => w.layers.reshape(any('x'))],
  ['permute: dims is null, expected', () => w.layers.permute(any(null))],
];
test.each(layers)('%s', (message, make) => refused(make, message));

const models: [message: string, () => unknown][] = [
  ['sequential: layers are undefined, expected a list', () => w.sequential(any(undefined))],
  [
    'sequential: layer 1 is "relu", expected a layer',
    () => w.sequential(any([w.dense(1), 'relu'])),
  ],
  ['unknown option of sequential "inputshape"; did you mean', () => network({ inputshape: [3] })],
  ['model: seed is "x", expected a whole number', () => network({ seed: 'x' })],
  ['model: name is 5, expected a string', () => network({ name: 5 })],
  ['model: options are undefined', () => w.model(any(undefined))],
  ['model: inputs is undefined, expected', () => w.model(any({}))],
  ['model: outputs is undefined, expected', () => w.model(any({ inputs: { a: [2] } }))],
  ['compile: options are undefined', () => net().compile(any(undefined))],
  ['compile: loss is undefined', () => net().compile(any({ optimizer: 'adam' }))],
  ['compile: lossWeights is NaN', () => net().compile({ ...SETTINGS, lossWeights: Number.NaN })],
  ['compile: metrics is "acc"', () => net().compile({ ...SETTINGS, metrics: any('acc') })],
  ['unknown option of compile "learningRate"', () => net().compile(any({ learningRate: 1 }))],
  ['save: the folder is ""', async () => (await net().build()).save('')],
];
test.each(models)('%s', (message, make) => refused(make, message));

const fits: [message: string, options: unknown][] = [
  ['unknown option of fit "epoch"; did you mean "epochs"?', { epoch: 3 }],
  ['fit: options are 5, expected an object', 5],
  ['epochs is "3", expected', { epochs: '3' }],
  ['fit: shuffle is "no", expected a boolean', { shuffle: 'no' }],
  ['fit: callbacks is an object, expected a list', { callbacks: {} }],
  ['fit: callbacks is [5], expected a list', { callbacks: [5] }],
  ['fit: signal is true, expected an AbortSignal', { signal: true }],
  ['validationSplit is "0.2", expected', { validationSplit: '0.2' }],
  ['fit: validationData is an object, expected [x, y]', { validationData: { x, y } }],
];
test.each(fits)('%s', (message, options) => refused(() => net().fit(x, y, any(options)), message));

const inputs: [message: string, given: unknown, type: typeof w.WasmgradError][] = [
  ['input: got "1", expected numbers', [['1', '2', '3']], w.TypeMismatchError],
  ['input: got null, expected numbers', [[1, null, 2]], w.TypeMismatchError],
  ['input: got BigInt64Array, expected', new BigInt64Array(18), w.TypeMismatchError],
  ['input: got an object, expected arrays', { data: x.data, shape: '6,3' }, w.DataError],
  ['shape [-6,-3]: sizes must be', { data: x.data, shape: [-6, -3] }, w.ShapeError],
];
describe.each(['fit', 'predict'] as const)('%s', (method) => {
  test.each(inputs)('%s', (message, given, type) =>
    refused(() => net()[method](any(given), any(method === 'fit' ? y : {})), message, type),
  );
});

const callbacks: [message: string, () => unknown][] = [
  ['unknown option of earlyStopping "pateince"', () => w.earlyStopping(any({ pateince: 3 }))],
  ['earlyStopping: minDelta is "x"', () => w.earlyStopping({ minDelta: any('x') })],
  ['restoreBestWeights is "yes"', () => w.earlyStopping({ restoreBestWeights: any('yes') })],
  ['unknown mode of a callback "up"', () => w.earlyStopping({ mode: any('up') })],
  ['"baseline". Known', () => w.reduceLearningRateOnPlateau(any({ baseline: 1 }))],
  ['learningRateScheduler: got 5', () => w.learningRateScheduler(any(5))],
  ['unknown option of modelCheckpoint', () => w.modelCheckpoint(any({ folder: 'a', best: true }))],
  ['unknown option of csvLogger', () => w.csvLogger(any({ path: 'a' }))],
  ['unknown option of healthMonitor', () => w.healthMonitor(any({ steps: 3 }))],
];
test.each(callbacks)('%s', (message, make) => refused(make, message));

const functions: [message: string, () => unknown, type?: typeof w.WasmgradError][] = [
  ['unknown option of createEngine "threds"', () => w.createEngine(any({ threds: 2 }))],
  ['unknown option of loadModel "thread"', () => w.loadModel('x', any({ thread: 2 }))],
  ['loadModel: got undefined', () => w.loadModel(any(undefined))],
  ['unknown option of gradCheck "eps"', () => w.gradCheck(net(), { x, y }, any({ eps: 1 }))],
  ['gradCheck: the batch is undefined', () => w.gradCheck(net(), any(undefined))],
  ['got [1], expected a model', () => w.confusionMatrix(any([1]), x, y), w.TypeMismatchError],
  ['measure: metrics are "auc"', () => w.measure(net(), x, y, any('auc'))],
  ['trainer: got null, expected', () => w.trainer(any(null), 'adam')],
  [
    'numericalDerivative: x is "a"',
    () => w.numericalDerivative((a) => a, any('a')),
    w.WasmgradError,
  ],
  ['softmax: input 1 is -1', () => any(w.ops.softmax)(w.tensor([1]), -1), w.TypeMismatchError],
  ['grad: got 3, expected', () => w.grad(any(() => 3))(w.scalar(1)), w.TypeMismatchError],
  ['evaluate: got 5, expected', () => w.evaluate(any(5)), w.TypeMismatchError],
  ['axis x is outside', () => w.ops.reduceSum(w.tensor([1]), { axes: any('x') })],
  ['unknown option of readCsv', () => w.readCsv('a,b\n1,2\n', any({ delimeter: ';' }))],
  ['delimiter is ";;"', () => w.readCsv('a,b\n1,2\n', { delimiter: ';;' })],
  ['CSV: got 5, expected text', () => w.readCsv(any(5)), w.TypeMismatchError],
  ['npy file: got "a.npy"', () => w.readNpy(any('a.npy')), w.TypeMismatchError],
  ['safetensors file: got null', () => w.readSafetensors(any(null)), w.TypeMismatchError],
  ['IDX file: got an object', () => w.readIdx(any({})), w.TypeMismatchError],
  ['recommendSplit: got "9"', () => w.recommendSplit(any('9'))],
  ['split: got undefined', () => w.splitIndices(any(undefined))],
  ['unknown option of split "fraction"', () => w.splitIndices(9, any({ fraction: 1 }))],
  ['data set: got [0,1,0,1,0,1]', () => w.splitDataset(any({ x, y })), w.TypeMismatchError],
  ['diagnose: got 5', () => w.diagnose(any(5))],
  ['registerLayer: got 5', () => w.registerLayer(any(5), any(5))],
  ['fromImageData: got null', () => w.fromImageData(any(null)), w.TypeMismatchError],
  ['unknown option of moons "nois"', () => w.datasets.moons(9, any({ nois: 0.1 }))],
];
test.each(functions)('%s', (message, call, type) => refused(call, message, type));

test('weights of another shape or of no numbers are refused', async () => {
  using model = await net().build();
  const [kernel, bias] = (await model.getWeights()) as [w.NDArray, w.NDArray];
  const turned = { data: kernel.data, shape: [2, 3] };
  await refused(() => model.setWeights([turned, bias]), '[2,3] for "dense/kernel"', w.ShapeError);
  const words = any(Array(6).fill('a'));
  await refused(() => model.setWeights([words, bias]), 'no number', w.TypeMismatchError);
  await refused(() => model.setWeights(any([null, bias])), '0 numbers', w.ShapeError);
});

test('a shape that does not fit the first layer is forgotten', async () => {
  using model = w.sequential([w.conv2D(2, 3), w.flatten(), w.dense(1)]);
  await refused(() => model.build([4]), 'input [1,4]', w.ShapeError);
  await refused(() => model.build(any(['4'])), 'whole numbers', w.ShapeError);
  await model.build([4, 4, 1]);
});

test('compile waits for the end of training', async () => {
  using model = net();
  const done = model.fit(x, y, { callbacks: [() => model.compile(SETTINGS)] });
  await refused(() => done, 'compile: model "sequential" is in the middle of fit', w.StateError);
});
