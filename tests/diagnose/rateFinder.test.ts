import { describe, expect, test } from 'vitest';
import { digits } from '../../src/data/datasets.ts';
import { learningRateFinder, type RateSweep } from '../../src/diagnose/rateFinder.ts';
import { dense } from '../../src/nn/dense.ts';
import { flatten } from '../../src/nn/index.ts';
import { adam, sgd } from '../../src/optim/index.ts';
import type { Optimizer } from '../../src/optim/optimizer.ts';
import { rateChart, rateText } from '../../src/report/rates.ts';
import { sequential } from '../../src/train/model.ts';

const data = await digits(1200, { size: 16 });
const { x, y } = data;

function classifier(optimizer: Optimizer) {
  const layers = [
    flatten(),
    dense(64, { activation: 'relu' }),
    dense(10, { activation: 'softmax' }),
  ];
  const loss = 'sparseCategoricalCrossentropy';
  return sequential(layers, { seed: 1, threads: 1 }).compile({
    optimizer,
    loss,
    metrics: ['accuracy'],
  });
}

/** Accuracy behind six epochs at a constant rate. */
async function accuracyAt(optimizer: Optimizer): Promise<number> {
  using net = classifier(optimizer);
  const { history } = await net.fit(x, y, { epochs: 6 });
  return history['accuracy']?.at(-1) as number;
}

describe.each([
  ['plain descent', (learningRate = 0.01) => sgd({ learningRate })],
  ['momentum', (learningRate = 0.01) => sgd({ learningRate, momentum: 0.9 })],
  ['Adam', (learningRate = 0.001) => adam({ learningRate })],
])('%s', (_name, optimizer) => {
  test('the suggestion trains; far above and far below it training is worse', async () => {
    using net = classifier(optimizer());
    const sweep = await learningRateFinder(net, data);
    const { suggestion, minimum, rates, smoothed } = sweep;
    const lowest = rates[smoothed.indexOf(Math.min(...smoothed))] as number;
    expect(minimum).toBeLessThanOrEqual(lowest);
    expect(suggestion).toBeCloseTo(minimum / 10, 12);
    const found = await accuracyAt(optimizer(suggestion));
    expect(found).toBeGreaterThan(0.7);
    expect(found).toBeGreaterThan(await accuracyAt(optimizer(60 * suggestion)));
    expect(found).toBeGreaterThan(await accuracyAt(optimizer(suggestion / 100)));
  });
});

/** Orthogonal columns of which the k-th makes the curvature `curvatures[k]` of the mean squared error. */
async function quadratic(curvatures: readonly number[], smoothing?: number): Promise<RateSweep> {
  const signs = [1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1];
  const columns = curvatures.length;
  const rows = [0, 1, 2, 3].map((r) =>
    curvatures.map((curvature, k) => (signs[4 * r + k] as number) * Math.sqrt(curvature / 2)),
  );
  using net = sequential([dense(1, { useBias: false })], { inputShape: [columns], seed: 3 });
  net.compile({ optimizer: sgd({ learningRate: 1 }), loss: 'meanSquaredError' });
  const input = { data: Float64Array.from(rows.flat()), shape: [4, columns] };
  const target = { data: Float64Array.of(3, -2, 1, 5), shape: [4, 1] };
  const options = smoothing === undefined ? {} : { smoothing };
  return await learningRateFinder(net, { x: input, y: target }, { batchSize: 4, ...options });
}

/** Gradient descent on a quadratic is stable below 2/λ, λ being the largest curvature. */
test.each([
  [[8, 2, 0.5], undefined],
  [[1, 1, 1, 1], undefined],
  [[400, 1], undefined],
  [[30], undefined],
  [[8, 2], 0],
])('a quadratic with curvatures %j, smoothing %s', async (curvatures, smoothing) => {
  const { suggestion, minimum } = await quadratic(curvatures, smoothing);
  const stable = 2 / Math.max(...curvatures);
  expect(minimum).toBeGreaterThan(stable / 8);
  // What has shrunk to nothing must grow for some steps before it is seen.
  expect(minimum).toBeLessThan(5 * stable);
  expect(suggestion).toBeLessThan(stable / 2);
});

describe('in words and pictures', async () => {
  using net = classifier(sgd({ learningRate: 0.01, momentum: 0.9 }));
  const sweep = await learningRateFinder(net, data);
  const short = await learningRateFinder(net, data, { to: 0.05 });
  const none = await learningRateFinder(net, data, { from: 20, to: 100, steps: 20 });

  test('the text says the rate and why', () => {
    expect(String(sweep)).toMatch(
      /^learning rate [\d.]+: a tenth of [\d.]+, where the loss was lowest \([\d.]+, from 2\.\d+\); from there on it grows/,
    );
    expect(String(short)).toMatch(/it was lowest at the end: try rates above 0\.05 too$/);
    expect(none.suggestion).toBeNaN();
    expect(String(none)).toMatch(/^no learning rate from 20 to [\d.]+ lowers the loss/);
  });

  test('the terminal shows where it lies', () => {
    const [loss = '', marks = '', rate] = rateText(sweep).split('\n');
    expect(loss).toMatch(/^loss {2}[▁▂▃▄▅▆▇█·]{60}$/);
    const at = marks.indexOf('^') - 6;
    const step = sweep.rates.findIndex((r) => r >= sweep.suggestion);
    expect(at).toBe(Math.floor((step * 60) / sweep.rates.length));
    expect(marks.indexOf('m')).toBeGreaterThan(marks.indexOf('^'));
    expect(rate).toMatch(/^rate {2}1e-6 +[\d.]+$/);
    expect(rateText(none)).toContain(String(none));
  });

  test('the picture has both rates and its own style', () => {
    const svg = rateChart(sweep);
    expect(svg).toMatch(/^<svg [^>]*xmlns[^>]*><style>.*<\/style>.*<\/svg>$/s);
    expect(svg).toMatch(/>lowest at [\d.]+</);
    expect(svg).toMatch(/>suggested [\d.]+</);
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(rateChart(none)).not.toMatch(/NaN|suggested/);
  });
});

test('updates that add up several batches have the rate of their step', async () => {
  using net = sequential([dense(1, { useBias: false })], { inputShape: [1] });
  const optimizer = sgd({ learningRate: 1 });
  net.compile({ optimizer, loss: 'meanSquaredError', gradientAccumulationSteps: 2 });
  const one = { data: Float64Array.of(1, 1), shape: [2, 1] };
  const { rates, losses } = await learningRateFinder(
    net,
    { x: one, y: { data: Float64Array.of(9, 9), shape: [2, 1] } },
    { batchSize: 1, from: 0.001, to: 0.1, steps: 20 },
  );
  let error = Math.sqrt(losses[0] as number);
  for (let i = 1; i < losses.length; i++) {
    if (i % 2 === 0) error *= 1 - 2 * (rates[i - 1] as number);
    expect(Math.sqrt(losses[i] as number)).toBeCloseTo(error, 3);
  }
});
