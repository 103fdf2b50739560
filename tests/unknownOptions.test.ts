/** A mistyped option never passes in silence: every public function that takes options refuses one that it does not know. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as wasmgrad from '../src/index.ts';
import * as inference from '../src/infer.ts';
import * as slim from '../src/slim.ts';
import { temporaryFolder } from './support/cli.ts';
import { type OptionParameter, optionParameters } from './support/signatures.ts';

/** Parameters that hold data, or anything of the caller's. */
const DATA =
  /^(ArrayData|Records|Dataset|DataSplits|FileArray|StreamBatch|(Table)?Preprocessing|Buffer)$/;
const NOT_OPTIONS: readonly string[] = ['accumulatedMetric', 'layer', 'layerFromConfig'];

const x = { data: new Float32Array(12), shape: [3, 4] };
const y = Int32Array.of(0, 1, 0);
const split = { name: 'set', task: 'classification', x, y, classNames: ['a', 'b'] };
const records = { name: 'table', columns: ['a', 'y'], rows: [['1', '2']] };
const image = () => wasmgrad.tensor(new Float32Array(18), [1, 3, 3, 2]);
const matrix = () => wasmgrad.tensor([1, 2, 3, 4], [2, 2]);
const vector = () => wasmgrad.tensor([1, 2]);
const filter = () => wasmgrad.tensor(new Float32Array(8), [2, 2, 2, 1]);

const folder = temporaryFolder();
let net: wasmgrad.Model;
let stream: wasmgrad.CsvStream;
let answering: inference.InferenceModel;

beforeAll(async () => {
  net = wasmgrad.sequential([wasmgrad.dense(2, { activation: 'softmax' })], { inputShape: [4] });
  net.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
  await net.build();
  const rows = Array.from({ length: 60 }, (_, i) => `${(i * 7) % 11},${i % 2 ? 'p' : 'q'}`);
  stream = await wasmgrad.openCsvStream(() => `a,y\n${rows.join('\n')}\n`);
  answering = await inference.loadModel(await net.toFiles());
});
afterAll(() => {
  folder[Symbol.dispose]();
  net.dispose();
  answering.dispose();
});

type Arguments = () => readonly unknown[];

const values = () => [matrix(), vector(), vector()];
const set = () => [split];
const sample = () => [5];

/** What stands in front of the options, for those that need it. */
const BEFORE: Readonly<Record<string, Arguments>> = {
  numericalDerivative: () => [(n: number) => n, 1],
  gradCheck: () => [net, { x, y }],
  evaluate: () => [matrix()],
  'datasets.*': sample,
  csvFileBatches: () => [`${folder.path}/no.csv`],
  readCsvFile: () => [`${folder.path}/no.csv`],
  openCsvStream: () => [`${folder.path}/no.csv`],
  readImageFolder: () => [folder.path],
  fitPreprocessing: () => [records],
  prepareTable: () => [records],
  fromImageData: () => [{ data: new Uint8Array(4), width: 1, height: 1 }],
  kFold: () => [6, 3],
  recommendSplit: sample,
  splitDataset: set,
  splitIndices: sample,
  splitRecords: () => [records],
  writeIdxFolder: () => [`${folder.path}/deep`, { train: split }],
  csvBatches: () => ['a,b\n1,2\n'],
  readCsv: () => ['a,b\n1,2\n'],
  writeIdx: () => [x],
  'CsvStream#batches': () => ['train'],
  'layers.*': () => [2, 2],
  'layers.lambda': () => [(t: wasmgrad.Tensor) => t],
  'layers.activation': () => ['relu'],
  'layers.reshape': () => [[2]],
  'layers.permute': () => [[2, 1]],
  'layers.randomFlip': () => ['horizontal'],
  'layers.dropout': () => [0.5],
  'regularizers.*': () => [0.1],
  'ops.layerNorm': values,
  'ops.batchNorm': values,
  'ops.matMul': () => [matrix(), matrix()],
  'ops.averagePool': () => [image()],
  'ops.maxPool': () => [image()],
  'ops.conv2d': () => [image(), filter(), undefined],
  'ops.convolve': () => [image(), filter(), undefined],
  'ops.conv2dInputGrad': () => [wasmgrad.tensor([1, 2, 3, 4], [1, 2, 2, 1]), filter(), [3, 3]],
  'ops.convolveTransposed': () => [wasmgrad.tensor([1, 2, 3, 4], [1, 2, 2, 1]), filter(), [3, 3]],
  'ops.conv2dFilterGrad': () => [image(), wasmgrad.tensor([1, 2, 3, 4], [1, 2, 2, 1]), [2, 2]],
  'ops.warp': () => [image(), wasmgrad.tensor(new Float32Array(18), [1, 3, 3, 2]), [3, 3]],
  'ops.*': () => [matrix()],
  augmentationSheet: () => [[], x],
  look: () => [net, x],
  pictures: () => [net, x],
  writeSheet: () => [[x]],
  measure: () => [net, x, y, []],
  confusionMatrix: () => [net, x, y],
  loadModel: () => [{}],
  'Model#fit': () => [x, y],
  'Model#evaluate': () => [x, y],
  'Model#predict': () => [x],
  'Model#predictAll': () => [x],
  'Model#predictLatest': () => [x],
  'Model#save': () => [`${folder.path}/deep`],
  'InferenceModel#predict': () => [x],
  'InferenceModel#predictAll': () => [x],
  sequential: () => [[wasmgrad.dense(1)]],
  trainer: () => [() => matrix(), 'sgd'],
  compareDistributions: () => [split, split],
  checkSplits: () => [{ train: split }],
  learningCurve: () => [() => net, { train: split, dev: split }, [1]],
  learningRateFinder: () => [net, { x, y }],
  diagnose: () => [{ trainError: 0, devError: 0 }],
};

/** Options that must be there. */
const REQUIRED: Readonly<Record<string, object>> = {
  model: { inputs: { a: [1] }, outputs: ({ a }: { a: unknown }) => a },
  modelCheckpoint: { folder: folder.path },
  csvLogger: { file: `${folder.path}/no.csv` },
  tensorBoard: { logDir: folder.path },
  'Model#compile': { optimizer: 'sgd', loss: 'mse' },
  'ops.convolve': {
    strides: [1, 1],
    dilation: [1, 1],
    pads: [
      [0, 0],
      [0, 0],
    ],
  },
  'ops.convolveTransposed': {
    strides: [1, 1],
    dilation: [1, 1],
    pads: [
      [0, 0],
      [0, 0],
    ],
  },
  'ops.maxPool': { size: 2 },
  'ops.averagePool': { size: 2 },
};

/** The same where what stands first has names, too. */
const FIRST: Readonly<Record<string, object>> = {
  diagnose: { trainError: 0, devError: 0 },
  checkSplits: { train: split },
};

const LIBRARIES = { wasmgrad, inference, slim };

/** The function at a path, bound to the object of its class. */
function functionAt(library: object, path: string): (...args: unknown[]) => unknown {
  const [name, method] = path.split('#') as [string, string?];
  const objects: Record<string, unknown> = {
    Model: net,
    CsvStream: stream,
    InferenceModel: answering,
  };
  const owner = method ? objects[name] : library;
  const steps = method ? [method] : path.split('.');
  let found = owner;
  let holder = owner;
  for (const step of steps) {
    holder = found;
    found = (found as Record<string, unknown>)[step];
  }
  return (found as (...args: unknown[]) => unknown).bind(holder);
}

function argumentsBefore({ path, index }: OptionParameter): readonly unknown[] {
  if (index === 0) return [];
  const flat = path in wasmgrad.layers ? 'layers.*' : path;
  const make =
    BEFORE[path] ?? BEFORE[`layers.${path}`] ?? BEFORE[flat] ?? BEFORE[path.replace(/\..*/, '.*')];
  if (!make) throw new Error(`${path}: say in BEFORE what stands in front of its options`);
  const given = make();
  return path === 'Model#fit' && index === 1 ? [() => []] : given.slice(0, index);
}

/** What the call throws, in whatever way. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    const result = await call();
    if (Symbol.asyncIterator in Object(result)) await (result as AsyncGenerator).next();
    return undefined;
  } catch (error) {
    return error;
  }
}

const parameters = (['index', 'infer', 'slim'] as const).flatMap((module, i) =>
  optionParameters(`src/${module}.ts`)
    .filter(({ path, type }) => !DATA.test(type) && !NOT_OPTIONS.includes(path))
    .filter(({ path }) => module !== 'slim' || path === 'createEngine')
    .map((parameter) => ({ ...parameter, library: Object.values(LIBRARIES)[i] as object, module })),
);

test('the compiler finds the options of functions, tables of functions, classes and later ones', () => {
  const found = parameters.map(({ path, index }) => `${path} ${index}`);
  const some = ['sequential 1', 'layers.dense 1', 'Model#fit 2', 'Model#fit 1', 'learningCurve 3'];
  const more = ['datasets.moons 1', 'CsvStream#batches 1', 'schedules.sqrtDecay 0', 'ops.matMul 2'];
  expect(found).toEqual(expect.arrayContaining([...some, ...more, 'InferenceModel#predict 1']));
  expect(found.length).toBeGreaterThan(280);
});

test.each(parameters)('$module: $path refuses a mistyped option', async (parameter) => {
  const { path, index, known, library } = parameter;
  const mistyped = `${known[0]}x`;
  const options = { ...REQUIRED[path], ...(index === 0 && FIRST[path]), [mistyped]: 1 };
  const call = functionAt(library, path);
  const error = await failureOf(() => call(...argumentsBefore(parameter), options));
  expect(error).toBeInstanceOf(wasmgrad.OptionError);
  expect((error as Error).message).toMatch(/unknown option of /);
  expect((error as Error).message).toContain(`"${mistyped}"`);
});
