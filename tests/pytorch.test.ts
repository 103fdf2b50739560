import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluate } from '../src/compile/evaluate.ts';
import type { Tensor } from '../src/graph/tensor.ts';
import { dense } from '../src/nn/index.ts';
import { layer } from '../src/nn/layer.ts';
import { losses } from '../src/nn/loss.ts';
import { gradients } from '../src/ops/gradient.ts';
import * as ops from '../src/ops/index.ts';
import { adam, optimizers, sgd } from '../src/optim/index.ts';
import { createEngine } from '../src/runtime/create.ts';
import type { Engine } from '../src/runtime/engine.ts';
import { sequential } from '../src/train/model.ts';
import { difference } from './support/difference.ts';
import { BUILDS } from './support/threads.ts';

interface Golden {
  readonly mlp: {
    readonly sizes: number[];
    readonly weights: { shape: number[]; data: number[] }[];
    readonly x: number[];
    readonly labels: number[];
    readonly f32: Figures;
    readonly f64: Figures;
  };
  readonly optimizers: {
    readonly initial: number[];
    readonly gradients: number[][];
    readonly cases: {
      name: keyof typeof optimizers;
      options: Record<string, unknown>;
      path: number[][];
    }[];
  };
}

interface Figures {
  readonly gradients: number[][];
  readonly losses: { sgd: number[]; adam: number[] };
}

/** Made by scripts/golden.py. */
const { mlp, optimizers: paths }: Golden = JSON.parse(
  readFileSync(new URL('golden/mlp.json', import.meta.url), 'utf8'),
);

const [inputs] = mlp.sizes as [number];
const batch = mlp.labels.length;

describe.each(BUILDS)('PyTorch, %s', (build) => {
  const figures = build === 'f64' ? mlp.f64 : mlp.f32;
  const tolerance = build === 'f64' ? 1e-10 : 1e-5;
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ build, kind: 'inline' });
  });
  afterAll(() => engine.dispose());

  test('all gradients of a multilayer perceptron', async () => {
    const weights = mlp.weights.map(({ data, shape }) => ops.tensor(data, shape));
    let h = ops.tensor(mlp.x, [batch, inputs]);
    for (let i = 0; i < weights.length; i += 2) {
      const [w, b] = weights.slice(i, i + 2) as [Tensor, Tensor];
      h = ops.linear(h, w, b, i + 2 < weights.length ? 'relu' : 'linear');
    }
    const loss = ops.reduceMean(
      ops.softmaxCrossEntropy(h, ops.tensor(Int32Array.from(mlp.labels))),
    );
    const found = await evaluate(gradients(loss, weights), { engine });
    found.forEach((g, i) => {
      expect(difference(g.data, figures.gradients[i] as number[])).toBeLessThan(tolerance);
    });
  });

  test.each([
    ['sgd', sgd({ learningRate: 0.1 })],
    ['adam', adam({ learningRate: 0.01, epsilon: 1e-8, epsilonPlacement: 'torch' })],
  ] as const)('ten losses with %s', async (name, optimizer) => {
    const units = mlp.sizes.slice(1);
    const layers = units.map((n, i) =>
      dense(n, { activation: i + 1 < units.length ? 'relu' : 'linear' }),
    );
    using net = sequential(layers, { inputShape: [inputs], engine });
    net.compile({ optimizer, loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }) });
    await net.build();
    await net.setWeights(mlp.weights.map((w) => w.data));
    const x = { data: Float64Array.from(mlp.x), shape: [batch, inputs] };
    const { history } = await net.fit(x, Int32Array.from(mlp.labels), {
      epochs: 10,
      batchSize: batch,
      shuffle: false,
    });
    const expected = figures.losses[name];
    expected.forEach((e, i) => {
      expect(difference([history['loss']?.[i] as number], [e]), `loss ${i}`).toBeLessThan(
        tolerance,
      );
    });
  });

  /** The gradient of Σ x·p is x. */
  const product = () =>
    layer('product', {}, (scope, x: Tensor) => {
      const p = scope.weight('p', [paths.initial.length], { initializer: 'zeros' });
      return ops.reduceSum(ops.mul(x, p), { axes: -1, keepDims: true });
    });
  const itself = (_: Tensor, yPred: Tensor) => ops.reshape(yPred, [-1]);

  test.each(paths.cases.map((c) => [c.name, JSON.stringify(c.options), c] as const))(
    'path of %s %s',
    async (name, _, { options, path }) => {
      using net = sequential([product()], { inputShape: [paths.initial.length], engine });
      net.compile({ optimizer: optimizers[name](options), loss: itself });
      await net.build();
      await net.setWeights([paths.initial]);
      for (const [i, gradient] of paths.gradients.entries()) {
        await net.fit([gradient], [[0]], { shuffle: false });
        const [p] = await net.getWeights();
        expect(difference(p?.data ?? [], path[i] as number[]), `step ${i + 1}`).toBeLessThan(
          build === 'f64' ? 1e-10 : 1e-6,
        );
      }
    },
  );
});
