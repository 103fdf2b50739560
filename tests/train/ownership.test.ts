import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as layers from '../../src/nn/index.ts';
import { tensor } from '../../src/ops/leaf.ts';
import { reduceMean } from '../../src/ops/reduce.ts';
import { square } from '../../src/ops/unary.ts';
import { createEngine } from '../../src/runtime/create.ts';
import { DisposedError, StateError } from '../../src/runtime/errors.ts';
import { freeze } from '../../src/train/freeze.ts';
import { loadModel } from '../../src/train/load.ts';
import { model, sequential } from '../../src/train/model.ts';
import { trainer } from '../../src/train/trainer.ts';

const { dense } = layers;
const x = [
  [1, 2, 3, 4],
  [4, 3, 2, 1],
];

const SCRIPT = fileURLToPath(new URL('../support/ownership.ts', import.meta.url));
const CASES = [
  'every order of dispose',
  'every order of collection',
  'random orders of both',
  'random models of shared layers',
  'a loaded base that is collected',
];
let wrong: Record<string, string | null>;

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', SCRIPT]);
  wrong = JSON.parse(stdout) as typeof wrong;
}, 300_000);

test('all cases ran', () => {
  expect(Object.keys(wrong)).toEqual(CASES);
});

test.each(CASES)('base, model, encoder and trainer of the same layers: %s', (name) => {
  expect(wrong[name]).toBeNull();
});

test('the encoder keeps what the autoencoder has learned, whether it was used before or not', async () => {
  using engine = await createEngine({ kind: 'inline' });
  const start = engine.memory().used;
  for (const before of [false, true]) {
    const encoder = sequential([dense(3)], { engine });
    let kernel: Float32Array;
    {
      using auto = sequential([encoder, dense(4)], { inputShape: [4], engine });
      auto.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
      await auto.fit(x, x, { epochs: 3 });
      kernel = (await auto.getWeights())[0]?.data as Float32Array;
      if (before) await encoder.predict(x);
    }
    using other = sequential([dense(50)], { inputShape: [50], engine });
    await other.build();
    await encoder.predict(x);
    expect((await encoder.getWeights())[0]?.data).toEqual(kernel);
    encoder.dispose();
  }
  await engine.exclusive(async () => {});
  expect(engine.memory().used).toBe(start);
});

test('a layer whose last model was disposed is refused in words', async () => {
  using engine = await createEngine({ kind: 'inline' });
  const shared = dense(3);
  const first = sequential([shared], { inputShape: [4], engine, name: 'first' });
  await first.build();
  first.dispose();
  await engine.exclusive(async () => {});
  const second = sequential([shared, dense(2)], { inputShape: [4], engine, name: 'second' });
  await expect(second.predict(x)).rejects.toThrow(DisposedError);
  await expect(second.predict(x)).rejects.toThrow(
    'model "second": layer weight "dense/kernel" is gone: the memory of weights of first was freed',
  );
  await expect(evaluate(() => shared(tensor(x)), { engine })).rejects.toThrow('is gone');
});

test('each model that trains shared weights has gradients and slots of its own, and leaves the others alone', async () => {
  using engine = await createEngine({ kind: 'inline', build: 'simd' });
  const shared = dense(4, { activation: 'tanh' });
  using one = sequential([shared, dense(4)], { inputShape: [4], engine });
  using two = sequential([shared, dense(3)], { inputShape: [4], engine });
  for (const net of [one, two]) net.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  await one.fit(x, x, { epochs: 2 });
  const before = await one.getWeights();
  await two.fit(x, [[1, 0, 0], [0, 1, 0]], { epochs: 2 }); // biome-ignore format: a matrix
  const after = await one.getWeights();
  expect(after.slice(2)).toEqual(before.slice(2));
  expect(after[0]).not.toEqual(before[0]);
  expect((await two.getWeights()).slice(0, 2)).toEqual(after.slice(0, 2));
});

test('models that begin at once wait for the layers that they share', async () => {
  using engine = await createEngine({ kind: 'inline' });
  const shared = dense(3, { kernelInitializer: 'ones' });
  const nets = Array.from({ length: 3 }, () => sequential([shared], { inputShape: [4], engine }));
  const found = await Promise.all(nets.map((net) => net.predict(x)));
  for (const { data } of found) expect([...data]).toEqual([10, 10, 10, 10, 10, 10]);
  for (const net of nets) net.dispose();
});

test('engines never mix', async () => {
  const shared = dense(3, { name: 'mine' });
  using one = sequential([shared], { inputShape: [4], threads: 1, name: 'one' });
  await one.build();
  const words =
    /layer weight "mine\/kernel" lies on the engine of "weights of one" \(relaxed, team, 1 thread\), not on this one \((relaxed|simd), team, \d threads?\): give both models the same `engine`/;
  for (const options of [{}, { reproducible: true }, { threads: 2 }]) {
    using two = sequential([one, dense(2)], { inputShape: [4], ...options });
    await expect(two.predict(x)).rejects.toThrow(words);
    two.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await expect(two.fit(x, [[1], [2]])).rejects.toThrow(words);
  }
  await expect(evaluate(() => shared(tensor(x)))).rejects.toThrow(words);
  using steps = trainer(({ x }) => reduceMean(square(one.call(x as Tensor))), 'sgd');
  await expect(steps.step({ x })).rejects.toThrow(words);
});

test('an engine that was made for a model ends with the last model on it', async () => {
  const net = sequential([dense(3)], { inputShape: [4], threads: 1 });
  const expected = await net.predict(x);
  const frozen = await freeze(net);
  net.dispose();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await frozen.predict(x)).toEqual(expected);
  frozen.dispose();
  await expect(frozen.predict(x)).rejects.toThrow(DisposedError);
});

test('dispose in the middle of build, and of a step of a trainer, gives all memory back', async () => {
  using engine = await createEngine({ kind: 'inline' });
  const start = engine.memory().used;
  const net = sequential([dense(3)], { inputShape: [4], engine });
  const building = net.build();
  net.dispose();
  await expect(building).rejects.toThrow(DisposedError);
  const layer = dense(3);
  const steps = trainer(({ x }) => reduceMean(square(layer(x as Tensor))), 'adam', { engine });
  await steps.step({ x });
  const step = steps.step({ x });
  steps.dispose();
  await step.catch(() => {});
  await engine.exclusive(async () => {});
  expect(engine.memory().used).toBe(start);
  await expect(steps.step({ x })).rejects.toThrow('trainer "trainer" was disposed');
});

test('a loaded model and what is built on it', async () => {
  using engine = await createEngine({ kind: 'inline' });
  using saved = sequential([dense(3)], { inputShape: [4], engine });
  await saved.build();
  const base = await loadModel(await saved.toFiles(), { engine });
  using net = sequential([base, dense(2)], { inputShape: [4], engine });
  base.dispose();
  await net.predict(x);
  expect((await net.getWeights()).slice(0, 2)).toEqual(await saved.getWeights());
});

test.each([
  ['predict', (net: ReturnType<typeof inside>) => net.predict(x)],
  ['evaluate', (net: ReturnType<typeof inside>) => net.evaluate(x, x)],
  ['fit', (net: ReturnType<typeof inside>) => net.fit(x, x)],
  ['profile', (net: ReturnType<typeof inside>) => net.profile()],
])('a layer made inside of the function of a model: %s', async (_, use) => {
  using net = inside();
  await expect(use(net)).rejects.toThrow(StateError);
  await expect(use(net)).rejects.toThrow(
    /model: the layer of weight "dense\/kernel" is not built, or made inside of a function: make it outside/,
  );
});

function inside() {
  const net = model({ inputs: { x: [4] }, outputs: ({ x }) => dense(4)(x as Tensor) });
  return net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
}

test('a layer made inside of a function: sequential, evaluate, trainer', async () => {
  const words = 'the layer of weight "dense/kernel" is not built, or made inside of a function';
  using net = sequential([(x) => dense(4)(x)], { inputShape: [4] });
  await expect(net.predict(x)).rejects.toThrow(words);
  expect(() => net.predictSync(x)).toThrow(words);
  await expect(evaluate(() => dense(3)(tensor(x)))).rejects.toThrow(`evaluate: ${words}`);
  using steps = trainer(({ x }) => reduceMean(square(dense(3)(x as Tensor))), 'sgd');
  await expect(steps.step({ x })).rejects.toThrow(`trainer: ${words}`);
});
