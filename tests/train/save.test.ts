import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { registerLayer } from '../../src/nn/config.ts';
import * as layers from '../../src/nn/index.ts';
import { layer } from '../../src/nn/layer.ts';
import { losses } from '../../src/nn/loss.ts';
import { metrics } from '../../src/nn/metric.ts';
import { l2 } from '../../src/nn/regularizer.ts';
import * as ops from '../../src/ops/index.ts';
import { adam, rmsprop, sgd } from '../../src/optim/index.ts';
import { schedules } from '../../src/optim/schedule.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { DataError, OptionError, StateError, WasmgradError } from '../../src/runtime/errors.ts';
import { VERSION } from '../../src/runtime/version.ts';
import { modelCheckpoint } from '../../src/train/checkpoint.ts';
import { loadModel } from '../../src/train/load.ts';
import { type CompileOptions, type Model, model, sequential } from '../../src/train/model.ts';
import { blobs, hashOf } from '../support/data.ts';

const { dense, dropout } = layers;
const { x, y } = blobs(70, 5, 3);
const CLASSES: CompileOptions = { optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] };

let engine: Engine;
let folder: string;
let root: string;
beforeAll(async () => {
  engine = await createEngine({ threads: 2 });
  root = mkdtempSync(join(tmpdir(), 'wasmgrad-save-'));
});
afterAll(() => {
  engine.dispose();
  rmSync(root, { recursive: true });
});
let count = 0;
beforeEach(() => {
  folder = join(root, String(count++));
});

function classifier(compiled: CompileOptions = CLASSES): Model {
  const net = sequential([dense(8, { activation: 'relu', kernelRegularizer: l2(0.001) }), dropout(0.2), dense(3, { activation: 'softmax', name: 'out' })], {
    inputShape: [5], seed: 7, engine, name: 'classifier',
  });
  return net.compile(compiled);
}

const fitOptions = { batchSize: 16 };

/** The hash of weights and predictions. */
async function stateOf(net: Model): Promise<string> {
  return hashOf([...(await net.getWeights()), ...Object.values(await net.predictAll(inputsOf(net)))]);
}

const inputsOf = (net: Model) => (net.name === 'two inputs' ? { a: x, b: x } : x);

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(VERSION).toBe(version);
});

test('a saved model predicts and tests with the same bits, also on another number of threads', async () => {
  using net = classifier();
  net.preprocessing = { kind: 'images', shape: [5], scale: 1, classNames: ['a', 'b', 'c'] };
  await net.fit(x, y, { ...fitOptions, epochs: 2 });
  await net.save(folder, { classNames: ['a', 'b', 'c'], metadata: { note: 'π', list: [1, null] } });
  expect(readdirSync(folder).sort()).toEqual(['model.json', 'optimizer.safetensors', 'weights.safetensors']);
  expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual([]);
  using loaded = await loadModel(folder, { threads: 3 });
  expect(await stateOf(loaded)).toBe(await stateOf(net));
  expect(await loaded.evaluate(x, y)).toEqual(await net.evaluate(x, y));
  expect(loaded.summary()).toBe(net.summary());
  expect(loaded.preprocessing).toEqual(net.preprocessing);
  expect(loaded.classNames).toEqual(['a', 'b', 'c']);
  expect(loaded.metadata).toEqual({ note: 'π', list: [1, null] });
  expect(loaded.getLayer('out').config['units']).toBe(3);
  expect(await loaded.toFiles()).toEqual(await loadModel(await loaded.toFiles(), { engine }).then((again) => again.toFiles()));
});

const warm = schedules.warmup(schedules.cosineDecay({ initialLearningRate: 0.1, decaySteps: 50 }), 4);
const GOING_ON: [string, () => CompileOptions][] = [
  ['adam', () => CLASSES],
  ['amsgrad, clipped', () => ({ ...CLASSES, optimizer: adam({ amsgrad: true, globalClipNorm: 1 }) })],
  ['sgd without slots', () => ({ ...CLASSES, optimizer: sgd({ learningRate: 0.1 }) })],
  ['nesterov, a schedule over steps', () => ({ ...CLASSES, optimizer: sgd({ learningRate: warm, momentum: 0.9, nesterov: true }) })],
  ['rmsprop, a schedule over epochs', () => ({ ...CLASSES, optimizer: rmsprop({ centered: true, learningRate: schedules.timeBasedDecay({ initialLearningRate: 0.01, decayRate: 0.5 }) }) })],
  ['functions of the library', () => ({ ...CLASSES, loss: losses.sparseCategoricalCrossentropy(), metrics: [metrics.sparseTopKCategoricalAccuracy({ k: 2 }), 'acc'] })],
  ['accumulated gradients, in the middle of an update', () => ({ ...CLASSES, gradientAccumulationSteps: 3 })],
];

test.each(GOING_ON)('training goes on as if it had not stopped: %s', async (_, compiled) => {
  using whole = classifier(compiled());
  const all = await whole.fit(x, y, { ...fitOptions, epochs: 5 });
  using first = classifier(compiled());
  await first.fit(x, y, { ...fitOptions, epochs: 2 });
  await first.save(folder);
  using second = await loadModel(folder, { engine });
  const rest = await second.fit(x, y, { ...fitOptions, epochs: 3 });
  expect(rest.batchLoss).toEqual(all.batchLoss.slice(-rest.batchLoss.length));
  expect(await stateOf(second)).toBe(await stateOf(whole));
  expect(Object.keys(rest.history)).toEqual(Object.keys(all.history));
  expect(second.epochs).toBe(5);
});

test('without the optimiser training starts afresh; without compile the model is not compiled', async () => {
  using net = classifier();
  await net.fit(x, y, fitOptions);
  const plain = await net.toFiles({ optimizer: false });
  expect(Object.keys(plain)).toEqual(['model.json', 'weights.safetensors']);
  using fresh = await loadModel(plain, { engine });
  using same = classifier();
  await same.build();
  await same.setWeights(await net.getWeights());
  await Promise.all([fresh.fit(x, y, fitOptions), same.fit(x, y, fitOptions)]);
  expect(await stateOf(fresh)).toBe(await stateOf(same));
  using bare = await loadModel(await net.toFiles({ compiled: false }), { engine });
  expect(await stateOf(bare)).toBe(await stateOf(net));
  await expect(bare.evaluate(x, y)).rejects.toThrow('call compile');
});

test('a changed learning rate and a frozen layer are kept', async () => {
  using net = classifier({ ...CLASSES, optimizer: adam({ learningRate: 0.5 }) });
  await net.build();
  net.optimizer.learningRate = 0.25;
  net.getLayer('out').trainable = false;
  await net.fit(x, y, fitOptions);
  using loaded = await loadModel(await net.toFiles(), { engine });
  expect(loaded.optimizer.learningRate).toBe(0.25);
  expect(loaded.getLayer('out').trainable).toBe(false);
  await Promise.all([net.fit(x, y, fitOptions), loaded.fit(x, y, fitOptions)]);
  expect(await stateOf(loaded)).toBe(await stateOf(net));
});

/** A layer of one's own with a state, which calls a layer. */
function tracked({ rate, ...rest }: { rate: number; name?: string }) {
  const inner = dense(4);
  return layer('tracked', { rate, ...rest }, (scope, input: Tensor) => {
    const mean = scope.state('mean', [4], 'zeros');
    const z = inner(input);
    if (scope.training) scope.assign('mean', ops.affine(ops.reduceMean(z, { axes: 0 }), rate));
    return ops.add(z, mean);
  });
}

const mse: CompileOptions = { optimizer: 'adam', loss: 'meanSquaredError' };
const values = { data: Float32Array.from(y), shape: [70, 1] };
const NETWORKS: [string, () => Model, unknown][] = [
  ['a layer called twice', () => {
    const shared = dense(5);
    return sequential([shared, dropout(0.1), shared, dense(1)], { inputShape: [5], engine });
  }, values],
  ['a model in a model', () => {
    const inner = sequential([dense(4), dense(3)], { name: 'inner' });
    return sequential([inner, inner.name === 'inner' ? dense(1) : dense(2)], { inputShape: [5], engine });
  }, values],
  ['layers of the same name', () => sequential([dense(4, { name: 'fc' }), dense(1, { name: 'fc' })], { inputShape: [5], engine }), values],
  ['a layer of one\'s own', () => sequential([tracked({ rate: 0.5 }), dense(1)], { inputShape: [5], engine }), values],
  ['functional with one output', () => {
    const [a, b, drop] = [dense(6, { activation: 'tanh' }), dense(1), dropout(0.5)];
    return model({ inputs: { input: [5] }, outputs: ({ input }) => b(layers.concatenate()(a(input as Tensor), drop(input as Tensor))), engine });
  }, values],
  ['functional, everything', () => {
    const encoder = sequential([dense(6), dropout(0.3)], { name: 'encoder' });
    const head = dense(1, { name: 'head' });
    const pair = model({
      name: 'pair',
      inputs: { l: [6], r: [6] },
      outputs: ({ l, r }) => layers.add()(l as Tensor, r as Tensor),
    });
    return model({
      name: 'two inputs',
      inputs: { a: [5], b: [5] },
      outputs: ({ a, b }) => {
        const [p, q] = [encoder.call(a as Tensor), encoder.call(b as Tensor)];
        const both = pair.call(p, q);
        return { sum: head(both), left: head(p), same: both };
      },
      engine,
    });
  }, { sum: values, left: values, same: { data: new Float32Array(70 * 6), shape: [70, 6] } }],
];

describe('networks', () => {
  beforeAll(() => registerLayer('tracked', tracked));

  test.each(NETWORKS)('%s', async (_, make, target) => {
    using net = make();
    net.compile(mse);
    const data = inputsOf(net) as typeof x;
    const truth = target as typeof values;
    await net.fit(data, truth, { ...fitOptions, epochs: 2 });
    using loaded = await loadModel(await net.toFiles(), { engine });
    expect(await stateOf(loaded)).toBe(await stateOf(net));
    expect(loaded.weightNames).toHaveLength(net.weightNames.length);
    const again = [net, loaded].map((n) => n.fit(data, truth, { ...fitOptions, epochs: 2 }));
    const [a, b] = await Promise.all(again);
    expect(b?.batchLoss).toEqual(a?.batchLoss);
    expect(await stateOf(loaded)).toBe(await stateOf(net));
    const copies = await Promise.all([net, loaded].map((n) => n.toFiles()));
    const shapes = copies.map((files) => JSON.parse(Buffer.from(files['model.json'] as Uint8Array).toString()).network);
    expect(shapes[1]).toEqual(shapes[0]);
  });

  test.each<[string, () => Model, RegExp]>([
    ['ops between layers', () => {
      const [a, b] = [dense(3), dense(1, { name: 'end' })];
      return model({ inputs: { input: [5] }, outputs: ({ input }) => b(ops.relu(a(input as Tensor))), engine });
    }, /dense "end": input 0 is made by the op "relu", .*registerLayer.*saveWeights/],
    ['an op behind the layers', () => {
      const a = dense(1);
      return model({ inputs: { input: [5] }, outputs: ({ input }) => ops.relu(a(input as Tensor)), engine });
    }, /output "output" is made by the op "relu"/],
    ['a plain function', () => sequential([dense(3), (t) => ops.relu(t), dense(1)], { inputShape: [5], engine }), /layer 1 of model "sequential" is a plain function/],
    ['a lambda', () => sequential([dense(3), layers.lambda((t: Tensor) => ops.relu(t)), dense(1)], { inputShape: [5], engine }), /lambda: body is a function of your own/],
    ['an activation of one\'s own', () => sequential([dense(1, { activation: (t) => ops.relu(t) })], { inputShape: [5], engine }), /dense "dense": activation is a function of your own/],
  ])('%s: not saved, but its weights are', async (_, make, message) => {
    using net = make();
    net.compile(mse);
    await expect(net.save(folder)).rejects.toThrow('has no weights yet');
    await net.fit(x, values, fitOptions);
    await expect(net.save(folder)).rejects.toThrow(OptionError);
    await expect(net.save(folder)).rejects.toThrow(message);
    expect(existsSync(folder)).toBe(false);
    const file = join(root, `${count}.safetensors`);
    await net.saveWeights(file);
    using other = make();
    await other.build();
    await other.loadWeights(file);
    expect(await stateOf(other)).toBe(await stateOf(net));
  });

  test.each<[string, CompileOptions, RegExp]>([
    ['loss', { optimizer: 'adam', loss: (t, p) => ops.reduceMean(ops.square(ops.sub(p, t)), { axes: -1 }) }, /loss of "output" is a function of your own.*compiled: false/],
    ['metric', { ...CLASSES, metrics: [(_, p) => ops.reduceMax(p, { axes: -1 })] }, /metric of "output" is a function of your own/],
    ['schedule', { ...CLASSES, optimizer: adam({ learningRate: () => 0.1 }) }, /adam: learningRate is a function of your own/],
  ])('a %s of one\'s own', async (_, compiled, message) => {
    using net = classifier(compiled);
    await net.build();
    await expect(net.toFiles()).rejects.toThrow(message);
    expect(Object.keys(await net.toFiles({ compiled: false }))).toHaveLength(2);
  });
});

describe('folders', () => {
  let net: Model;
  beforeAll(async () => {
    net = classifier();
    await net.fit(x, y, fitOptions);
  });
  afterAll(() => net.dispose());

  const hidden = () => readdirSync(root).filter((name) => name.startsWith('.'));

  test('a model is replaced, what else lies in its folder stays', async () => {
    await net.save(join(folder, 'deep', 'er'), { optimizer: true });
    const target = join(folder, 'deep', 'er');
    writeFileSync(join(target, 'notes.txt'), 'mine');
    mkdirSync(join(target, 'plots'));
    await net.save(`${target}/`, { optimizer: false });
    expect(readdirSync(target).sort()).toEqual(['model.json', 'notes.txt', 'plots', 'weights.safetensors']);
    expect(readdirSync(join(folder, 'deep'))).toEqual(['er']);
  });

  test('an empty folder is filled, a link followed', async () => {
    mkdirSync(folder);
    symlinkSync(folder, `${folder}-link`);
    await net.save(`${folder}-link`);
    expect(readdirSync(folder)).toContain('model.json');
    using loaded = await loadModel(`${folder}-link`, { engine });
    expect(await stateOf(loaded)).toBe(await stateOf(net));
  });

  test.each<[string, (at: string) => string, typeof WasmgradError, RegExp]>([
    ['other files', (at) => { mkdirSync(at); writeFileSync(join(at, 'thesis.txt'), ''); return at; }, OptionError, /holds other files and no model/],
    ['a foreign model.json', (at) => { mkdirSync(at); writeFileSync(join(at, 'model.json'), '{"format":"layers-model"}'); return at; }, OptionError, /holds other files and no model/],
    ['a file', (at) => { writeFileSync(at, ''); return at; }, DataError, /is a file, expected a folder/],
    ['a file on the way', (at) => { writeFileSync(at, ''); return join(at, 'deeper'); }, DataError, /exists already|is a file/],
    ['no name at all', () => '/proc/self/nowhere', DataError, /no such file|no permission/],
  ])('not saved over %s', async (_, prepare, kind, message) => {
    const target = prepare(folder);
    const before = readdirSync(root, { recursive: true });
    await expect(net.save(target)).rejects.toThrow(kind);
    await expect(net.save(target)).rejects.toThrow(message);
    expect(readdirSync(root, { recursive: true })).toEqual(before);
  });

  test('an interrupted replacement loses nothing', async () => {
    await net.save(folder);
    const previous = join(root, `.${folder.slice(root.length + 1)}.previous-model`);
    const { renameSync } = await import('node:fs');
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    renameSync(folder, previous);
    using loaded = await loadModel(folder, { engine });
    expect(await stateOf(loaded)).toBe(await stateOf(net));
    await net.save(folder);
    expect(readdirSync(folder)).toContain('notes.txt');
    expect(hidden()).toEqual([]);
  });

  test('weights to a place that cannot be written', async () => {
    await expect(net.saveWeights(join(folder, 'none', 'w.safetensors'))).rejects.toThrow(/w\.safetensors: no such file or folder/);
    mkdirSync(folder);
    await expect(net.saveWeights(folder)).rejects.toThrow(DataError);
    expect(hidden()).toEqual([]);
  });

  test('a missing folder, a folder without a model', async () => {
    await expect(loadModel(folder)).rejects.toThrow(`${folder}: no such file or folder`);
    mkdirSync(folder);
    await expect(loadModel(folder)).rejects.toThrow(`${folder}/model.json is missing: not a saved model`);
  });
});

describe('damaged files', () => {
  type Files = Record<string, Uint8Array>;
  type Plain = { [key: string]: Plain } & Plain[];
  let files: Files;
  beforeAll(async () => {
    using net = classifier();
    await net.fit(x, y, fitOptions);
    files = await net.toFiles();
  });

  /** The files with another model.json. */
  function edited(edit: (json: Plain) => unknown): Files {
    const json = JSON.parse(Buffer.from(files['model.json'] as Uint8Array).toString()) as Plain;
    edit(json);
    return { ...files, 'model.json': Buffer.from(JSON.stringify(json)) };
  }

  /** The files with other tensors. */
  function tensors(file: 'weights' | 'optimizer', edit: (map: Map<string, { data: Float32Array | Int32Array; shape: number[] }>) => unknown): Files {
    const name = `${file}.safetensors`;
    const map = new Map(readSafetensors(files[name] as Uint8Array).tensors) as unknown as Parameters<typeof edit>[0];
    edit(map);
    return { ...files, [name]: writeSafetensors([...map].map(([key, { data, shape }]) => [key, { data, shape }])) };
  }

  const set = (value: unknown) => value as Plain;
  const BAD: [string, () => Files, RegExp][] = [
    ['no model.json', () => ({ ...files, 'model.json': undefined as unknown as Uint8Array }), /^model\.json is missing/],
    ['damaged JSON', () => ({ ...files, 'model.json': (files['model.json'] as Uint8Array).slice(0, 300) }), /^model\.json: damaged JSON: .*$/],
    ['another format', () => edited((j) => { j['format'] = set('x'); }), /not a saved model/],
    ['another version', () => edited((j) => { j['version'] = set(2); }), /version 2 of the format, this release of wasmgrad reads 1/],
    ['an unknown layer', () => edited((j) => { j['network']!['layers']![0]!['type'] = set('dens'); }), /model\.json: network\.layers\[0\]: unknown layer type "dens"; did you mean "dense"/],
    ['an unknown option', () => edited((j) => { j['network']!['layers']![0]!['config']!['unit'] = set(1); }), /layers\[0\]: unknown option of dense.*"unit"/],
    ['units as text', () => edited((j) => { j['network']!['layers']![0]!['config']!['units'] = set('8'); }), /layers\[0\]: dense "dense": units is 8, expected a whole number/],
    ['a layer wider', () => edited((j) => { j['network']!['layers']![0]!['config']!['units'] = set(9); }), /^weights\.safetensors: tensor "dense\/kernel" is \[5,8\], the model expects \[5,9\]/],
    ['absurdly wide', () => edited((j) => { j['network']!['layers']![0]!['config']!['units'] = set(2 ** 52); }), /the model expects \[5,4503599627370496\]/],
    ['a layer more', () => edited((j) => { j['network']!['layers']!.push(set({ type: 'dense', config: { units: 3 } })); }), /weights: 4 names, the network has 6 weights/],
    ['no layers', () => edited((j) => { j['network']!['layers'] = set([]); }), /a sequential model has/],
    ['no such reference', () => edited((j) => { j['network']!['layers']![1] = set({ sameAs: 1 }); }), /sameAs: expected a whole number from 0 to 0, found 1/],
    ['an input without shape', () => edited((j) => { j['network']!['inputs']![0]!['shape'] = set(null); }), /input "input" has no shape/],
    ['an input that does not fit', () => edited((j) => { j['network']!['inputs']![0]!['shape'] = set([]); }), /model\.json: dense "dense": input \[1\], expected \[batch/],
    ['an unknown optimiser', () => edited((j) => { j['compiled']!['optimizer']!['name'] = set('adem'); }), /compiled\.optimizer: unknown optimizer "adem"; did you mean "adam"/],
    ['a rate below 0', () => edited((j) => { j['compiled']!['optimizer']!['learningRate'] = set(-1); }), /compiled\.optimizer: adam: learningRate is -1/],
    ['an unknown loss', () => edited((j) => { j['compiled']!['loss']!['output']!['name'] = set('mze'); }), /compiled\.loss\.output: unknown loss "mze"/],
    ['a loss for another output', () => edited((j) => { j['compiled']!['loss']!['autput'] = j['compiled']!['loss']!['output'] as Plain; }), /unknown output in loss "autput"/],
    ['a foreign metric', () => edited((j) => { j['compiled']!['metrics']!['output'] = set(['acuracy']); }), /metrics\.output\[0\]: unknown metric "acuracy"; did you mean "accuracy"/],
    ['a negative count', () => edited((j) => { j['training']!['iterations'] = set(-1); }), /training\.iterations: expected a whole number ≥ 0, found -1/],
    ['preprocessing of an unknown kind', () => edited((j) => { j['preprocessing'] = set({ kind: 'sound' }); }), /preprocessing\.kind: unknown "sound"/],
    ['no weights', () => ({ 'model.json': files['model.json'] as Uint8Array }), /^weights\.safetensors is missing/],
    ['no optimiser state', () => ({ ...files, 'optimizer.safetensors': undefined as unknown as Uint8Array }), /^optimizer\.safetensors is missing/],
    ['weights cut short', () => ({ ...files, 'weights.safetensors': (files['weights.safetensors'] as Uint8Array).slice(0, -1) }), /weights\.safetensors: tensor "out\/bias".* the file is cut short/],
    ['a tensor missing', () => tensors('weights', (m) => m.delete('out/bias')), /weights\.safetensors: tensor "out\/bias" \[3\] is missing/],
    ['a tensor more', () => tensors('weights', (m) => m.set('out/bies', { data: new Float32Array(1), shape: [1] })), /"out\/bies" is not one of the model's; the nearest is "out\/bias"/],
    ['another shape', () => tensors('weights', (m) => m.set('out/bias', { data: new Float32Array(4), shape: [4] })), /"out\/bias" is \[4\], the model expects \[3\]/],
    ['another type', () => tensors('weights', (m) => m.set('out/bias', { data: new Int32Array(3), shape: [3] })), /"out\/bias" has type I32, expected F32/],
    ['a slot missing', () => tensors('optimizer', (m) => m.delete('out/bias/velocity')), /optimizer\.safetensors: tensor "out\/bias\/velocity" \[3\] is missing/],
    ['a slot more', () => tensors('optimizer', (m) => m.set('out/bias/x', { data: new Float32Array(1), shape: [1] })), /"out\/bias\/x" is not one/],
  ];

  test.each(BAD)('%s', async (_, make, message) => {
    const used = engine.memory().used;
    const error = await loadModel(make(), { engine }).then(() => undefined, (e: unknown) => e);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain('\n');
    await engine.exclusive(async () => {});
    expect(engine.memory().used).toBe(used);
  });

  test('random edits of model.json end in a model or a DataError', async () => {
    const size = files['model.json']?.length as number;
    const flips = fc.array(fc.tuple(fc.nat(size - 1), fc.constantFrom(...'{}[],:"-0159aeflnrstu')), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(flips, async (list) => {
        const bytes = (files['model.json'] as Uint8Array).slice();
        for (const [at, c] of list) bytes[at] = c.charCodeAt(0);
        const found = await loadModel({ ...files, 'model.json': bytes }, { engine }).catch((error: unknown) => error);
        if (found instanceof Error) expect(found).toBeInstanceOf(DataError);
        else (found as Model).dispose();
      }),
      { numRuns: 500 },
    );
  });

  test('weights that do not fit leave the model as it was', async () => {
    using net = await loadModel(files, { engine });
    const before = await stateOf(net);
    const { 'weights.safetensors': bad } = tensors('weights', (m) => {
      m.set('dense/kernel', { data: new Float32Array(40), shape: [5, 8] });
      m.delete('out/bias');
    });
    await expect(net.loadWeights(bad as Uint8Array)).rejects.toThrow(DataError);
    expect(await stateOf(net)).toBe(before);
    using empty = sequential([dense(1)], { engine });
    await expect(empty.loadWeights(bad as Uint8Array)).rejects.toThrow(StateError);
  });
});

describe('modelCheckpoint', () => {
  test('saves each epoch; fit goes on from a save', async () => {
    using net = classifier();
    await net.fit(x, y, { ...fitOptions, epochs: 4, callbacks: [modelCheckpoint({ folder: `${folder}/{epoch}`, every: 2 })] });
    expect(readdirSync(folder)).toEqual(['2', '4']);
    using loaded = await loadModel(join(folder, '2'), { engine });
    await loaded.fit(x, y, { ...fitOptions, epochs: 2 });
    expect(await stateOf(loaded)).toBe(await stateOf(net));
  });

  test('keeps the best', async () => {
    using net = classifier();
    const kept: number[] = [];
    const callback = modelCheckpoint({ folder, saveBestOnly: true, monitor: 'score' });
    for (const [epoch, score] of [3, 5, 2, 2, 4].entries()) {
      await net.fit(x, y, fitOptions);
      await callback.onEpochEnd?.(epoch, { score }, net);
      using saved = await loadModel(folder, { engine });
      kept.push(saved.epochs);
    }
    expect(kept).toEqual([1, 1, 3, 3, 3]);
    await expect(callback.onEpochEnd?.(0, { loss: 1 }, net)).rejects.toThrow('"score" is not among loss');
    expect(() => modelCheckpoint({ folder, every: 0 })).toThrow(OptionError);
  });
});
