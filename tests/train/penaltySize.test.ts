import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dense } from '../../src/nn/index.ts';
import { l2 } from '../../src/nn/regularizer.ts';
import * as ops from '../../src/ops/index.ts';
import { sgd } from '../../src/optim/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { CompileOptions } from '../../src/train/compileOptions.ts';
import { loadModel } from '../../src/train/load.ts';
import { type Model, sequential } from '../../src/train/model.ts';
import { blobs } from '../support/data.ts';

const { x, y } = blobs(60, 5, 3);
const LOSS = { name: 'sparseCategoricalCrossentropy', fromLogits: true };

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

function network(compiled: Partial<CompileOptions>): Model {
  const parts = [dense(12, { activation: 'tanh' }), dense(3)];
  return sequential(parts, { inputShape: [5], seed: 2, engine }).compile({
    optimizer: 'sgd',
    loss: LOSS,
    ...compiled,
  });
}

/** Nothing changes, so that figures are of the same weights. */
const STILL = { optimizer: sgd({ learningRate: 0 }) };

/** λ/(2m)·Σw² of the kernels. */
async function penaltyOf(net: Model, lambda: number, m: number): Promise<number> {
  const kernels = (await net.getWeights()).filter((w) => w.shape.length === 2);
  const squares = kernels.flatMap(({ data }) => Array.from(data, (v) => v * v));
  return (lambda / (2 * m)) * squares.reduce((a, b) => a + b, 0);
}

describe('the m of L2 is that of the update', () => {
  const lossOf = async (net: Model, batchSize: number) =>
    (await net.evaluate(x, y, { batchSize })).loss as number;

  test.each([
    [60, 1, 60],
    [20, 1, 20],
    [10, 3, 30],
    [200, 1, 60],
  ])('batches of %i, %i an update: %i', async (batchSize, gradientAccumulationSteps, m) => {
    using plain = network(STILL);
    using net = network({ ...STILL, regularizer: l2(0.7), gradientAccumulationSteps });
    const validationData = [x, y] as const;
    const { history } = await net.fit(x, y, { batchSize, validationData });
    const want = (await lossOf(plain, 60)) + (await penaltyOf(net, 0.7, m));
    expect(history['loss']?.[0]).toBeCloseTo(want, 12);
    expect(history['val_loss']?.[0]).toBeCloseTo(want, 12);
    for (const size of [1, 7, 32, 60]) expect(await lossOf(net, size)).toBeCloseTo(want, 12);
    using loaded = await loadModel(await net.toFiles({ optimizer: false }), { engine });
    expect(await lossOf(loaded, 32)).toBeCloseTo(want, 12);
  });

  test('of a stream it is that of the largest batch', async () => {
    using plain = network(STILL);
    using net = network({ ...STILL, regularizer: l2(0.7) });
    const part = (from: number, to: number) => ({
      x: { data: x.data.slice(from * 5, to * 5), shape: [to - from, 5] },
      y: y.slice(from, to),
    });
    await net.fit(() => [part(0, 12), part(12, 52), part(52, 60)]);
    const want = (await lossOf(plain, 60)) + (await penaltyOf(net, 0.7, 40));
    expect(await lossOf(net, 32)).toBeCloseTo(want, 12);
  });

  test('without a fit, and behind another compile, it is the number of examples', async () => {
    using plain = network(STILL);
    using net = network({ ...STILL, regularizer: l2(0.7) });
    await net.build();
    const want = (await lossOf(plain, 60)) + (await penaltyOf(net, 0.7, 60));
    for (const size of [1, 32, 60]) expect(await lossOf(net, size)).toBeCloseTo(want, 12);
    await net.fit(x, y, { batchSize: 10 });
    expect(await lossOf(net, 32)).not.toBeCloseTo(want, 3);
    net.compile({
      ...STILL,
      loss: { name: 'sparseCategoricalCrossentropy', fromLogits: true },
      regularizer: l2(0.7),
    });
    expect(await lossOf(net, 32)).toBeCloseTo(want, 12);
  });

  test('penalties of outputs are means over the examples, whatever the batches are', async () => {
    const make = (gradientAccumulationSteps: number) =>
      sequential([dense(3, { activityRegularizer: l2(0.7) })], {
        inputShape: [5],
        seed: 2,
        engine,
      }).compile({ ...STILL, loss: (_t, p) => ops.mul(p, 0), gradientAccumulationSteps });
    using net = make(1);
    await net.build();
    const { data } = await net.predict(x);
    const want = (0.7 / 120) * Array.from(data).reduce((sum, v) => sum + v * v, 0);
    const targets = { data: new Float32Array(180), shape: [60, 3] };
    for (const batchSize of [1, 20, 60])
      expect((await net.evaluate(x, targets, { batchSize })).loss).toBeCloseTo(want, 12);
    for (const steps of [1, 3]) {
      using fresh = make(steps);
      const { history } = await fresh.fit(x, targets, { batchSize: 20 });
      expect(history['loss']?.[0]).toBeCloseTo(want, 12);
    }
  });
});
