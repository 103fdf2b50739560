import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as layers from '../../src/nn/index.ts';
import { reduceMean } from '../../src/ops/reduce.ts';
import { square } from '../../src/ops/unary.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { loadModel } from '../../src/train/load.ts';
import { type Model, model, sequential } from '../../src/train/model.ts';
import { trainer } from '../../src/train/trainer.ts';

const { dense, batchNormalization } = layers;
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'simd' });
});
afterAll(() => engine.dispose());

const x = [
  [1, 2, 3, 4],
  [4, 3, 2, 1],
  [0, 1, 0, 1],
];
const y = [[1], [2], [3]];

/** With a batch normalisation, whose statistics must stay too. */
const BASES: [string, () => Model][] = [
  ['sequential', () => sequential([dense(3), batchNormalization()], { engine })],
  ['of known shape', () => sequential([dense(3), batchNormalization()], { inputShape: [4], engine })],
  ['nested', () => sequential([sequential([dense(3), batchNormalization()])], { engine })],
  ['functional', () => {
    const [first, norm] = [dense(3), batchNormalization()];
    return model({ inputs: { x: [4] }, outputs: ({ x }) => norm(first(x as Tensor)), engine });
  }],
]; // biome-ignore format: a table

function freezeModel(base: Model): void {
  base.trainable = false;
}

function freezeLayers(base: Model): void {
  for (const layer of base.layers) layer.trainable = false;
}

const WAYS = [
  ['model.trainable', freezeModel],
  ['each of model.layers', freezeLayers],
] as const;

/** Trains a head on the base; whether the base's weights and statistics changed. */
async function changes(base: Model): Promise<boolean> {
  const net = sequential([base, dense(1)], { inputShape: [4], engine });
  net.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  await net.build();
  const before = await net.getWeights();
  await net.fit(x, y, { epochs: 3 });
  const after = await net.getWeights();
  expect(after.at(-1)).not.toEqual(before.at(-1));
  const count = before.length - 2;
  expect(count).toBe(6);
  return JSON.stringify(after.slice(0, count)) !== JSON.stringify(before.slice(0, count));
}

describe.each(BASES)('%s', (_, make) => {
  test.each(WAYS)('frozen before anything is built, by %s', async (_, freezeIt) => {
    expect(await changes(make())).toBe(true);
    const base = make();
    freezeIt(base);
    expect(await changes(base)).toBe(false);
    expect(base.layers.every((l) => !l.trainable)).toBe(true);
  });

  test.each(WAYS)('frozen when it is built, by %s', async (_, freezeIt) => {
    const base = make();
    await base.build([4]);
    freezeIt(base);
    expect(await changes(base)).toBe(false);
  });

  test('thawed again, whole or in part', async () => {
    const base = make();
    base.trainable = false;
    expect(base.trainable).toBe(false);
    base.trainable = true;
    expect(base.layers.every((l) => l.trainable)).toBe(true);
    expect(await changes(base)).toBe(true);
    base.trainable = false;
    for (const layer of base.layers) layer.trainable = true;
    expect(await changes(base)).toBe(false);
  });
});

test('layers of a model that is not built', () => {
  const [a, b, c] = [dense(3), dense(2, { name: 'second' }), dense(1)];
  const inner = sequential([b, a]);
  expect(sequential([a, inner, c]).layers).toEqual([a, b, c]);
  expect(sequential([a, inner, c]).getLayer('second')).toBe(b);
  const hidden = sequential([a, (x) => c(x)], { name: 'hidden' });
  expect(() => hidden.layers).toThrow(
    'layers of model "hidden" are not known yet: give inputShape',
  );
  expect(sequential([a, (x) => c(x)], { inputShape: [4] }).layers).toEqual([a, c]);
});

test('a frozen model of plain functions stays, and so does one that is trained by a trainer', async () => {
  const inner = dense(3);
  const base = sequential([(t) => inner(t)], { engine });
  base.trainable = false;
  using net = sequential([base, dense(1)], { inputShape: [4], engine });
  net.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  await net.build();
  const before = (await net.getWeights())[0];
  await net.fit(x, y);
  expect((await net.getWeights())[0]).toEqual(before);
  const loss = ({ x }: Readonly<Record<string, Tensor>>) =>
    reduceMean(square(net.call(x as Tensor)));
  using steps = trainer(loss, 'adam', { engine });
  await steps.step({ x });
  expect((await net.getWeights())[0]).toEqual(before);
});

test('a model that is frozen as a whole is not trained', async () => {
  using net = sequential([dense(1)], { inputShape: [4], engine });
  net.trainable = false;
  net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  await expect(net.fit(x, y)).rejects.toThrow('has no trainable weights');
  expect(net.summary()).toContain('trainable 0, not trainable 5');
});

test('frozen models are saved as such', async () => {
  const base = sequential([dense(3), dense(3)], { engine, name: 'base' });
  base.trainable = false;
  const [first] = base.layers;
  if (first) first.trainable = true;
  using net = sequential([base, dense(1)], { inputShape: [4], engine });
  net.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  await net.build();
  using loaded = await loadModel(await net.toFiles(), { engine });
  const before = await loaded.getWeights();
  await loaded.fit(x, y);
  const after = await loaded.getWeights();
  expect(after.slice(0, 4)).toEqual(before.slice(0, 4));
  expect(after[4]).not.toEqual(before[4]);
});

test('what is neither true nor false is refused', () => {
  const net = sequential([dense(3)]);
  const [layer] = net.layers;
  expect(() => Object.assign(net, { trainable: 0 })).toThrow(/model: trainable is 0, expected/);
  expect(() => Object.assign(layer ?? {}, { trainable: 'no' })).toThrow(/trainable is "no"/);
});

test.each([
  ['a signal, when an epoch begins', 2],
  ['a signal, when the first epoch begins', 0],
  ['stopTraining, when an epoch begins', 1],
])('aborting by %s leaves no trace of that epoch', async (how, at) => {
  using net = sequential([dense(1)], { inputShape: [4], engine });
  net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const stop = new AbortController();
  const ended: number[] = [];
  const history = await net.fit(x, y, {
    epochs: 5,
    signal: stop.signal,
    validationData: [x, y],
    callbacks: [
      {
        onEpochBegin(epoch) {
          if (epoch !== at) return;
          if (how.startsWith('stop')) net.stopTraining = true;
          else stop.abort();
        },
        onEpochEnd: (epoch) => ended.push(epoch),
      },
    ],
  });
  const epochs = Array.from({ length: at }, (_, i) => i);
  expect(ended).toEqual(epochs);
  expect(history.epoch).toEqual(epochs);
  expect(net.epochs).toBe(at);
  for (const list of Object.values(history.history)) {
    expect(list).toHaveLength(at);
    expect(list.every(Number.isFinite)).toBe(true);
  }
});
