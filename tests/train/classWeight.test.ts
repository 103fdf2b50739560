import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dense } from '../../src/nn/index.ts';
import { sgd } from '../../src/optim/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { OptionError } from '../../src/runtime/errors.ts';
import { sequential } from '../../src/train/model.ts';
import { blobs } from '../support/data.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'simd' });
});
afterAll(() => engine.dispose());

const { x, y } = blobs(60, 5, 3);
const WEIGHTS = { 0: 3, 2: 0.25 };
const oneHot = Array.from(y, (label) => [0, 1, 2].map((c) => Number(c === label)));
const yes = Array.from(y, (label) => Number(label === 0));
const column = yes.map((v) => [v]);

/** Untrained, as the rate is 0. */
function classifier(units: number, activation: string, loss: string) {
  const net = sequential([dense(units, { activation })], { engine, seed: 4 });
  return net.compile({ optimizer: sgd({ learningRate: 0 }), loss });
}

type Targets = Int32Array | number[][] | number[];
const FORMS: [string, number, string, string, Targets, (i: number) => number][] = [
  ['labels', 3, 'softmax', 'sparseCategoricalCrossentropy', y, (i) => y[i] as number],
  ['one-hot', 3, 'softmax', 'categoricalCrossentropy', oneHot, (i) => y[i] as number],
  ['one-hot of sigmoids', 3, 'sigmoid', 'binaryCrossentropy', oneHot, (i) => y[i] as number],
  ['0 and 1', 1, 'sigmoid', 'binaryCrossentropy', yes, (i) => yes[i] as number],
  ['a column of 0 and 1', 1, 'sigmoid', 'binaryCrossentropy', column, (i) => yes[i] as number],
];

describe.each(FORMS)('class weights of %s', (_, units, activation, loss, targets, classOf) => {
  const weights: Record<number, number> = units === 1 ? { 1: 4 } : WEIGHTS;
  const perExample = Float64Array.from(x.data.slice(0, 60), (_v, i) => weights[classOf(i)] ?? 1);

  test('are those of the examples of that class', async () => {
    using net = classifier(units, activation, loss);
    const plain = await net.fit(x, targets, { sampleWeight: perExample });
    const given = await net.fit(x, targets, { classWeight: weights });
    expect(given.history['loss']?.[0]).toBeCloseTo(plain.history['loss']?.[0] as number, 6);
    const unweighted = await net.evaluate(x, targets);
    expect(given.history['loss']?.[0]).not.toBeCloseTo(unweighted['loss'] as number, 2);
  });

  test('never enter val_loss, whoever made the set', async () => {
    using net = classifier(units, activation, loss);
    const split = await net.fit(x, targets, { classWeight: weights, validationSplit: 0.5 });
    const held = { data: x.data.slice(30 * 5), shape: [30, 5] };
    const rest = targets.slice(30);
    const own = await net.fit(x, targets, {
      classWeight: weights,
      validationData: [held, rest as typeof targets],
    });
    const { loss: want } = await net.evaluate(held, rest as typeof targets);
    expect(split.history['val_loss']?.[0]).toBeCloseTo(want as number, 6);
    expect(own.history['val_loss']?.[0]).toBeCloseTo(want as number, 6);
  });
});

test('sample weights are held back with their examples, as in Keras', async () => {
  using net = classifier(3, 'softmax', 'sparseCategoricalCrossentropy');
  const sampleWeight = Float64Array.from(y, (_, i) => 1 + (i % 3));
  const { history } = await net.fit(x, y, {
    sampleWeight,
    classWeight: WEIGHTS,
    validationSplit: 0.5,
  });
  const held = { data: x.data.slice(30 * 5), shape: [30, 5] };
  const own = { sampleWeight: sampleWeight.slice(30) };
  const { loss } = await net.evaluate(held, y.slice(30), own);
  expect(history['val_loss']?.[0]).toBeCloseTo(loss as number, 6);
});

test.each([
  [{ 3: 2 }, 'classWeight: class "3", expected 0 to 2'],
  [{ cat: 2 }, 'classWeight: class "cat", expected 0 to 2'],
  [{ 1: -1 }, 'classWeight of class 1'],
  [{ 1: 'two' }, 'classWeight of class 1'],
  [[1, 2, 3], 'classWeight is'],
  [new Map([[0, 100]]), 'classWeight is an object, expected { class: weight }'],
])('class weights %o are refused', async (classWeight, words) => {
  using net = classifier(3, 'softmax', 'sparseCategoricalCrossentropy');
  const given = { classWeight: classWeight as Record<number, number> };
  const error = await net.fit(x, y, given).catch((e) => e);
  expect(error).toBeInstanceOf(OptionError);
  expect(error.message).toContain(words);
});

test('targets without a class are refused', async () => {
  using several = classifier(3, 'sigmoid', 'binaryCrossentropy');
  const two = oneHot.map((row, i) => (i === 4 ? [1, 0, 1] : row));
  await expect(several.fit(x, two, { classWeight: WEIGHTS })).rejects.toThrow(
    'target 4 adds up to 2, expected one class',
  );
  using line = classifier(1, 'linear', 'mse');
  const numbers = yes.map((v) => 7 * v);
  await expect(line.fit(x, numbers, { classWeight: { 1: 2 } })).rejects.toThrow(
    'is no class, expected 0 or 1',
  );
});
