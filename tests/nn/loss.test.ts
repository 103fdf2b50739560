import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { activation, activations } from '../../src/nn/activations.ts';
import { loss, losses, reduceLoss } from '../../src/nn/loss.ts';
import { accuracyFor, metric } from '../../src/nn/metric.ts';
import { sigmoid } from '../../src/ops/activation.ts';
import { affine } from '../../src/ops/binary.ts';
import { gradients } from '../../src/ops/gradient.ts';
import { tensor } from '../../src/ops/leaf.ts';
import { softmax } from '../../src/ops/softmax.ts';
import { reduceSum } from '../../src/ops/sum.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

const T = [
  [0, 1, 0],
  [1, 0, 0],
];
const P = [
  [0.2, 0.5, 0.3],
  [0.1, 0.7, 0.2],
];
const LABELS = tensor(Int32Array.of(1, 0));
const LN = Math.log;
const SUM = (x: number[]) => x.reduce((a, b) => a + b, 0);
const MEAN = (x: number[]) => SUM(x) / x.length;
const DOT = (a: number[], b: number[]) => SUM(a.map((x, i) => x * (b[i] as number)));
const CE = (t: number, p: number) => -t * LN(p) - (1 - t) * LN(1 - p);

type Row = (t: number[], p: number[]) => number;
const mean =
  (f: (t: number, p: number) => number): Row =>
  (t, p) =>
    MEAN(t.map((x, i) => f(x, p[i] as number)));
const sum =
  (f: (t: number, p: number) => number): Row =>
  (t, p) =>
    SUM(t.map((x, i) => f(x, p[i] as number)));

const REFERENCES: Record<keyof typeof losses, [options: object, reference: Row][]> = {
  meanSquaredError: [[{}, mean((t, p) => (p - t) ** 2)]],
  meanAbsoluteError: [[{}, mean((t, p) => Math.abs(p - t))]],
  meanAbsolutePercentageError: [[{}, mean((t, p) => (100 * Math.abs(t - p)) / t)]],
  meanSquaredLogarithmicError: [
    [{}, mean((t, p) => (Math.log1p(p) - Math.log1p(Math.max(t, 1e-7))) ** 2)],
  ],
  huber: [0.25, 1].map((delta) => [
    { delta },
    mean((t, p) => {
      const e = Math.abs(t - p);
      return e <= delta ? e ** 2 / 2 : delta * (e - delta / 2);
    }),
  ]),
  logCosh: [[{}, mean((t, p) => LN(Math.cosh(p - t)))]],
  hinge: [[{}, mean((t, p) => Math.max(0, 1 - (2 * t - 1) * p))]],
  squaredHinge: [[{}, mean((t, p) => Math.max(0, 1 - (2 * t - 1) * p) ** 2)]],
  categoricalHinge: [
    [
      {},
      (t, p) =>
        Math.max(0, Math.max(...t.map((x, i) => (1 - x) * (p[i] as number))) - DOT(t, p) + 1),
    ],
  ],
  binaryCrossentropy: [
    [{}, mean(CE)],
    [{ labelSmoothing: 0.2 }, mean((t, p) => CE(0.8 * t + 0.1, p))],
  ],
  categoricalCrossentropy: [
    [{}, sum((t, p) => -t * LN(p))],
    [{ labelSmoothing: 0.3 }, sum((t, p) => -(0.7 * t + 0.1) * LN(p))],
  ],
  sparseCategoricalCrossentropy: [[{}, sum((t, p) => -t * LN(p))]],
  klDivergence: [[{}, sum((t, p) => Math.max(t, 1e-7) * LN(Math.max(t, 1e-7) / p))]],
  poisson: [[{}, mean((t, p) => p - t * LN(p + 1e-7))]],
  cosineSimilarity: [[{}, (t, p) => -DOT(t, p) / Math.sqrt(DOT(t, t) * DOT(p, p))]],
  binaryFocalCrossentropy: [
    [{}, mean((t, p) => (t ? 1 - p : p) ** 2 * CE(t, p))],
    [
      { gamma: 1.5, applyClassBalancing: true },
      mean((t, p) => (t ? 0.25 : 0.75) * (t ? 1 - p : p) ** 1.5 * CE(t, p)),
    ],
  ],
};

const CASES = Object.entries(REFERENCES).flatMap(([name, list]) =>
  list.map(([options, reference]) => ({ name, options, reference })),
);

/** Central differences of the sum of f against its derivative in the graph, at each element of x. */
async function checkGradient(x: number[][], f: (x: Tensor) => Tensor): Promise<void> {
  const at = tensor(x);
  const [dx] = gradients(reduceSum(f(at)), [at]);
  const h = 1e-5;
  const moved = x.flatMap((row, i) =>
    row.flatMap((_, j) =>
      [h, -h].map((d) => x.map((r, k) => (k === i ? r.with(j, (r[j] as number) + d) : r))),
    ),
  );
  const [derivative, ...values] = await evaluate(
    [dx as Tensor, ...moved.map((m) => reduceSum(f(tensor(m))))],
    { engine },
  );
  derivative?.data.forEach((d, i) => {
    const slope =
      ((values[2 * i]?.data[0] as number) - (values[2 * i + 1]?.data[0] as number)) / (2 * h);
    expect(Math.abs(d - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope)));
  });
}

describe.each(CASES)('$name $options', ({ name, options, reference }) => {
  const made = loss({ name, ...options });
  const rows = name === 'meanAbsolutePercentageError' ? T.map((row) => row.map((t) => t + 0.5)) : T;
  const targets = made.targets === 'labels' ? LABELS : tensor(rows);

  it('has the value of its formula for each example', async () => {
    const { data, shape } = await evaluate(made(targets, tensor(P)), { engine });
    expect(shape).toEqual([2]);
    P.forEach((p, i) => {
      expect(data[i]).toBeCloseTo(reference(rows[i] as number[], p), 12);
    });
  });

  it('has the derivative of its formula', () => checkGradient(P, (p) => made(targets, p)));
});

const LOGITS = [
  [-2, 0.5, 3],
  [800, -900, 1],
];
const LOGIT_CASES = [
  ['binaryCrossentropy', (x: Tensor) => sigmoid(x), tensor(T)],
  ['categoricalCrossentropy', (x: Tensor) => softmax(x), tensor(T)],
  ['sparseCategoricalCrossentropy', (x: Tensor) => softmax(x), LABELS],
] as const;

it.each(LOGIT_CASES)('%s finds the logits behind its activation', async (name, act, targets) => {
  const x = tensor(LOGITS);
  const [found, given] = await evaluate(
    [loss(name)(targets, act(x)), loss({ name, fromLogits: true })(targets, x)],
    { engine },
  );
  expect(found).toEqual(given);
  expect([...(found?.data ?? [])].every(Number.isFinite)).toBe(true);
});

it.each(LOGIT_CASES)('%s from probabilities differs little', async (name, act, targets) => {
  const x = tensor([
    [-2, 0.5, 3],
    [1, 0, -1],
  ]);
  const [found, apart] = await evaluate(
    [loss(name)(targets, act(x)), loss(name)(targets, affine(act(x), 1))],
    { engine },
  );
  found?.data.forEach((v, i) => {
    expect(v).toBeCloseTo(apart?.data[i] as number, 10);
  });
});

it.each([
  [[2, 1], [2]],
  [[2], [2, 1]],
  [[2], [2]],
])('targets %s fit predictions %s', async (a, b) => {
  const { data, shape } = await evaluate(loss('mse')(tensor([1, 2], a), tensor([2, 4], b)), {
    engine,
  });
  expect(shape).toEqual([2]);
  expect([...data]).toEqual([1, 4]);
});

it.each([
  [
    () => loss('mse')(tensor(T), tensor([[1, 2]])),
    'meanSquaredError: targets [2,3], expected the shape of the predictions, [1,2]',
  ],
  [
    () => loss('sparseCategoricalCrossentropy')(tensor(T), tensor(P)),
    'labels [2,3], predictions [2,3] expect [2]',
  ],
  [() => loss('crossentropy'), 'unknown loss "crossentropy"'],
  [() => losses.huber({ delta: 0 }), 'huber: delta is 0, expected a number > 0'],
  [
    () => loss({ name: 'bce', labelSmoothing: 2 }),
    'labelSmoothing is 2, expected a number ≥ 0 and ≤ 1',
  ],
  [() => reduceLoss(tensor([1, 2]), tensor([1, 2, 3])), 'sample weights [3] do not fit losses [2]'],
  [() => metric('acuracy', loss('mse')), 'did you mean "accuracy"?'],
])('wrong arguments are errors in words', (body, words) => expect(body).toThrow(words));

it.each([
  [[2], [1, 3], 3.5],
  [[2, 1], [1, 3], 3.5],
  [[], [2], 3],
] as const)('weights %s divide by the number of losses', async (shape, data, want) => {
  const {
    data: [got],
  } = await evaluate(reduceLoss(tensor([1, 2]), tensor(data, shape)), { engine });
  expect(got).toBe(want);
});

it('weights of examples repeat over the rest', async () => {
  const each = tensor([
    [1, 2],
    [3, 4],
  ]);
  const { data } = await evaluate(reduceLoss(each, tensor([1, 10])), { engine });
  expect(data[0]).toBe(73 / 4);
});

const logitsBce = losses.binaryCrossentropy({ fromLogits: true });
const ACCURACIES = [
  ['one output', loss('bce'), [[1], [0], [1]], [[0.9], [0.2], [0.3]], [1, 1, 0]],
  ['logits', logitsBce, [[1], [0], [1]], [[0.3], [-2], [-1]], [1, 1, 0]],
  ['a margin', loss('hinge'), [[1], [-1], [1]], [[0.3], [-2], [-1]], [1, 1, 0]],
  [
    'several labels',
    loss('bce'),
    [
      [1, 0],
      [1, 1],
    ],
    [
      [0.9, 0.2],
      [0.8, 0.1],
    ],
    [1, 1, 1, 0],
  ],
  ['one-hot targets', loss('categoricalCrossentropy'), T, P, [1, 0]],
  ['labels', loss('sparseCategoricalCrossentropy'), [1, 0], P, [1, 0]],
  ['labels for sequences', loss('sparseCategoricalCrossentropy'), [[1, 0]], [P], [1, 0]],
] as const;

it.each(ACCURACIES)('accuracy for %s', async (_, of, t, p, want) => {
  const labels = of.targets === 'labels';
  const truth = labels
    ? tensor(Int32Array.from(t.flat() as number[]), p.length === 1 ? [1, 2] : [2])
    : tensor(t);
  const prediction = tensor(p);
  const direct = accuracyFor(of, prediction.shape)(truth, prediction);
  for (const each of await evaluate([metric('accuracy', of)(truth, prediction), direct], {
    engine,
  })) {
    expect([...each.data]).toEqual(want);
  }
});

it('top k counts ties as in, NaN as out', async () => {
  const rows = tensor([
    [0.3, 0.3, 0.4],
    [0.5, 0.1, 0.4],
    [Number.NaN, 0, 1],
  ]);
  const labels = tensor(Int32Array.of(1, 1, 0));
  const { data } = await evaluate(
    metric({ name: 'sparseTopKCategoricalAccuracy', k: 2 }, loss('mse'))(labels, rows),
    { engine },
  );
  expect([...data]).toEqual([1, 0, 0]);
});

it('names metrics as they were asked for', () => {
  expect(metric('mae', loss('mse')).label).toBe('mae');
  expect(metric({ name: 'binaryAccuracy', threshold: 0.3 }, loss('mse')).label).toBe(
    'binaryAccuracy',
  );
  const own = (t: Tensor) => t;
  expect(metric(own, loss('mse'))).toBe(own);
});

const SPREAD = [[-3.1, -0.9, -0.2, 0.3, 1.7, 2.9]];

it.each(Object.keys(activations))('activation %s has the derivative of its formula', (name) =>
  checkGradient(SPREAD, (x) => affine(activation(name)(x), 1, 0)),
);

it.each(Object.keys(activations).filter((name) => name !== 'glu'))(
  'activation %s keeps the shape and stays finite far from 0',
  async (name) => {
    const { data, shape } = await evaluate(activation(name)(tensor([[-700, -30, 0, 30, 700]])), {
      engine,
    });
    expect(shape).toEqual([1, 5]);
    expect([...data].every(Number.isFinite)).toBe(true);
  },
);
