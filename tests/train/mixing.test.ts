import { describe, expect, test } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as layers from '../../src/nn/index.ts';
import { tensor } from '../../src/ops/leaf.ts';
import { cast } from '../../src/ops/select.ts';
import { Mixed } from '../../src/train/mixed.ts';
import type { MixingOptions } from '../../src/train/mixing.ts';
import { sequential } from '../../src/train/model.ts';
import { blobs, hashOf } from '../support/data.ts';

const B = 200;
/** Image b is b everywhere, its label b, so that what was mixed can be read from the result. */
const images = Array.from({ length: B * 64 }, (_, k) => Math.floor(k / 64));

async function mixed(options: MixingOptions, seed = 1) {
  const body = () => {
    const x = tensor(images, [B, 8, 8]);
    const batch = new Mixed({ input: x }, options);
    const labels = tensor(Int32Array.from({ length: B }, (_, b) => b));
    const targets = batch.loss(labels, undefined, (t, _, scaled) => scaled(cast(t, 'real')));
    return [batch.inputs['input'] as Tensor, targets, cast(batch.larger(labels), 'real')];
  };
  const [x, targets, larger] = await evaluate(body, { seed });
  return {
    x: Array.from(x!.data),
    targets: Array.from(targets!.data),
    larger: Array.from(larger!.data),
  };
}

describe('mixing', () => {
  test.each<[string, MixingOptions]>([
    ['mixup', { mixup: 0.4 }],
    ['cutmix', { cutmix: 1 }],
    ['both', { mixup: 0.4, cutmix: 1 }],
  ])('%s: targets go with what is seen', async (_, options) => {
    const { x, targets, larger } = await mixed(options);
    for (let b = 0; b < B; b++) {
      const seen = x.slice(b * 64, b * 64 + 64).reduce((s, v) => s + v, 0) / 64;
      expect(seen).toBeCloseTo(targets[b] as number, 2);
      const own = Math.abs(seen - b);
      expect(
        own === 0 || larger[b] === b || own >= Math.abs(seen - (larger[b] as number)) - 0.01,
      ).toBe(true);
    }
    expect(targets.filter((t, b) => Math.abs(t - b) > 0.5).length).toBeGreaterThan(B / 4);
    expect((await mixed(options, 2)).targets).not.toEqual(targets);
    expect((await mixed(options)).targets).toEqual(targets);
  });

  test('cutmix shows boxes', async () => {
    const { x } = await mixed({ cutmix: 1 });
    const kinds = Array.from({ length: B }, (_, b) => new Set(x.slice(b * 64, b * 64 + 64)).size);
    expect(Math.max(...kinds)).toBe(2);
  });
});

function classifier(threads = 1) {
  const net = sequential(
    [layers.dense(16, { activation: 'relu' }), layers.dense(3, { activation: 'softmax' })],
    {
      inputShape: [5],
      seed: 3,
      threads,
    },
  );
  return net.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
}

const weights = async (threads: number, options: object) => {
  using net = classifier(threads);
  const { x, y } = blobs(150, 5, 3);
  const { history } = await net.fit(x, y, { epochs: 3, batchSize: 16, ...options });
  return { hash: hashOf(await net.getWeights()), history };
};

test('fit with mixup: same bits on any number of threads, other than without, soft targets the same', async () => {
  const one = await weights(1, { mixup: 0.2 });
  expect((await weights(3, { mixup: 0.2 })).hash).toBe(one.hash);
  expect((await weights(1, {})).hash).not.toBe(one.hash);
  expect((await weights(1, { mixup: 0, cutmix: 0 })).hash).toBe((await weights(1, {})).hash);
  expect(one.history['loss']?.at(-1)).toBeLessThan(one.history['loss']?.[0] as number);
});

test('labels and one-hot targets give the same loss', async () => {
  const { x, y } = blobs(64, 5, 3);
  const hot = {
    data: Float32Array.from({ length: 64 * 3 }, (_, k) => Number(y[Math.floor(k / 3)] === k % 3)),
    shape: [64, 3],
  };
  using sparse = classifier();
  using dense = classifier();
  dense.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] });
  const options = {
    epochs: 3,
    batchSize: 16,
    mixup: 1,
    sampleWeight: Float32Array.from(y, (v) => 1 + v),
  };
  const [a, b] = [await sparse.fit(x, y, options), await dense.fit(x, hot, options)];
  a.batchLoss.forEach((v, i) => {
    expect(v).toBeCloseTo(b.batchLoss[i] as number, 4);
  });
  expect(a.history['accuracy']?.[0]).toBeCloseTo(b.history['accuracy']?.[0] as number, 5);
});

test.each<[object, RegExp]>([
  [{ mixup: -1 }, /mixup is -1, expected a number ≥ 0/],
  [{ cutmix: Number.NaN }, /cutmix is NaN/],
  [{ cutmix: 1 }, /cutmix: input "input" \[16,5\], expected one input of images/],
])('refuses %o', async (options, message) => {
  await expect(weights(1, options)).rejects.toThrow(message);
});
