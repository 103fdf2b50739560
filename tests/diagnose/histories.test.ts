import { describe, expect, test } from 'vitest';
import { digits } from '../../src/data/datasets.ts';
import { Random } from '../../src/data/random.ts';
import { takeExamples } from '../../src/data/split.ts';
import { diagnose } from '../../src/diagnose/diagnose.ts';
import { diagnose as diagnoseAny } from '../../src/diagnose/index.ts';
import { augmentation, dense, dropout, flatten } from '../../src/nn/index.ts';
import { l2 } from '../../src/nn/regularizer.ts';
import { adam, sgd } from '../../src/optim/index.ts';
import { earlyStopping } from '../../src/train/callbacks.ts';
import type { FitOptions } from '../../src/train/fit.ts';
import { type SequentialLayer, sequential } from '../../src/train/model.ts';

const all = await digits(900, { size: 12 });
const part = (from: number, to: number) =>
  takeExamples(
    all,
    Int32Array.from({ length: to - from }, (_, i) => from + i),
  );
const [train, dev, held] = [part(0, 500), part(500, 700), part(700, 900)];

async function trained(hidden: SequentialLayer[], options: FitOptions = {}, regularizer = false) {
  const layers = [flatten(), ...hidden, dense(10, { activation: 'softmax' })];
  const net = sequential(layers, { seed: 2, threads: 1 }).compile({
    optimizer: adam({ learningRate: 0.005 }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
    ...(regularizer ? { regularizer: l2(0.1) } : {}),
  });
  const validationData = [dev.x, dev.y] as const;
  const history = await net.fit(train.x, train.y, { epochs: 15, validationData, ...options });
  const accuracy = async ({ x, y }: typeof train) =>
    (await net.evaluate(x, y))['accuracy'] as number;
  return { net, history, accuracy };
}

const relu = (units = 64) => dense(units, { activation: 'relu' });

describe.each<[string, () => SequentialLayer[], FitOptions, string[]]>([
  ['dropout', () => [relu(), dropout(0.7)], {}, ['dropout']],
  [
    'mixup',
    () => [relu()],
    { mixup: 0.5, callbacks: [earlyStopping({ patience: 30 })] },
    ['mixup', 'early stopping'],
  ],
])('a history with %s', (_name, hidden, options, used) => {
  test('has the errors that evaluate finds, not those of the noise', async () => {
    const { net, history, accuracy } = await trained(hidden(), options);
    const [right, rightDev] = [await accuracy(train), await accuracy(dev)];
    const noisy = history.history['accuracy']?.at(-1) as number;
    expect(right - noisy).toBeGreaterThan(0.05);
    const found = diagnose(history);
    expect(found.avoidableBias).toBeCloseTo(1 - right, 5);
    expect(found.variance).toBeCloseTo(right - rightDev, 5);
    expect(history.final).toMatchObject({ metric: 'accuracy', used, images: true });
    expect(history.noise).toBeDefined();
    const measured = await diagnoseAny(net, { train, dev, test: held });
    expect(measured).toMatchObject({ verdict: found.verdict, unit: 'fraction' });
    expect(measured.variance).toBeCloseTo(found.variance, 5);
    expect(measured.testGap).toBeCloseTo(rightDev - (await accuracy(held)), 5);
    net.dispose();
  });
});

test('behind restored weights the figures are those of the weights that stay', async () => {
  const stop = earlyStopping({ monitor: 'val_loss', patience: 2, restoreBestWeights: true });
  const { net, history, accuracy } = await trained([relu()], { epochs: 60, callbacks: [stop] });
  expect(history.final?.train).toBeCloseTo(await accuracy(train), 5);
  expect(history.final?.dev).toBeCloseTo(await accuracy(dev), 5);
  net.dispose();
});

const actions = (advice: readonly { action: string }[]) => advice.map((a) => a.action).join('; ');

test('what was used is not advised', async () => {
  const shift = augmentation({ translation: 0.02 });
  const callbacks = [earlyStopping({ patience: 50 })];
  const layers = [relu(256), dropout(0.1)];
  const net = sequential([shift, flatten(), ...layers, dense(10, { activation: 'softmax' })], {
    threads: 1,
  });
  net.compile({
    optimizer: adam(),
    loss: 'sparseCategoricalCrossentropy',
    regularizer: l2(1e-4),
  });
  const few = part(0, 60);
  const validationData = [dev.x, dev.y] as const;
  const history = await net.fit(few.x, few.y, { epochs: 40, validationData, callbacks });
  expect(history.final?.used).toEqual(['dropout', 'L2', 'augmentation', 'early stopping']);
  const { verdict, advice } = diagnose(history);
  expect(verdict).toContain('high variance');
  expect(actions(advice)).not.toMatch(/dropout|L2|augmentation|stop early/);
  expect(actions(advice)).toMatch(/more training data; stronger regularisation than there is/);
  net.dispose();
  const plain = await trained([relu()], { epochs: 30 });
  expect(actions(diagnose(plain.history).advice)).toMatch(/augmentation.*: L2, dropout/);
  plain.net.dispose();
});

describe('a regression', () => {
  /** y = 2a − b + noise, of which `noise` is the standard deviation; 30 features that mean nothing. */
  function made(n: number, seed: number, noise: number) {
    const random = new Random(seed);
    const x = Float64Array.from({ length: n * 32 }, () => random.normal());
    const y = Float64Array.from(
      { length: n },
      (_, i) => 2 * (x[32 * i] as number) - (x[32 * i + 1] as number) + noise * random.normal(),
    );
    return { x: { data: x, shape: [n, 32] }, y: { data: y, shape: [n, 1] } };
  }

  /** 1 − R² by hand. */
  async function unexplained(
    net: Awaited<ReturnType<typeof fitted>>['net'],
    set: ReturnType<typeof made>,
  ) {
    const { data } = await net.predict(set.x);
    const { data: y } = set.y;
    const mean = y.reduce((s, v) => s + v, 0) / y.length;
    const left = y.reduce((s, v, i) => s + (v - (data[i] as number)) ** 2, 0);
    return left / y.reduce((s, v) => s + (v - mean) ** 2, 0);
  }

  async function fitted(n: number, noise: number) {
    const [fit, test] = [made(n, 1, noise), made(400, 2, noise)];
    const net = sequential([dense(1)], { inputShape: [32], threads: 1 });
    net.compile({ optimizer: sgd({ learningRate: 0.02 }), loss: 'meanSquaredError' });
    const validationData = [test.x, test.y] as const;
    const history = await net.fit(fit.x, fit.y, { epochs: 150, batchSize: 16, validationData });
    return { net, history, fit, test };
  }

  test('few examples: variance; the errors are shares of the variance of the targets', async () => {
    const { net, history, fit, test: other } = await fitted(45, 1);
    const found = diagnose(history);
    const [left, leftDev] = [await unexplained(net, fit), await unexplained(net, other)];
    expect(found.avoidableBias).toBeCloseTo(left, 4);
    expect(found.variance).toBeCloseTo(leftDev - left, 4);
    expect(found.verdict).toContain('high variance');
    expect(String(found)).toMatch(/unexplained variance of the targets/);
    expect(actions(found.advice)).not.toMatch(/augmentation/);
    const measured = await diagnoseAny(net, { train: fit, dev: other });
    expect(measured.avoidableBias).toBeCloseTo(left, 4);
    net.dispose();
  });

  test('many: neither, against what nobody can explain', async () => {
    const { net, history } = await fitted(1500, 1);
    // Var(2a − b + noise) = 6, of which the noise is 1.
    expect(diagnose(history, { bayesError: 1 / 6 }).verdict).toBe('low bias and low variance');
    expect(diagnose(history, { bayesError: '16.7%' }).verdict).toBe('low bias and low variance');
    expect(diagnose(history).verdict).toBe('high bias');
    net.dispose();
  });
});

describe('what cannot be told', () => {
  test('a stream whose figures noise has spoiled', async () => {
    const net = sequential([flatten(), dropout(0.5), dense(10, { activation: 'softmax' })], {
      threads: 1,
    });
    const loss = 'sparseCategoricalCrossentropy';
    net.compile({ optimizer: 'sgd', loss, metrics: ['accuracy'] });
    const stream = () => [{ x: train.x, y: train.y }];
    const history = await net.fit(stream, { validationData: [dev.x, dev.y] });
    expect(() => diagnose(history)).toThrow(
      'layer "dropout" acted while the history\'s training figures were measured: give the model',
    );
    await expect(diagnoseAny(net)).rejects.toThrow('give { train, dev }');
    expect((await diagnoseAny(net, { train, dev })).advice.length).toBeGreaterThan(0);
    net.dispose();
  });

  test('no validation', async () => {
    const net = sequential([flatten(), dense(10, { activation: 'softmax' })], { threads: 1 });
    net.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
    const history = await net.fit(train.x, train.y);
    expect(history).not.toHaveProperty('final');
    await expect(diagnoseAny(history)).rejects.toThrow(
      'expected an accuracy or r2 with validation',
    );
    net.dispose();
  });
});
