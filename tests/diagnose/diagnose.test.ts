import { describe, expect, test } from 'vitest';
import { recommendBatchSize, stepsPerEpoch } from '../../src/diagnose/batchSize.ts';
import { diagnose, type ErrorRates, type Verdict } from '../../src/diagnose/diagnose.ts';
import { dense } from '../../src/nn/dense.ts';
import { createEngine } from '../../src/runtime/create.ts';
import { OptionError } from '../../src/runtime/errors.ts';
import type { History } from '../../src/train/history.ts';
import { coreOf, sequential } from '../../src/train/model.ts';
import { stepBytes } from '../../src/train/profile.ts';

const [BIAS, VARIANCE] = ['high bias', 'high variance'] as const;
const NEITHER = 'low bias and low variance';

test.each<[train: number, dev: number, bayes: number, Verdict]>([
  [1, 11, 0, VARIANCE],
  [15, 16, 0, BIAS],
  [15, 30, 0, `${BIAS} and ${VARIANCE}`],
  [0.5, 1, 0, NEITHER],
  [15, 16, 15, NEITHER],
  [2, 4, 0, NEITHER],
  [2.1, 4.1, 0, BIAS],
  [0, 100, 0, VARIANCE],
  [3, 1, 4, NEITHER],
])('errors of %f and %f percent, best possible %f: %s', (train, dev, bayes, verdict) => {
  const percent = { trainError: train, devError: dev, bayesError: bayes };
  const found = diagnose({ ...percent, unit: 'percent' });
  expect(found).toMatchObject({ verdict, mismatch: false, unit: 'percent' });
  expect([found.avoidableBias, found.variance]).toEqual([train - bayes, dev - train]);
  expect(String(found)).toContain(verdict);
  const fractions = { trainError: train / 100, devError: dev / 100, bayesError: bayes / 100 };
  const same = diagnose({ ...fractions, unit: 'fraction' });
  expect(same.verdict).toBe(verdict);
  expect(same.variance).toBeCloseTo((dev - train) / 100, 12);
});

test.each<[ErrorRates, 'fraction' | 'percent']>([
  [{ trainError: 0.01, devError: 0.11 }, 'fraction'],
  [{ trainError: 0.5, devError: 1 }, 'percent'],
  [{ trainError: 1, devError: 11 }, 'percent'],
])('the unit of %o is %s', (rates, unit) => {
  expect(diagnose(rates).unit).toBe(unit);
});

test.each<[ErrorRates, number, number, 'fraction' | 'percent']>([
  [{ trainError: '0.5%', devError: '0.9%' }, 0.5, 0.4, 'percent'],
  [{ trainError: '15 %', devError: '30%', bayesError: 0 }, 15, 15, 'percent'],
  [{ trainError: 0.5, devError: 0.9, unit: 'percent' }, 0.5, 0.4, 'percent'],
  [{ trainError: 0.5, devError: 0.9, unit: 'fraction' }, 0.5, 0.4, 'fraction'],
  [{ trainError: '1%', devError: 0.11, unit: 'fraction' }, 0.01, 0.1, 'fraction'],
])('%o: bias %d, variance %d, %s', (rates, bias, variance, unit) => {
  const found = diagnose(rates);
  expect(found.unit).toBe(unit);
  expect(found.avoidableBias).toBeCloseTo(bias, 12);
  expect(found.variance).toBeCloseTo(variance, 12);
});

test('advice for the larger gap comes first, with its numbers', () => {
  const first = (trainError: number, devError: number, testError?: number) =>
    diagnose({ trainError, devError, testError }).advice[0];
  expect(first(15, 16)).toMatchObject({ action: expect.stringMatching(/bigger network/) });
  expect(first(15, 16)?.because).toMatch(/15 %.*0 %.*15 %/);
  expect(first(1, 11)).toMatchObject({ action: expect.stringMatching(/more training data/) });
  expect(first(10, 30)?.action).toMatch(/more training data/);
  expect(first(20, 30)?.action).toMatch(/bigger network/);
  expect(first(1, 1, 9)?.because).toMatch(/8 % worse/);
});

test.each([
  [11, false],
  [12.9, false],
  [13.1, true],
])(
  'a test error of %f percent after 11 on the development set: mismatch %s',
  (testError, mismatch) => {
    const found = diagnose({ trainError: 1, devError: 11, testError });
    expect(found).toMatchObject({ verdict: VARIANCE, mismatch });
    expect(found.testGap).toBeCloseTo(testError - 11, 12);
  },
);

test.each<[object, RegExp]>([
  [{ trainError: -1, devError: 1 }, /trainError -1/],
  [{ trainError: 1, devError: 101 }, /devError 101/],
  [{ trainError: Number.NaN, devError: 1 }, /trainError NaN/],
  [{ trainError: 1 }, /devError undefined/],
  [{ trainError: 1, devError: 2, unit: 'fraction' }, /devError 2/],
  [{ trainError: 1, devError: 2, testError: '3' }, /testError 3/],
  [{ trainError: 0.5, devError: 0.9 }, /is that 0\.5 and 0\.9 % or 50 and 90 %\? Write 0\.5%, or/],
  [{ trainError: 0.01, devError: 0.3 }, /is that 0\.01 and 0\.3 % or 1 and 30 %/],
  [{ trainError: '1%', devError: 11 }, /trainError 1%, devError 11: write % behind all of them/],
  [{ trainError: '1%', devError: 'x%' }, /devError x%/],
  [{ trainError: 1, devError: 2, unit: 'permille' }, /unit is "permille"/],
  [{ history: { loss: [1] }, epoch: [0] }, /history has loss/],
])('%o is no set of errors', (rates, message) => {
  expect(() => diagnose(rates as ErrorRates)).toThrow(OptionError);
  expect(() => diagnose(rates as ErrorRates)).toThrow(message);
});

const historyOf = (history: History['history']): History => ({
  epoch: [],
  history,
  batchLoss: [],
  seconds: 1,
  examples: 1,
});

test('a history: its last errors, whether the loss still falls, whether it was overfitted', () => {
  const falling = historyOf({
    loss: [1, 0.8, 0.7, 0.6, 0.5],
    accuracy: [0.5, 0.6, 0.7, 0.75, 0.8],
    val_loss: [1, 0.8, 0.7, 0.6, 0.5],
    val_accuracy: [0.5, 0.6, 0.7, 0.75, 0.79],
  });
  const early = diagnose(falling);
  expect(early.verdict).toBe(BIAS);
  expect(early.advice[0]?.action).toMatch(/train longer/);
  expect(diagnose(falling, { bayesError: 0.2 }).verdict).toBe(NEITHER);
  const overfitted = diagnose(
    historyOf({
      loss: [1, 0.5, 0.1, 0.1, 0.1],
      accuracy: [0.5, 0.9, 1, 1, 1],
      val_loss: [1, 0.5, 0.6, 0.7, 0.8],
      val_accuracy: [0.5, 0.8, 0.8, 0.8, 0.8],
    }),
  );
  expect(overfitted.verdict).toBe(VARIANCE);
  expect(overfitted.advice.map((a) => a.because).join()).toMatch(/best 3 of 5 epochs before/);
});

test.each([
  [1, 1, 1],
  [2000, 2000, 1],
  [2001, 64, 32],
  [60_000, 64, 938],
  [300_000, 512, 586],
  [5_000_000, 1024, 4883],
])('%i examples: batches of %i, %i steps an epoch', (m, batchSize, steps) => {
  expect(recommendBatchSize(m)).toMatchObject({ batchSize, stepsPerEpoch: steps });
});

describe('batches for a model', () => {
  const net = sequential([dense(64, { activation: 'relu' }), dense(1)], { inputShape: [256] });
  net.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
  /** Leaves the engine so many bytes. */
  async function leaving(bytes: number) {
    using engine = await createEngine({ kind: 'inline' });
    using own = sequential([dense(64, { activation: 'relu' }), dense(1)], {
      inputShape: [256],
      engine,
    });
    own.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const memory = engine.memory.bind(engine);
    engine.memory = () => ({ ...memory(), limit: memory().used + bytes });
    return await recommendBatchSize(1_000_000, own);
  }

  test('with room, as without a model, and the bytes are those of a step', async () => {
    const found = await recommendBatchSize(1_000_000, net);
    expect(found).toMatchObject(recommendBatchSize(1_000_000));
    await net.program(found.batchSize);
    const { variables, training } = net.memory();
    expect(found.bytes).toBeGreaterThan(variables + training + 4 * 1024 * (256 + 64));
  });

  test('with little room the size is halved', async () => {
    const { batchSize, kind, stepsPerEpoch: steps } = await leaving(300_000);
    expect(kind).toBe('mini-batch');
    expect(await stepBytes(coreOf(net), batchSize)).toBeLessThanOrEqual(300_000);
    expect(await stepBytes(coreOf(net), 2 * batchSize)).toBeGreaterThan(300_000);
    expect(steps).toBe(Math.ceil(1_000_000 / batchSize));
    await expect(leaving(100)).rejects.toThrow(/needs .* MB for one example, 0\.0 MB are left/);
  });
});

test('five million examples in batches of a thousand are five thousand steps', () => {
  expect(stepsPerEpoch(5_000_000, 1000)).toBe(5000);
  expect(stepsPerEpoch(1001, 1000)).toBe(2);
  expect(() => recommendBatchSize(0)).toThrow(OptionError);
  expect(() => stepsPerEpoch(10, 2.5)).toThrow(OptionError);
});
