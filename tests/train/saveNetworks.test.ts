import { existsSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.ts';
import { registerLayer } from '../../src/nn/config.ts';
import * as layers from '../../src/nn/index.ts';
import { layer } from '../../src/nn/layer.ts';
import * as ops from '../../src/ops/index.ts';
import { OptionError } from '../../src/runtime/errors.ts';
import type { CompileOptions } from '../../src/train/compileOptions.ts';
import { loadModel } from '../../src/train/load.ts';
import { type Model, model, sequential } from '../../src/train/model.ts';
import { fitOptions, place, stateOf, usePlace, x, y } from '../support/saved.ts';

const { dense, dropout } = layers;
usePlace();

const inputsOf = (net: Model) => (net.name === 'two inputs' ? { a: x, b: x } : x);

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

function shifted(options: { name?: string }) {
  return layer('shifted', options, (scope, t: Tensor) =>
    scope.training ? ops.add(t, scope.weight('offset', [1, 5])) : t,
  );
}

const mse: CompileOptions = { optimizer: 'adam', loss: 'meanSquaredError' };
const values = { data: Float32Array.from(y), shape: [70, 1] };
const NETWORKS: [string, () => Model, unknown][] = [
  [
    'a layer called twice',
    () => {
      const shared = dense(5);
      return sequential([shared, dropout(0.1), shared, dense(1)], {
        inputShape: [5],
        engine: place.engine,
      });
    },
    values,
  ],
  [
    'a model in a model',
    () => {
      const inner = sequential([dense(4), dense(3)], { name: 'inner' });
      return sequential([inner, dense(1)], { inputShape: [5], engine: place.engine });
    },
    values,
  ],
  [
    'layers of the same name in two models',
    () =>
      sequential([sequential([dense(4, { name: 'fc' })]), sequential([dense(1, { name: 'fc' })])], {
        inputShape: [5],
        engine: place.engine,
      }),
    values,
  ],
  [
    "a layer of one's own",
    () => sequential([tracked({ rate: 0.5 }), dense(1)], { inputShape: [5], engine: place.engine }),
    values,
  ],
  [
    'weights that only training uses',
    () => sequential([shifted({}), dense(1)], { inputShape: [5], engine: place.engine }),
    values,
  ],
  [
    'functional with one output',
    () => {
      const [a, b, drop] = [dense(6, { activation: 'tanh' }), dense(1), dropout(0.5)];
      return model({
        inputs: { input: [5] },
        outputs: ({ input }) => b(layers.concatenate()(a(input as Tensor), drop(input as Tensor))),
        engine: place.engine,
      });
    },
    values,
  ],
  [
    'functional, everything',
    () => {
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
        engine: place.engine,
      });
    },
    { sum: values, left: values, same: { data: new Float32Array(70 * 6), shape: [70, 6] } },
  ],
];

beforeAll(() => {
  registerLayer('tracked', tracked);
  registerLayer('shifted', shifted);
});

test.each(NETWORKS)('%s', async (_, make, target) => {
  using net = make();
  net.compile(mse);
  const data = inputsOf(net) as typeof x;
  const truth = target as typeof values;
  await net.fit(data, truth, { ...fitOptions, epochs: 2 });
  using loaded = await loadModel(await net.toFiles(), { engine: place.engine });
  expect(await stateOf(loaded, data)).toBe(await stateOf(net, data));
  expect(loaded.weightNames).toHaveLength(net.weightNames.length);
  const again = [net, loaded].map((n) => n.fit(data, truth, { ...fitOptions, epochs: 2 }));
  const [a, b] = await Promise.all(again);
  expect(b?.batchLoss).toEqual(a?.batchLoss);
  expect(await stateOf(loaded, data)).toBe(await stateOf(net, data));
  const copies = await Promise.all([net, loaded].map((n) => n.toFiles()));
  const shapes = copies.map(
    (files) => JSON.parse(Buffer.from(files['model.json'] as Uint8Array).toString()).network,
  );
  expect(shapes[1]).toEqual(shapes[0]);
});

test.each<[string, () => Model, RegExp]>([
  [
    'ops between layers',
    () => {
      const [a, b] = [dense(3), dense(1, { name: 'end' })];
      return model({
        inputs: { input: [5] },
        outputs: ({ input }) => b(ops.relu(a(input as Tensor))),
        engine: place.engine,
      });
    },
    /dense "end": input 0 is made by the op "relu", .*registerLayer.*saveWeights/,
  ],
  [
    'an op behind the layers',
    () => {
      const a = dense(1);
      return model({
        inputs: { input: [5] },
        outputs: ({ input }) => ops.relu(a(input as Tensor)),
        engine: place.engine,
      });
    },
    /output "output" is made by the op "relu"/,
  ],
  [
    'a plain function',
    () =>
      sequential([dense(3), (t) => ops.relu(t), dense(1)], {
        inputShape: [5],
        engine: place.engine,
      }),
    /layer 1 of model "sequential" is a plain function/,
  ],
  [
    'a lambda',
    () =>
      sequential([dense(3), layers.lambda((t: Tensor) => ops.relu(t)), dense(1)], {
        inputShape: [5],
        engine: place.engine,
      }),
    /lambda "lambda": body is a function of your own/,
  ],
  [
    "an activation of one's own",
    () =>
      sequential([dense(1, { activation: (t) => ops.relu(t) })], {
        inputShape: [5],
        engine: place.engine,
      }),
    /dense "dense": activation is a function of your own/,
  ],
])('%s: not saved, but its weights are', async (_, make, message) => {
  using net = make();
  net.compile(mse);
  await expect(net.save(place.folder)).rejects.toThrow('has no weights yet');
  await net.fit(x, values, fitOptions);
  await expect(net.save(place.folder)).rejects.toThrow(OptionError);
  await expect(net.save(place.folder)).rejects.toThrow(message);
  expect(existsSync(place.folder)).toBe(false);
  const file = `${place.folder}.safetensors`;
  await net.saveWeights(file);
  using other = make();
  await other.build();
  await other.loadWeights(file);
  expect(await stateOf(other)).toBe(await stateOf(net));
});
