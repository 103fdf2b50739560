import { describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as layers from '../../src/nn/index.ts';
import { layer } from '../../src/nn/layer.ts';
import * as ops from '../../src/ops/index.ts';
import { adam, sgd } from '../../src/optim/index.ts';
import { earlyStopping } from '../../src/train/callbacks.ts';
import { model, sequential } from '../../src/train/model.ts';
import { trainer } from '../../src/train/trainer.ts';
import { blobs, hashOf, XOR } from '../support/data.ts';

const { dense, dropout } = layers;

function classifier(seed = 1, options = {}) {
  const net = sequential(
    [dense(16, { activation: 'relu' }), dropout(0.1), dense(3, { activation: 'softmax' })],
    {
      inputShape: [5],
      seed,
      ...options,
    },
  );
  return net.compile({
    optimizer: adam({ learningRate: 0.01 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
}

async function trained(net: ReturnType<typeof classifier>, options = {}) {
  const { x, y } = blobs(150, 5, 3);
  const history = await net.fit(x, y, { epochs: 4, batchSize: 16, ...options });
  return { history, weights: await net.getWeights() };
}

describe('sequential', () => {
  test('learns XOR', async () => {
    using net = sequential(
      [dense(8, { activation: 'tanh' }), dense(1, { activation: 'sigmoid' })],
      { seed: 3 },
    );
    net.compile({
      optimizer: adam({ learningRate: 0.05 }),
      loss: 'binaryCrossentropy',
      metrics: ['accuracy'],
    });
    const { history, batchLoss } = await net.fit(XOR.x, XOR.y, { epochs: 300, batchSize: 4 });
    expect(history['loss']?.at(-1)).toBeLessThan(0.05);
    expect(history['accuracy']?.at(-1)).toBe(1);
    expect(batchLoss).toHaveLength(300);
    const { data, shape } = await net.predict(XOR.x);
    expect(shape).toEqual([4, 1]);
    expect([...data].map(Math.round)).toEqual([0, 1, 1, 0]);
    expect(hashOf([net.predictSync(XOR.x)])).toBe(hashOf([{ data }]));
  });

  test('trains the last partial batch, validates, reports', async () => {
    using net = classifier();
    const { x, y } = blobs(150, 5, 3);
    const { history, batchLoss, examples } = await net.fit(x, y, {
      epochs: 2,
      batchSize: 16,
      validationSplit: 0.2,
    });
    expect(batchLoss).toHaveLength(2 * Math.ceil(120 / 16));
    expect(examples).toBe(240);
    expect(Object.keys(history)).toEqual(['loss', 'accuracy', 'val_loss', 'val_accuracy']);
    const tested = await net.evaluate(x, y);
    const { data } = await net.predict(x, { batchSize: 64 });
    const right = y.filter((label, i) => label === argMax(data.subarray(3 * i, 3 * i + 3))).length;
    expect(tested['accuracy']).toBeCloseTo(right / 150, 6);
    expect(net.summary()).toContain('trainable 147');
  });

  test('the same seed gives the same bits, another does not', async () => {
    using a = classifier(1);
    using b = classifier(1);
    using c = classifier(2);
    const [ha, hb, hc] = await Promise.all(
      [a, b, c].map(async (net) => hashOf((await trained(net)).weights)),
    );
    expect(hb).toBe(ha);
    expect(hc).not.toBe(ha);
  });

  test('bytes scaled in memory equal scaled numbers', async () => {
    const bytes = Uint8Array.from({ length: 60 * 5 }, (_, i) => (i * 37) % 256);
    const y = Int32Array.from({ length: 60 }, (_, i) => i % 3);
    const scaled = Float32Array.from(bytes, (b) => Math.fround(b * Math.fround(1 / 256)));
    const hashes = [];
    for (const x of [
      { data: bytes, shape: [60, 5], scale: 1 / 256 },
      { data: scaled, shape: [60, 5] },
    ]) {
      using net = classifier();
      await net.fit(x, y, { epochs: 2 });
      hashes.push(hashOf([...(await net.getWeights()), await net.predict(x)]));
    }
    expect(hashes[1]).toBe(hashes[0]);
  });

  test('a stream of batches trains like the same arrays', async () => {
    const { x, y } = blobs(50, 5, 3);
    async function* batches() {
      for (let i = 0; i < 50; i += 16) {
        const n = Math.min(16, 50 - i);
        yield {
          x: { data: x.data.slice(i * 5, (i + n) * 5), shape: [n, 5] },
          y: y.slice(i, i + n),
        };
      }
    }
    using a = classifier();
    using b = classifier();
    const fromArrays = await a.fit(x, y, { epochs: 3, batchSize: 16, shuffle: false });
    const fromStream = await b.fit(batches, { epochs: 3 });
    expect(fromStream.batchLoss).toEqual(fromArrays.batchLoss);
    expect(hashOf(await b.getWeights())).toBe(hashOf(await a.getWeights()));
    using c = classifier();
    const again = await c.fit({ [Symbol.asyncIterator]: batches }, { epochs: 3 });
    expect(again.batchLoss).toEqual(fromArrays.batchLoss);
    await expect(c.fit(batches())).rejects.toThrow(
      'got a generator or stream; expected a function that makes a new stream for each epoch',
    );
  });

  test('accumulated gradients equal one large batch', async () => {
    const weights = [];
    for (const [batchSize, steps] of [
      [32, 1],
      [8, 4],
    ] as const) {
      using net = sequential([dense(4, { activation: 'tanh' }), dense(3)], {
        inputShape: [5],
        build: 'f64',
        threads: 1,
      });
      net.compile({ optimizer: 'sgd', loss: 'mse', gradientAccumulationSteps: steps });
      const { x } = blobs(64, 5, 3);
      await net.fit(
        x,
        { data: x.data.slice(0, 64 * 3), shape: [64, 3] },
        { epochs: 2, batchSize, shuffle: false },
      );
      weights.push((await net.getWeights()).flatMap((w) => [...w.data]));
    }
    for (const [i, w] of (weights[0] as number[]).entries())
      expect(weights[1]?.[i]).toBeCloseTo(w, 12);
  });

  test('weights of examples and of classes', async () => {
    const { x, y } = blobs(60, 5, 3);
    const only = Float64Array.from(y, (label) => (label === 0 ? 1 : 0));
    using a = classifier();
    using b = classifier();
    const first = await a.fit(x, y, { sampleWeight: only, shuffle: false });
    const second = await b.fit(x, y, { classWeight: { 1: 0, 2: 0 }, shuffle: false });
    expect(second.batchLoss).toEqual(first.batchLoss);
    const wrong = blobs(60, 5, 1, 9);
    await expect(a.fit(wrong.x, wrong.y, { sampleWeight: [1, 2] })).rejects.toThrow(
      'sampleWeight has 2 examples',
    );
  });

  test('callbacks, stopping, abort', async () => {
    using net = classifier();
    const seen: string[] = [];
    const { epoch } = await trained(net, {
      epochs: 9,
      callbacks: [
        {
          onEpochBegin: (e: number) => seen.push(`begin ${e}`),
          onBatchEnd: (b: number) => b === 0 && seen.push('batch'),
        },
        (e: number) => {
          seen.push(`end ${e}`);
          if (e === 1) net.stopTraining = true;
        },
      ],
    }).then(({ history }) => history);
    expect(epoch).toEqual([0, 1]);
    expect(seen).toEqual(['begin 0', 'batch', 'end 0', 'begin 1', 'end 1']);
    const controller = new AbortController();
    const { history } = await trained(net, {
      epochs: 9,
      signal: controller.signal,
      callbacks: [() => controller.abort()],
    });
    expect(history.epoch).toEqual([0]);
  });

  test('early stopping restores the best weights', async () => {
    using net = classifier();
    const stop = earlyStopping({
      monitor: 'loss',
      patience: 1,
      restoreBestWeights: true,
      minDelta: 10,
    });
    const after: unknown[] = [];
    const keep = async () => after.push(hashOf(await net.getWeights()));
    const { history, weights } = await trained(net, { epochs: 20, callbacks: [keep, stop] });
    expect(history.epoch).toEqual([0, 1]);
    expect(hashOf(weights)).toBe(after[0]);
  });

  test('frozen layers keep their weights; setWeights puts weights back', async () => {
    using net = classifier();
    await net.build();
    const before = await net.getWeights();
    net.getLayer('dense').trainable = false;
    const { weights } = await trained(net);
    expect(hashOf(weights.slice(0, 2))).toBe(hashOf(before.slice(0, 2)));
    expect(hashOf(weights.slice(2))).not.toBe(hashOf(before.slice(2)));
    await net.setWeights(before);
    expect(hashOf(await net.getWeights())).toBe(hashOf(before));
    expect(net.weightNames).toEqual([
      'dense/kernel',
      'dense/bias',
      'dense_1/kernel',
      'dense_1/bias',
    ]);
  });
});

function argMax(values: ArrayLike<number>): number {
  return Array.from(values).reduce((best, v, i, all) => (v > (all[best] as number) ? i : best), 0);
}

describe('functional model', () => {
  const inputs = { a: [5], b: [2] };
  const data = () => ({ a: blobs(40, 5, 3).x, b: blobs(40, 2, 3).x });

  test('several inputs and outputs, shared layers, sub-models, loss weights', async () => {
    const shared = dense(4, { activation: 'relu', name: 'shared' });
    const encoder = sequential([dense(4, { activation: 'tanh' })], {
      inputShape: [5],
      name: 'encoder',
    });
    const [left, right] = [dense(3, { name: 'left' }), dense(1, { name: 'right' })];
    using net = model({
      inputs,
      outputs: ({ a, b }) => {
        const h = encoder.call(a as Tensor);
        const joined = layers.concatenate()(shared(h), shared(h), b as Tensor);
        return { classes: left(joined), value: right(joined) };
      },
    });
    net.compile({
      optimizer: 'adam',
      loss: { classes: layersLoss, value: 'mse' },
      lossWeights: { classes: 0.5, value: 2 },
      metrics: { value: ['mae'] },
    });
    const y = { classes: blobs(40, 3, 2).x, value: { data: new Float32Array(40), shape: [40, 1] } };
    const { history } = await net.fit(data(), y, { epochs: 2, batchSize: 8 });
    expect(Object.keys(history)).toEqual(['loss', 'classes_loss', 'value_loss', 'value_mae']);
    const [total, c, v] = ['loss', 'classes_loss', 'value_loss'].map(
      (n) => history[n]?.[0] as number,
    ) as [number, number, number];
    expect(total).toBeCloseTo(0.5 * c + 2 * v, 4);
    const outputs = await net.predictAll(data());
    expect(outputs['classes']?.shape).toEqual([40, 3]);
    expect(outputs['value']?.shape).toEqual([40, 1]);
    expect(net.weightNames).toEqual([
      'encoder/dense/kernel',
      'encoder/dense/bias',
      'shared/kernel',
      'shared/bias',
      'left/kernel',
      'left/bias',
      'right/kernel',
      'right/bias',
    ]);
  });

  const layersLoss = (yTrue: Tensor, yPred: Tensor) => ops.square(ops.sub(yPred, yTrue));

  test('layers, losses and metrics of the user', async () => {
    const scale = layer('scale', {}, (scope, x: Tensor) =>
      ops.mul(x, scope.weight('factor', [x.shape.at(-1) as number], { initializer: 'ones' })),
    );
    using net = sequential([scale, (x) => ops.tanh(x), dense(1)], { inputShape: [5] });
    net.compile({
      optimizer: sgd({ learningRate: 0.1 }),
      loss: (yTrue, yPred) => ops.abs(ops.sub(yTrue, yPred)),
      metrics: [
        function largest(yTrue: Tensor, yPred: Tensor) {
          return ops.reduceMax(ops.abs(ops.sub(yTrue, yPred)), { axes: 1 });
        },
      ],
    });
    const { x } = blobs(32, 5, 3);
    const { history } = await net.fit(
      x,
      { data: new Float32Array(32).fill(1), shape: [32, 1] },
      { epochs: 3 },
    );
    expect(Object.keys(history)).toEqual(['loss', 'largest']);
    expect(history['loss']?.[2]).toBeLessThan(history['loss']?.[0] as number);
    expect(net.weightNames).toContain('scale/factor');
  });
});

describe('trainer', () => {
  test('an own loop over two models', async () => {
    const generator = sequential([dense(4, { activation: 'tanh' }), dense(2)], {
      inputShape: [2],
      name: 'generator',
    });
    const critic = sequential([dense(4, { activation: 'tanh' }), dense(1)], {
      inputShape: [2],
      name: 'critic',
    });
    using own = trainer(
      ({ noise, real }) => {
        const fake = critic.call(generator.call(noise as Tensor));
        const loss = ops.reduceMean(
          ops.add(ops.square(fake), ops.square(ops.sub(critic.call(real as Tensor), 1))),
        );
        return { loss, fake: ops.reduceMean(fake) };
      },
      adam({ learningRate: 0.02 }),
    );
    const logs = [];
    for (let i = 0; i < 40; i++)
      logs.push(await own.step({ noise: blobs(16, 2, 2, i).x, real: blobs(16, 2, 2, i + 1).x }));
    expect(Object.keys(logs[0] as object)).toEqual(['loss', 'fake']);
    expect(logs.at(-1)?.['loss']).toBeLessThan(logs[0]?.['loss'] as number);
  });
});
