import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleInference } from '../../scripts/inference.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import type * as infer from '../../src/infer.ts';
import { activations } from '../../src/nn/activations.ts';
import { layerFromConfig } from '../../src/nn/fromConfig.ts';
import { imageMakers } from '../../src/nn/imageMakers.ts';
import * as layers from '../../src/nn/index.ts';
import { commonMakers } from '../../src/nn/makers.ts';
import { mergeMakers } from '../../src/nn/mergeMakers.ts';
import { normMakers } from '../../src/nn/normMakers.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { type Model, model, type SequentialLayer, sequential } from '../../src/train/model.ts';
import { hashOf } from '../support/data.ts';

let root: string;
let engine: Engine;
let bundle: typeof infer;

/** The bundle as it is shipped, as deep beside `build/`. */
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline' });
  const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
  mkdirSync(dist, { recursive: true });
  root = mkdtempSync(`${dist}infer-test-`);
  for (const { fileName, code } of await bundleInference(true))
    writeFileSync(`${root}/${fileName}`, code);
  bundle = await import(/* @vite-ignore */ `${root}/index.js`);
});
afterAll(() => {
  engine.dispose();
  rmSync(root, { recursive: true });
});

const workerFactory = (name: string) =>
  new Worker(new URL('../../src/runtime/worker.ts', import.meta.url), { name });

function numbers(...shape: number[]) {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  return { data: data.map((_, i) => ((i * 37) % 101) / 50 - 1), shape };
}

async function sameBits(net: Model, x: Parameters<Model['predictAll']>[0]): Promise<void> {
  await sameBitsKept(net, x);
  net.dispose();
}

async function sameBitsKept(net: Model, x: Parameters<Model['predictAll']>[0]): Promise<void> {
  const expected = hashOf(Object.values(await net.predictAll(x, { batchSize: 4 })));
  const loaded = await bundle.loadModel(await net.toFiles());
  expect(hashOf(Object.values(await loaded.predictAll(x, { batchSize: 4 })))).toBe(expected);
  loaded.dispose();
}

const INPUTS = [[7], [9, 6], [8, 8, 3], [5, 6, 7, 2]];
/** What makes a layer that has no defaults for everything. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  dense: { units: 17, activation: 'sigmoid' },
  activation: { activation: 'tanh' },
  reshape: { targetShape: [-1] },
  randomCrop: { height: 5, width: 4 },
  augmentation: { crop: [5, 4], noise: 0.1 },
  randomCutout: { size: 0.5 },
  ...Object.fromEntries([1, 2, 3].map((n) => [`conv${n}DTranspose`, { padding: 'same' }])),
  ...Object.fromEntries(
    [1, 2, 3].map((n) => [`conv${n}D`, { padding: 'same', activation: 'relu' }]),
  ),
  permute: { dims: [2, 1] },
  groupNormalization: { groups: 3 },
};
const GENERAL = {
  filters: 6,
  kernelSize: 3,
  rate: 0.5,
  std: 0.1,
  factor: 0.1,
  xFactor: 0.1,
  yFactor: 0.1,
  heightFactor: 0.1,
  widthFactor: 0.1,
  mode: 'horizontal',
  outputSize: 2,
  padding: 1,
  cropping: 1,
  size: 2,
};
const MERGES = ['add', 'subtract', 'multiply', 'average', 'maximum', 'minimum', 'concatenate'];
const TYPES = Object.keys({
  ...commonMakers,
  ...mergeMakers,
  ...normMakers,
  ...imageMakers,
}).filter((t) => !MERGES.includes(t));

function made(type: string): SequentialLayer {
  const taken = { ...GENERAL, ...OPTIONS[type] };
  for (;;) {
    try {
      return layerFromConfig({ type, config: taken });
    } catch (error) {
      const unknown = /unknown option of [^"]* "(\w+)"/.exec(String(error))?.[1];
      if (!unknown || !(unknown in taken)) throw error;
      delete (taken as Record<string, unknown>)[unknown];
    }
  }
}

test.each(TYPES)('%s predicts with the same bits as the library', async (type) => {
  let worked = 0;
  for (const inputShape of INPUTS) {
    const net = sequential([made(type)], { inputShape, engine, seed: 3 });
    try {
      await net.build();
    } catch {
      continue;
    }
    worked++;
    await sameBits(net, numbers(6, ...inputShape));
  }
  expect(worked).toBeGreaterThan(0);
});

test('activations and merges: a functional model with two inputs predicts with the same bits', async () => {
  const parts = Object.keys(activations).map((name) => layers.dense(4, { activation: name }));
  const [all, ...merges] = ['concatenate', ...MERGES].map((type) => layerFromConfig({ type }));
  const net = model({
    inputs: { a: [9], b: [9] },
    outputs: ({ a, b }) => {
      const [first, ...hidden] = parts.map((part) => part(a as Tensor));
      const merged = merges.map((merge) => merge(a as Tensor, b as Tensor));
      return { all: all?.(...hidden, ...merged) as Tensor, first: first as Tensor };
    },
    engine,
  });
  await net.build();
  for (const n of [1, 3, 4, 9]) await sameBitsKept(net, { a: numbers(n, 9), b: numbers(n, 9) });
  net.dispose();
});

test('a convolutional network, threads and `predictSync` give the same bits', async () => {
  const net = sequential(
    [
      layers.conv2D(8, 3, { activation: 'relu', padding: 'same' }),
      layers.batchNormalization(),
      layers.maxPooling2D(),
      layers.dropout(0.2),
      layers.flatten(),
      layers.dense(10, { activation: 'softmax' }),
    ],
    { inputShape: [12, 12, 3], engine, name: 'digits' },
  );
  net.classNames = [...'0123456789'];
  const x = numbers(7, 12, 12, 3);
  const expected = hashOf([await net.predict(x)]);
  const files = await net.toFiles();
  const [one, two] = await Promise.all(
    [1, 2].map((threads) => bundle.loadModel(files, { threads, workerFactory })),
  );
  if (!one || !two) throw new Error('not loaded');
  expect(hashOf([await one.predict(x)])).toBe(expected);
  expect(hashOf([await two.predict(x)])).toBe(expected);
  expect(one.predictSync(x).shape).toEqual([7, 10]);
  expect(one.info).toMatchObject({
    name: 'digits',
    inputs: { input: [12, 12, 3] },
    outputs: { output: [10] },
    classNames: [...'0123456789'],
    runtime: { kind: 'inline', threads: 1 },
  });
  await net.save(`${root}/model`);
  const fromFolder = await bundle.loadModel(`${root}/model`);
  expect(hashOf([await fromFolder.predict(x)])).toBe(expected);
  for (const m of [one, two, fromFolder]) m.dispose();
  await expect(one.predict(x)).rejects.toThrow('model "digits" was disposed');
  net.dispose();
});

test('damaged and missing files and wrong inputs are named', async () => {
  const { loadModel } = bundle;
  const net = sequential([layers.dense(2)], { inputShape: [3], engine });
  await net.build();
  const files = await net.toFiles();
  const { 'weights.safetensors': weights, ...rest } = files;
  await expect(loadModel(rest)).rejects.toThrow('weights.safetensors is missing');
  const cut = { ...files, 'weights.safetensors': weights?.subarray(0, 20) as Uint8Array };
  await expect(loadModel(cut)).rejects.toThrow('weights.safetensors');
  await expect(loadModel(`${root}/none`)).rejects.toThrow('no such file or folder');
  const loaded = await loadModel(files);
  await expect(loaded.predict([[1, Number.NaN, 2]])).rejects.toThrow('input: NaN in example 0');
  expect(() => loaded.predictSync([[1, 2]])).toThrow('the model expects [3]');
  loaded.dispose();
  await expect(loadModel(files, { threads: 0 })).rejects.toThrow('threads: expected an integer');
  net.dispose();
});
