import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NDArray } from '../../src/compile/array.ts';
import { evaluate } from '../../src/compile/evaluate.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { type Loss, losses } from '../../src/nn/loss.ts';
import { gradients } from '../../src/ops/gradient.ts';
import * as ops from '../../src/ops/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';

/** In single precision, where numbers overflow and saturate. */
let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'simd' });
});
afterAll(() => engine.dispose());

type Row = (t: readonly number[], x: readonly number[]) => number;
type Each = (t: number, x: number) => number;
type Head = 'numbers' | 'logits' | 'sigmoid' | 'softmax';

const sum = (x: readonly number[]) => x.reduce((a, b) => a + b, 0);
const mean =
  (f: Each): Row =>
  (t, x) =>
    sum(t.map((v, i) => f(v, x[i] as number))) / t.length;
const EPS = 1e-7;
/** As single precision knows 1 − ε. */
const limit = (p: number, low = EPS, high = Math.fround(1 - EPS)) =>
  Math.min(high, Math.max(low, p));
const softplus = (z: number) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
const largest = (x: readonly number[]) => Math.max(...x);
const logSum = (x: readonly number[]) =>
  largest(x) + Math.log(sum(x.map((v) => Math.exp(v - largest(x)))));
const length = (x: readonly number[]) => Math.max(Math.hypot(...x), EPS);
const smooth = (t: number, s: number, classes: number) => t * (1 - s) + s / classes;

const entropyOfLogits: Each = (t, z) => t * softplus(-z) + (1 - t) * softplus(z);
const entropy: Each = (t, p) => -t * Math.log(limit(p)) - (1 - t) * Math.log(1 - limit(p));
const focal = (gamma: number) => (t: number, z: number) =>
  (t * sigmoid(-z) + (1 - t) * sigmoid(z)) ** gamma * entropyOfLogits(t, z);
const categorical: Row = (t, z) => sum(t.map((v, i) => v && v * (logSum(z) - (z[i] as number))));
const categoricalOf: Row = (t, p) =>
  sum(t.map((v, i) => -v * Math.log(limit((p[i] as number) / sum(p)))));
const hinge: Each = (t, p) => Math.max(1 - (t === 0 ? -1 : t) * p, 0);
const huber = (delta: number) => (t: number, p: number) => {
  const e = Math.abs(t - p);
  return e <= delta ? e ** 2 / 2 : delta * (e - delta / 2);
};
const logarithm = (v: number) => Math.log1p(Math.max(v, EPS));

/** What the loss is, of what it is given, and in double precision. */
const TABLE: Record<keyof typeof losses, [options: object, head: Head, want: Row][]> = {
  meanSquaredError: [[{}, 'numbers', mean((t, p) => (p - t) ** 2)]],
  meanAbsoluteError: [[{}, 'numbers', mean((t, p) => Math.abs(p - t))]],
  meanAbsolutePercentageError: [
    [{}, 'numbers', mean((t, p) => (100 * Math.abs(t - p)) / Math.max(Math.abs(t), EPS))],
  ],
  meanSquaredLogarithmicError: [
    [{}, 'numbers', mean((t, p) => (logarithm(p) - logarithm(t)) ** 2)],
  ],
  huber: [0.001, 1, 1000].map((delta) => [{ delta }, 'numbers', mean(huber(delta))]),
  logCosh: [
    [{}, 'numbers', mean((t, p) => Math.abs(p - t) + softplus(-2 * Math.abs(p - t)) - Math.LN2)],
  ],
  hinge: [[{}, 'numbers', mean(hinge)]],
  squaredHinge: [[{}, 'numbers', mean((t, p) => hinge(t, p) ** 2)]],
  categoricalHinge: [
    [
      {},
      'numbers',
      (t, p) => {
        const wrong = largest(t.map((v, i) => (1 - v) * (p[i] as number)));
        return Math.max(wrong - sum(t.map((v, i) => v * (p[i] as number))) + 1, 0);
      },
    ],
  ],
  binaryCrossentropy: [
    [{ fromLogits: true }, 'logits', mean(entropyOfLogits)],
    [{}, 'sigmoid', mean(entropyOfLogits)],
    [{}, 'numbers', mean(entropy)],
    [{ labelSmoothing: 0.1 }, 'sigmoid', mean((t, z) => entropyOfLogits(smooth(t, 0.1, 2), z))],
  ],
  categoricalCrossentropy: [
    [{ fromLogits: true }, 'logits', categorical],
    [{}, 'softmax', categorical],
    [{}, 'numbers', categoricalOf],
    [
      { labelSmoothing: 0.1 },
      'softmax',
      (t, z) =>
        categorical(
          t.map((v) => smooth(v, 0.1, 2)),
          z,
        ),
    ],
  ],
  sparseCategoricalCrossentropy: [
    [{ fromLogits: true }, 'logits', categorical],
    [{}, 'softmax', categorical],
    [{}, 'numbers', categoricalOf],
  ],
  klDivergence: [
    [
      {},
      'numbers',
      (t, p) =>
        sum(
          t.map((v, i) => {
            const [a, b] = [limit(v, EPS, 1), limit(p[i] as number, EPS, 1)];
            return a * Math.log(a / b);
          }),
        ),
    ],
  ],
  poisson: [[{}, 'numbers', mean((t, p) => p - t * Math.log(p + EPS))]],
  cosineSimilarity: [
    [
      {},
      'numbers',
      (t, p) => -sum(t.map((v, i) => (v / length(t)) * ((p[i] as number) / length(p)))),
    ],
  ],
  binaryFocalCrossentropy: [0, 0.01, 0.5, 1, 1.5, 2].flatMap((gamma) => [
    [{ gamma, fromLogits: true }, 'logits', mean(focal(gamma))] as [object, Head, Row],
    [{ gamma }, 'sigmoid', mean(focal(gamma))] as [object, Head, Row],
  ]),
};

const NUMBERS = [0, 1, -1, 1e-30, 20, -20, 100, -100, 1e30, -1e30];
const TARGETS = [0, 1, 1e30, -1e30];
const OTHER = 0.5;
/** Of numbers that are larger, single precision knows no better than infinite. */
const MAX = 3.4e38;

const heads: Record<Head, (x: Tensor) => Tensor> = {
  numbers: (x) => ops.affine(x, 1),
  logits: (x) => ops.affine(x, 1),
  sigmoid: ops.sigmoid,
  softmax: ops.softmax,
};

function targetsOf(name: string): number[][] {
  const known = /entropy|klDivergence/i.test(name) ? TARGETS.slice(0, 2) : TARGETS;
  return known.map((t) => [t, Math.abs(t) > 1 ? t : 1 - t]);
}

/** The loss of one example and its gradient. */
async function lossAndGradient(
  make: (o: object) => Loss,
  options: object,
  head: Head,
  t: number[],
  x: number[],
) {
  const loss = make(options);
  const input = ops.tensor([x]);
  const truth =
    loss.targets === 'labels' ? ops.tensor([t.indexOf(1)], [1], 'i32') : ops.tensor([t]);
  const value = ops.reduceSum(loss(truth, heads[head](input)));
  const both = [value, gradients(value, [input])[0] as Tensor];
  const [found, slope] = (await evaluate(both, { engine })) as [NDArray, NDArray];
  return { found: found.data[0] as number, slope: [...slope.data] as number[] };
}

const CASES = Object.entries(TABLE).flatMap(([name, forms]) =>
  forms.map(([options, head, want]) => [name, options, head, want] as const),
);

describe.each(CASES)('%s %o of %s', (name, options, head, want) => {
  const make = losses[name as keyof typeof losses] as (o: object) => Loss;

  test.each(targetsOf(name))('targets %f, %f: as in f64, with a finite gradient', async (...t) => {
    for (const number of NUMBERS) {
      const x = [number, OTHER];
      const { found, slope } = await lossAndGradient(make, options, head, t, x);
      const right = want(
        t.map((v) => Math.fround(v)),
        x.map((v) => Math.fround(v)),
      );
      const where = `${name} at ${number}: ${found} instead of ${right}, gradient ${slope}`;
      if (Number.isNaN(right)) expect(found, where).toBeNaN();
      else if (Math.abs(right) > MAX) expect(found, where).toBe(Math.sign(right) * Infinity);
      else
        expect(Math.abs(found - right), where).toBeLessThanOrEqual(2e-6 + 1e-5 * Math.abs(right));
      if (Number.isFinite(found)) expect(slope.every(Number.isFinite), where).toBe(true);
    }
  });
});
