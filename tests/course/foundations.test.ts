import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hdf5Reader, readCats } from '../../examples/support/cats.ts';
import {
  createEngine,
  datasets,
  dense,
  type Engine,
  flatten,
  type Model,
  type SequentialLayer,
  sequential,
  sgd,
} from '../../src/index.ts';
import { spread } from '../cases/case.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ build: 'f64', threads: 1 });
});
afterAll(() => engine.dispose());

type Matrix = readonly (readonly number[])[];

function matrix(rows: number, columns: number, seed: number): Matrix {
  const { data } = spread([rows, columns], seed);
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => data[i * columns + j] as number),
  );
}

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function network(layers: readonly SequentialLayer[], inputs: number): Model {
  return sequential(layers, { inputShape: [inputs], seed: 4, engine });
}

/** Wᵀx + b of each example by explicit loops; W [in, out] as layers keep it. */
function affine(x: Matrix, w: Matrix, b: readonly number[]): Matrix {
  return x.map((row) =>
    b.map((bias, j) => row.reduce((sum, v, i) => sum + v * (w[i]?.[j] as number), bias)),
  );
}

async function weightsOf(net: Model): Promise<{ w: Matrix; b: readonly number[] }[]> {
  const all = await net.getWeights();
  return all.flatMap(({ data, shape: [rows = 0, columns = 0] }, k) =>
    k % 2 === 1
      ? []
      : [
          {
            w: Array.from({ length: rows }, (_, i) => [
              ...data.slice(i * columns, (i + 1) * columns),
            ]),
            b: [...(all[k + 1]?.data ?? [])],
          },
        ],
  );
}

function expectClose(found: ArrayLike<number>, expected: readonly number[], digits = 10): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(found[i]).toBeCloseTo(value, digits);
  });
}

describe('A2: logistic regression', () => {
  const [m, n, rate] = [40, 7, 0.3];
  const x = matrix(m, n, 1);
  const y = x.map((row, i) => [Number(mean(row) + 0.1 * (i % 3) > 0.1)]);

  test('steps of gradient descent are those of loops: dz = a − y, dw = 1/m·X·dzᵀ, db = 1/m·Σdz', async () => {
    using net = network([dense(1, { activation: 'sigmoid', kernelInitializer: 'zeros' })], n);
    net.compile({ optimizer: sgd({ learningRate: rate }), loss: 'binaryCrossentropy' });
    const { batchLoss } = await net.fit(x, y, { epochs: 25, batchSize: m, shuffle: false });
    const w = x[0]?.map(() => 0) as number[];
    let b = 0;
    const costs = [];
    for (let step = 0; step < 25; step++) {
      const a = x.map((row) => sigmoid(row.reduce((z, v, j) => z + v * (w[j] as number), b)));
      const t = y.map(([label]) => label as number);
      costs.push(mean(a.map((p, i) => -(t[i] ? Math.log(p) : Math.log(1 - p)))));
      const dz = a.map((p, i) => p - (t[i] as number));
      w.forEach((_, j) => {
        (w[j] as number) -= rate * mean(dz.map((d, i) => d * (x[i]?.[j] as number)));
      });
      b -= rate * mean(dz);
    }
    expectClose(batchLoss, costs);
    const [found] = await weightsOf(net);
    expectClose(found?.w.flat() as number[], w);
    expectClose(found?.b as number[], [b]);
  });

  const folder = fileURLToPath(new URL('../../../shared/data/catvnoncat/', import.meta.url));
  test('cats: the costs of the course, 99 % on training and 70 % on test', async ({ skip }) => {
    const reader = await hdf5Reader();
    if (!reader || !existsSync(folder)) return skip('needs jsfive and ../shared/data/catvnoncat');
    const { train, test: held } = await readCats(folder, reader);
    expect([train.x.shape, held.x.shape]).toEqual([
      [209, 64, 64, 3],
      [50, 64, 64, 3],
    ]);
    using net = sequential([
      flatten(),
      dense(1, { activation: 'sigmoid', kernelInitializer: 'zeros' }),
    ]);
    net.compile({
      optimizer: sgd({ learningRate: 0.005 }),
      loss: 'binaryCrossentropy',
      metrics: ['accuracy'],
    });
    const { batchLoss } = await net.fit(train.x, train.y, { epochs: 2000, batchSize: 209 });
    const printed = [0, 100, 200, 300, 1900].map((step) => batchLoss[step]);
    expectClose(printed as number[], [Math.LN2, 0.584508, 0.466949, 0.376007, 0.140872], 5);
    const accuracies = [await net.evaluate(train.x, train.y), await net.evaluate(held.x, held.y)];
    expect(accuracies.map(({ accuracy = 0 }) => Math.round(100 * accuracy))).toEqual([99, 70]);
  });
});

describe('A4, A5: deep networks', () => {
  const x = matrix(9, 5, 2);

  test.each<[string, (z: number) => number]>([
    ['sigmoid', sigmoid],
    ['tanh', Math.tanh],
    ['relu', (z) => Math.max(z, 0)],
    ['linear', (z) => z],
  ])('a[l] = %s(W[l]·a[l−1] + b[l]), layer by layer', async (activation, g) => {
    const layer = (units: number) =>
      dense(units, { activation, biasInitializer: { name: 'randomNormal', std: 0.3 } });
    using net = network([layer(6), layer(4), layer(3)], 5);
    const { data } = await net.predict(x);
    const parts = await weightsOf(net);
    expect(parts.map(({ w }) => [w.length, w[0]?.length])).toEqual([
      [5, 6],
      [6, 4],
      [4, 3],
    ]);
    const a = parts.reduce(
      (before: Matrix, { w, b }) => affine(before, w, b).map((row) => row.map(g)),
      x,
    );
    expectClose(data, a.flat());
  });

  test("linear layers are one: W' = W₁W₂, b' = b₁W₂ + b₂", async () => {
    const layer = (units: number) => dense(units, { biasInitializer: 'randomNormal' });
    using deep = network([layer(8), layer(3)], 5);
    using one = network([dense(3)], 5);
    await Promise.all([deep.build(), one.build()]);
    const [first, second] = await weightsOf(deep);
    const { w, b } = second as { w: Matrix; b: readonly number[] };
    const none = b.map(() => 0);
    await one.setWeights([
      affine(first?.w as Matrix, w, none).flat(),
      (affine([first?.b as number[]], w, b) as [number[]])[0],
    ]);
    expectClose((await one.predict(x)).data, [...(await deep.predict(x)).data]);
  });

  test('leaky relu is 0.01·z below 0', async () => {
    using net = network([dense(1, { activation: 'leakyRelu', kernelInitializer: 'ones' })], 1);
    expectClose((await net.predict([[-3], [0], [2]])).data, [-0.03, 0, 2]);
  });
});

describe('A7: regression', () => {
  test('a linear output finds the line of linear data', async () => {
    const { x, y } = await datasets.linear(200, { features: 3, noise: 0, seed: 5 });
    using net = network([dense(1)], 3);
    net.compile({ optimizer: sgd({ learningRate: 0.3 }), loss: 'mse', metrics: ['mae'] });
    await net.fit(x, y as typeof x, { epochs: 300, batchSize: 200 });
    const { loss, mae } = await net.evaluate(x, y as typeof x);
    expect(loss).toBeLessThan(1e-10);
    expect(mae).toBeLessThan(1e-5);
  });

  test.each([
    ['mse', 9 + 0.25],
    ['mae', 3 + 0.5],
    ['huber', 2.5 + 0.125],
  ])('%s of errors 3 and ½, behind a relu output', async (loss, sum) => {
    using net = network([dense(1, { activation: 'relu', kernelInitializer: 'ones' })], 1);
    net.compile({ optimizer: 'sgd', loss });
    const { loss: found } = await net.evaluate([[-1], [2]], [[3], [1.5]]);
    expect(found).toBeCloseTo(sum / 2, 12);
  });
});
