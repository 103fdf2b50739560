import { describe, expect, test } from 'vitest';
import { healthMonitor } from '../../src/diagnose/health.ts';
import { dense } from '../../src/nn/dense.ts';
import { flatten, lambda, layerNormalization } from '../../src/nn/index.ts';
import { initializers } from '../../src/nn/init.ts';
import * as ops from '../../src/ops/index.ts';
import { adam, sgd } from '../../src/optim/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import { type SequentialLayer, sequential } from '../../src/train/model.ts';

function normals(n: number): Float64Array {
  let state = 12345;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const normal = () => Array.from({ length: 12 }, uniform).reduce((a, b) => a + b) - 6;
  return Float64Array.from({ length: n }, normal);
}

const WIDTH = 32;
const EXAMPLES = 64;
const x = { data: normals(EXAMPLES * WIDTH), shape: [EXAMPLES, WIDTH] };
const y = { data: normals(EXAMPLES).map((v) => v / 10), shape: [EXAMPLES, 1] };
const rms = (data: ArrayLike<number>) =>
  Math.sqrt(Array.from(data).reduce((sum, v) => sum + v * v, 0) / data.length);

type Init = NonNullable<Parameters<typeof dense>[1]>;

/** One measured step of 150 layers and an output. */
async function deep(
  units: number,
  kernelInitializer: Init['kernelInitializer'],
  activation = 'linear',
) {
  const options = { activation, kernelInitializer } as Init;
  const hidden = Array.from({ length: 150 }, () => dense(units, options));
  const last = dense(1, { kernelInitializer: initializers.constant({ value: 1 / units }) });
  using net = sequential([...hidden, last]);
  net.compile({ optimizer: sgd({ learningRate: 1e-9 }), loss: 'meanAbsoluteError' });
  const health = healthMonitor();
  await net.fit(x, y, { batchSize: EXAMPLES, callbacks: [health], shuffle: false });
  const [sample] = health.samples;
  if (!sample) throw new Error('no sample');
  return { health, layers: sample.layers.slice(0, -1) };
}

const size = rms(x.data);

test.each([
  [1.5, /activations explode/, /gradients explode/],
  [0.5, /activations vanish/, /gradients vanish/],
])('150 linear layers of weight %f: %s, %s', async (gain, forward, backward) => {
  const { health, layers } = await deep(WIDTH, initializers.identity({ gain }));
  for (const l of [0, 49, 99, 149]) {
    const expected = size * gain ** (l + 1);
    const { rms: measured, log10 } = layers[l]?.activation ?? { rms: 0, log10: 0 };
    if (expected < 1e-36) expect(measured).toBeLessThan(1e-36);
    else {
      expect(measured / expected).toBeCloseTo(1, 3);
      expect(log10).toBeCloseTo(Math.log10(expected), 3);
    }
  }
  expect(health.warnings.join('\n')).toMatch(forward);
  expect(health.warnings.join('\n')).toMatch(backward);
});

test.each([
  ['heNormal', 'relu'],
  ['glorotNormal', 'linear'],
])('150 layers of %s weights with %s keep their signals', async (init, activation) => {
  const { health, layers } = await deep(128, init, activation);
  const signals = layers.flatMap((l) => [l.activation.log10, l.gradient?.log10 ?? 0]);
  const forward = signals.filter((_, i) => i % 2 === 0);
  const backward = signals.filter((_, i) => i % 2 === 1);
  for (const list of [forward, backward])
    expect(Math.max(...list) - Math.min(...list)).toBeLessThan(1.5);
  expect(health.warnings.filter((w) => /vanish|explode/.test(w))).toEqual([]);
});

/** Twelve steps of a small network with the monitor; weights afterwards. */
async function train(every: number | undefined, layers: SequentialLayer[], threads = 1) {
  using engine = await createEngine({ threads, build: 'relaxed' });
  using net = sequential(layers, { engine });
  net.compile({ optimizer: adam(), loss: 'meanSquaredError' });
  const health = healthMonitor({ every: every ?? 1 });
  const history = await net.fit(x, y, {
    epochs: 3,
    batchSize: 16,
    callbacks: every ? [health] : [],
  });
  return { health, history, weights: await net.getWeights() };
}

const small = () => [
  flatten(),
  dense(48, { activation: 'relu' }),
  dense(7, { activation: 'tanh' }),
  dense(1),
];

test.each([1, 5, 20])('watching every %i updates changes no bit', async (every) => {
  const [plain, watched] = [await train(undefined, small()), await train(every, small(), 2)];
  expect(watched.weights).toEqual(plain.weights);
  expect(watched.history.batchLoss).toEqual(plain.history.batchLoss);
  expect(watched.health.samples.map((s) => s.step)).toEqual(
    Array.from({ length: Math.ceil(12 / every) }, (_, i) => i * every),
  );
});

test('sizes of weights and updates are those of the weights before and after', async () => {
  using net = sequential(small(), { inputShape: [WIDTH] });
  net.compile({ optimizer: adam(), loss: 'meanSquaredError' });
  await net.build();
  const before = await net.getWeights();
  const health = healthMonitor();
  await net.fit(x, y, { batchSize: EXAMPLES, callbacks: [health] });
  const after = await net.getWeights();
  const [sample] = health.samples;
  expect(sample?.weights.map((w) => w.name)).toEqual(net.weightNames);
  sample?.weights.forEach((w, i) => {
    const [old, now] = [before[i]?.data ?? [], after[i]?.data ?? []];
    const change = rms(Array.from(now, (v, k) => v - (old[k] as number)));
    expect(w.weight.rms).toBeCloseTo(rms(old), 6);
    expect(w.update.rms / change).toBeCloseTo(1, 4);
    if (w.matrix) expect(w.ratio).toBeCloseTo(change / rms(old), 6);
  });
  expect(
    sample?.layers.map((l) => [l.layer, l.dead !== undefined, l.saturated !== undefined]),
  ).toEqual([
    ['flatten', false, false],
    ['dense', true, false],
    ['dense_1', false, true],
    ['dense_2', false, false],
  ]);
  expect(String(health)).toMatch(/dense_1\s+-?\d+\.\d\s+-?\d+\.\d\s+\d/);
});

const biased = (value: number) => ({ biasInitializer: initializers.constant({ value }) });
const zero = { kernelInitializer: initializers.zeros() };

test.each<[string, SequentialLayer[], RegExp]>([
  [
    'relu below zero',
    [dense(8, { activation: 'relu', ...zero, ...biased(-1) }), dense(1)],
    /dense has dead relu units: 100 %/,
  ],
  [
    'tanh far out',
    [dense(8, { activation: 'tanh', ...zero, ...biased(3) }), dense(1)],
    /dense saturates: 100 %/,
  ],
  [
    'sigmoid far out',
    [dense(8, { activation: 'sigmoid', ...zero, ...biased(-4) }), dense(1)],
    /dense saturates: 100 %/,
  ],
])('%s', async (_name, layers, warning) => {
  const { health } = await train(1, layers);
  expect(health.warnings.join('\n')).toMatch(warning);
  expect(new Set(health.warnings).size).toBe(health.warnings.length);
});

test.each([
  [10, /too high/],
  [1e-9, /too low/],
  [0.01, undefined],
] as const)('a learning rate of %f', async (learningRate, warning) => {
  using net = sequential([dense(16, { activation: 'tanh' }), dense(1)]);
  net.compile({ optimizer: sgd({ learningRate }), loss: 'meanSquaredError' });
  const heard: string[] = [];
  const health = healthMonitor({ every: 1, onWarning: (w) => heard.push(w) });
  await net.fit(x, y, { batchSize: 16, callbacks: [health] });
  expect(heard).toEqual(health.warnings);
  const rates = heard.filter((w) => /learning rate/.test(w));
  if (warning) expect(rates.join()).toMatch(warning);
  else expect(rates).toEqual([]);
});

/** Eight steps of a classifier of the sign of the first feature. */
async function signs(layers: SequentialLayer[], learningRate: number, loss = 'binaryCrossentropy') {
  using net = sequential(layers);
  net.compile({ optimizer: sgd({ learningRate }), loss });
  const health = healthMonitor({ every: 1 });
  const sign = (i: number) => ((x.data[i * WIDTH] as number) > 0 ? 1 : 0);
  const labels = Float64Array.from({ length: EXAMPLES }, (_, i) => sign(i));
  const target = { data: labels, shape: [EXAMPLES, 1] };
  await net.fit(x, target, { epochs: 8, batchSize: EXAMPLES, callbacks: [health] });
  return health;
}

/** Weights that look at the first feature alone. */
const first = (weight: number) => () =>
  ops.tensor(
    Float64Array.from({ length: WIDTH }, (_, i) => (i === 0 ? weight : 0)),
    [WIDTH, 1],
  );

describe('the output of a model', () => {
  const sure = (weight: number) =>
    dense(1, { activation: 'sigmoid', kernelInitializer: first(weight) });

  test.each(['binaryCrossentropy', 'meanSquaredError'])('sure and right, %s', async (loss) => {
    const health = await signs([sure(1000)], 1e-3, loss);
    expect(health.warnings.filter((w) => /saturates/.test(w))).toEqual([]);
    expect(health.samples[0]?.layers[0]).toMatchObject({ layer: 'dense', wrong: 0 });
    expect(health.samples[0]?.layers[0]).not.toHaveProperty('saturated');
  });

  test('sure and wrong', async () => {
    const health = await signs([sure(-1000)], 1e-3, 'meanSquaredError');
    expect(health.warnings.join()).toMatch(
      /dense saturates: \d+ % of its outputs are sure and wrong/,
    );
  });
});

describe('what is there is not advised', () => {
  const shrinking = (options: Init, more: SequentialLayer[] = []) =>
    Array.from({ length: 8 }, () => [
      dense(16, { activation: 'relu', ...options }),
      lambda((t) => ops.affine(t, 0.1)),
    ])
      .flat()
      .concat(more as never, dense(1, { activation: 'sigmoid' }));

  test.each<[string, SequentialLayer[], RegExp]>([
    ['no He weights', shrinking({}), /; try He weights, normalisation or fewer layers/],
    [
      'He weights',
      shrinking({ kernelInitializer: initializers.heNormal() }),
      /; try normalisation or fewer layers/,
    ],
    [
      'He weights and normalisation',
      shrinking({ kernelInitializer: 'heUniform' }, [layerNormalization()]),
      /; try fewer layers/,
    ],
  ])('%s', async (_name, layers, cure) => {
    const health = await signs(layers, 1e-6);
    const vanishing = health.warnings.filter((w) => /gradients|activations/.test(w));
    expect(vanishing.length).toBeGreaterThan(0);
    for (const warning of vanishing) expect(warning).toMatch(cure);
  });

  test('dead units of a network with He weights', async () => {
    const dead = dense(8, { activation: 'relu', kernelInitializer: 'heNormal', ...biased(-100) });
    const health = await signs([dead, dense(1, { activation: 'sigmoid' })], 1e-3);
    expect(health.warnings.join()).toMatch(
      /dead relu units.*; try a lower learning rate or leakyRelu/,
    );
  });
});

test('the first NaN: its layer, its op and what went in', async () => {
  const root = lambda((t) => ops.log(ops.sub(t, 1)), { name: 'shifted' });
  using net = sequential([dense(8, { activation: 'sigmoid' }), root, dense(1)]);
  net.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: 'meanSquaredError' });
  const health = healthMonitor();
  const before = await net.build([WIDTH]).then((m) => m.getWeights());
  await net.fit(x, y, { batchSize: 16, epochs: 2, callbacks: [health] });
  expect(await net.getWeights()).toEqual(before);
  expect(health.notFinite).toMatchObject({
    layer: 'shifted',
    op: 'log',
    kernel: 'log',
    count: 128,
  });
  const [range] = health.notFinite?.inputs ?? [];
  expect(range?.low).toBeGreaterThan(-1);
  expect(range?.high).toBeLessThan(0);
  expect(health.warnings[0]).toMatch(
    /step 0: loss or gradients are not finite: row \d+ log of shifted/,
  );
});

test('two monitors are one too many, and options are checked', async () => {
  using net = sequential(small());
  net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const both = { callbacks: [healthMonitor(), healthMonitor()] };
  await expect(net.fit(x, y, both)).rejects.toThrow(/2 callbacks/);
  expect(() => healthMonitor({ every: 0 })).toThrow(/every/);
});
