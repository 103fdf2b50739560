import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { constraints } from '../../src/nn/constraint.ts';
import { dense, dropout } from '../../src/nn/index.ts';
import { l1, l2, type Regularizer } from '../../src/nn/regularizer.ts';
import { clip } from '../../src/ops/index.ts';
import { adam, adamw, sgd } from '../../src/optim/index.ts';
import type { Optimizer } from '../../src/optim/optimizer.ts';
import { schedules } from '../../src/optim/schedule.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { CompileOptions } from '../../src/train/compileOptions.ts';
import { loadModel } from '../../src/train/load.ts';
import { type Model, sequential } from '../../src/train/model.ts';
import { blobs, hashOf } from '../support/data.ts';
import { hasGolden, readGolden } from '../support/golden.ts';

const { x, y } = blobs(60, 5, 3);
const BIASES = { match: /bias$/, weightDecay: 0 };

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

function network(compiled: Partial<CompileOptions> = {}, options = {}): Model {
  const parts = [dense(12, { activation: 'tanh' }), dense(3)];
  return sequential(parts, { inputShape: [5], seed: 2, engine, ...options }).compile({
    optimizer: sgd({ learningRate: 0.1 }),
    loss: { name: 'sparseCategoricalCrossentropy', fromLogits: true },
    ...compiled,
  });
}

/** All weights behind training, in one list. */
async function weightsOf(net: Model): Promise<number[]> {
  const weights = (await net.getWeights()).flatMap(({ data }) => Array.from(data));
  net.dispose();
  return weights;
}

async function trainedWeights(compiled: Partial<CompileOptions>, batchSize = 10, epochs = 5) {
  const net = network(compiled);
  await net.fit(x, y, { epochs, batchSize, shuffle: false });
  return weightsOf(net);
}

function expectSame(a: readonly number[], b: readonly number[]): void {
  expect(Math.max(...a.map((v, i) => Math.abs(v - (b[i] as number))))).toBeLessThan(1e-12);
}

describe('L2 and weight decay', () => {
  test('λ/(2m)·Σw² is W ← W·(1 − αλ/m) − α·dW', async () => {
    const lambda = 0.8;
    const decay = { learningRate: 0.1, weightDecay: lambda / 10, groups: [BIASES] };
    const penalised = await trainedWeights({ regularizer: l2(lambda) });
    expectSame(await trainedWeights({ optimizer: sgd(decay) }), penalised);
    const free = await trainedWeights({});
    expect(Math.max(...free.map((v, i) => Math.abs(v - (penalised[i] as number))))).toBeGreaterThan(
      0.1,
    );
  });

  test('m counts all examples of an accumulated update', async () => {
    const compiled = { regularizer: l2(0.8) };
    const parts = { ...compiled, gradientAccumulationSteps: 2 };
    expectSame(await trainedWeights(parts, 5), await trainedWeights(compiled, 10));
  });

  test.each([
    [l2(0.8), 0.8 / 120],
    [l2(0.8, { scaling: 'keras' }), 0.8],
  ])('the penalty is part of the loss, %#', async (regularizer: Regularizer, factor) => {
    const [plain, penalised] = [network(), network({ regularizer })];
    const loss = async (net: Model) => (await net.evaluate(x, y, { batchSize: 10 })).loss as number;
    const more = (await loss(penalised)) - (await loss(plain));
    const kernels = (await plain.getWeights()).filter((w) => w.shape.length === 2);
    const squares = kernels.flatMap(({ data }) => Array.from(data, (v) => v * v));
    expect(more).toBeCloseTo(factor * squares.reduce((a, b) => a + b, 0), 12);
    const { history, batchLoss } = await penalised.fit(x, y, { batchSize: 10, shuffle: false });
    expect(batchLoss).toHaveLength(6);
    expect(history.loss?.[0]).toBeCloseTo(batchLoss.reduce((a, b) => a + b, 0) / 6, 12);
    plain.dispose();
    penalised.dispose();
  });
});

/** Kernels of a network trained under a penalty, and the mean |z| of its hidden units. */
async function underPenalty(regularizer: Regularizer) {
  const net = network({ regularizer, optimizer: sgd({ learningRate: 0.05, momentum: 0.9 }) });
  await net.fit(x, y, { epochs: 60, batchSize: 20 });
  const [w, b, v] = (await net.getWeights()).map(({ data }) => Array.from(data)) as number[][];
  net.dispose();
  let sum = 0;
  for (let i = 0; i < 60; i++)
    for (let k = 0; k < 12; k++) {
      let z = b?.[k] as number;
      for (let f = 0; f < 5; f++) z += (x.data[i * 5 + f] as number) * (w?.[f * 12 + k] as number);
      sum += Math.abs(z) / (60 * 12);
    }
  const kernels = [...(w as number[]), ...(v as number[])];
  return {
    norm: Math.hypot(...kernels),
    nearZero: kernels.filter((k) => Math.abs(k) < 1e-2).length / kernels.length,
    activity: sum,
  };
}

/** Each number of the list is larger than the one before. */
const grows = (list: readonly number[]) =>
  list.every((v, i) => i === 0 || v > (list[i - 1] as number));

test('L1: the share of near zeros grows with λ', async () => {
  const runs = [];
  for (const lambda of [0, 0.1, 0.4, 1.6]) runs.push(await underPenalty(l1(lambda)));
  const shares = runs.map((r) => r.nearZero);
  expect(grows(shares)).toBe(true);
  expect(shares[0]).toBeLessThan(0.1);
  expect(shares.at(-1)).toBeGreaterThan(0.5);
});

test('L2: norms shrink with λ, units work nearer their linear part', async () => {
  const runs = [];
  for (const lambda of [0, 0.1, 0.4, 1.6]) runs.push(await underPenalty(l2(lambda)));
  expect(grows(runs.map((r) => -r.norm))).toBe(true);
  expect(grows(runs.map((r) => -r.activity))).toBe(true);
});

test('dropout depends on seed and step, not on threads', async () => {
  const run = async (threads: number, seed: number) => {
    const parts = [dense(64, { activation: 'relu' }), dropout({ keepProb: 0.5 }), dense(3)];
    using net = sequential(parts, { inputShape: [5], seed, threads });
    net.compile({
      optimizer: 'sgd',
      loss: { name: 'sparseCategoricalCrossentropy', fromLogits: true },
    });
    const { batchLoss } = await net.fit(x, y, { epochs: 2, batchSize: 60, shuffle: false });
    return { hash: hashOf(await net.getWeights()), batchLoss };
  };
  const first = await run(1, 4);
  expect((await run(2, 4)).hash).toBe(first.hash);
  expect((await run(3, 4)).hash).toBe(first.hash);
  expect((await run(1, 5)).hash).not.toBe(first.hash);
});

describe('parameter groups', () => {
  test('a factor of 0 keeps weights, others are as without', async () => {
    const groups = [{ match: 'dense/', learningRateFactor: 0 }];
    const net = network({ optimizer: adam({ groups }) });
    await net.build();
    const before = await net.getWeights();
    await net.fit(x, y);
    const after = await net.getWeights();
    expect(hashOf(after.slice(0, 2))).toBe(hashOf(before.slice(0, 2)));
    expect(hashOf(after.slice(2, 3))).not.toBe(hashOf(before.slice(2, 3)));
    net.dispose();
  });

  test.each([
    [adamw(), 1],
    [adamw({ groups: [BIASES] }), 2],
  ])('updates of a group are one row, %#', async (optimizer: Optimizer, rows) => {
    const parts = [7, 6, 5, 3].map((n) => dense(n));
    using net = sequential(parts, { inputShape: [5], engine });
    net.compile({ optimizer, loss: 'mse' });
    await net.build();
    const text = await net.program(4);
    expect(text.match(/ adam\(/g)).toHaveLength(rows);
  });
});

describe('constraints', () => {
  const norms = (w: ArrayLike<number>, columns: number) =>
    Array.from({ length: columns }, (_, c) =>
      Math.hypot(...Array.from(w).filter((_, i) => i % columns === c)),
    );
  const CASES: [string, object, (w: number[]) => void][] = [
    [
      'maxNorm',
      { kernelConstraint: { name: 'maxNorm', maxValue: 0.5 } },
      (w) => {
        expect(Math.max(...norms(w, 4))).toBeCloseTo(0.5, 12);
      },
    ],
    [
      'unitNorm',
      { kernelConstraint: 'unitNorm' },
      (w) => {
        for (const n of norms(w, 4)) expect(n).toBeCloseTo(1, 12);
      },
    ],
    [
      'unitNorm of rows',
      { kernelConstraint: constraints.unitNorm({ axis: 1 }) },
      (w) => {
        for (let i = 0; i < 5; i++)
          expect(Math.hypot(...w.slice(4 * i, 4 * i + 4))).toBeCloseTo(1, 12);
      },
    ],
    [
      'minMaxNorm',
      { kernelConstraint: constraints.minMaxNorm({ minValue: 2, maxValue: 3 }) },
      (w) => {
        for (const n of norms(w, 4)) expect(Math.abs(n - 2.5)).toBeLessThan(0.5 + 1e-12);
        expect(Math.min(...norms(w, 4))).toBeCloseTo(2, 12);
      },
    ],
    [
      'nonNeg',
      { kernelConstraint: 'nonNeg' },
      (w) => {
        expect(Math.min(...w)).toBe(0);
        expect(Math.max(...w)).toBeGreaterThan(0);
      },
    ],
    [
      'a function',
      { kernelConstraint: (w: never) => clip(w, -0.1, 0.1) },
      (w) => {
        expect(Math.max(...w.map(Math.abs))).toBe(0.1);
      },
    ],
  ];

  test.each(CASES)('%s holds behind each update', async (_, options, check) => {
    using net = sequential([dense(4, options)], { inputShape: [5], seed: 1, engine });
    net.compile({ optimizer: sgd({ learningRate: 0.05 }), loss: 'mse' });
    const target = { data: Float32Array.from({ length: 240 }, (_, i) => i % 7), shape: [60, 4] };
    await net.fit(x, target, {
      batchSize: 20,
      callbacks: [
        {
          async onBatchEnd() {
            check(Array.from((await net.getWeights())[0]?.data ?? []));
          },
        },
      ],
    });
  });

  test('minMaxNorm goes its rate of the way', async () => {
    const constraint = constraints.minMaxNorm({ maxValue: 1, rate: 0.25 });
    using net = sequential([dense(1, { kernelConstraint: constraint, useBias: false })], {
      inputShape: [1],
      engine,
    });
    net.compile({ optimizer: sgd({ learningRate: 0 }), loss: 'mse' });
    await net.build();
    await net.setWeights([[5]]);
    await net.fit([[0]], [[0]]);
    expect((await net.getWeights())[0]?.data[0]).toBe(4);
  });
});

describe('moving averages', () => {
  const averaged = (options: object) => adam({ useEma: true, emaMomentum: 0.75, ...options });

  test('the weights become their averages at the end', async () => {
    const steps: number[][] = [];
    const net = network({ optimizer: averaged({}) });
    const flat = async () => (await net.getWeights()).flatMap(({ data }) => Array.from(data));
    const keep = { onBatchEnd: async () => void steps.push(await flat()) };
    await net.fit(x, y, { batchSize: 10, callbacks: [keep] });
    expect(steps).toHaveLength(6);
    const mean = steps.reduce((a, p) => a.map((v, i) => 0.75 * v + 0.25 * (p[i] as number)));
    expectSame(await weightsOf(net), mean);
  });

  test('or every few updates; saved and loaded', async () => {
    using net = network({ optimizer: averaged({ emaOverwriteFrequency: 2 }) });
    await net.fit(x, y, { batchSize: 10 });
    using again = await loadModel(await net.toFiles(), { engine });
    await Promise.all([net.fit(x, y), again.fit(x, y)]);
    expect(hashOf(await again.getWeights())).toBe(hashOf(await net.getWeights()));
    const plain = await trainedWeights({ optimizer: adam() }, 10, 1);
    const often = { optimizer: averaged({ emaOverwriteFrequency: 1, emaMomentum: 0 }) };
    expectSame(await trainedWeights(often, 10, 1), plain);
  });
});

test('penalties, groups and constraints are saved and loaded; training goes on with the same bits', async () => {
  const parts = [
    dense(6, {
      kernelConstraint: constraints.maxNorm({ maxValue: 1, axis: [0] }),
      biasConstraint: 'nonNeg',
      kernelRegularizer: { name: 'orthogonal', factor: 0.1 },
    }),
    dense(3),
  ];
  using net = sequential(parts, { inputShape: [5], seed: 3, engine });
  net.compile({
    optimizer: adamw({ groups: [{ match: 'bias', weightDecay: 0, learningRateFactor: 2 }] }),
    loss: { name: 'sparseCategoricalCrossentropy', fromLogits: true },
    regularizer: l1(0.1),
    regularizeBiases: true,
  });
  await net.fit(x, y, { epochs: 2 });
  using again = await loadModel(await net.toFiles(), { engine });
  await Promise.all([net.fit(x, y), again.fit(x, y)]);
  expect(hashOf(await again.getWeights())).toBe(hashOf(await net.getWeights()));
});

interface WholeRun {
  readonly extra: readonly { readonly expected_epoch_losses: number[]; readonly rtol: number }[];
}

test.skipIf(!hasGolden)('a run with a schedule as in Keras', async () => {
  const [run] = (readGolden('keras-lr-schedules.json') as WholeRun).extra;
  using net = sequential([dense(2, { kernelInitializer: 'ones', biasInitializer: 'ones' })]);
  const learningRate = schedules.exponentialDecay({
    initialLearningRate: 0.05,
    decaySteps: 1,
    decayRate: 0.9,
  });
  net.compile({ optimizer: adam({ learningRate }), loss: 'mse' });
  const data = { data: Float32Array.from({ length: 32 }, (_, i) => i), shape: [16, 2] };
  const { history } = await net.fit(data, data, { epochs: 3, batchSize: 4, shuffle: false });
  run?.expected_epoch_losses.forEach((want, i) => {
    expect(Math.abs((history.loss?.[i] as number) / want - 1)).toBeLessThan(run.rtol);
  });
});
