import { sizeOf } from '../../src/graph/shape.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import { normalCdf, randomWord } from '../support/random.ts';
import { type Case, range, SIZES, spread, values } from './case.ts';

const STREAM = 0xdeadbeef;
const SEED = 12345;
const KEY = 678;

const word = (i: number) => randomWord(i, STREAM, SEED, KEY);
const unit = (i: number) => ((word(i) >>> 8) + 0.5) / 2 ** 24;

/** The z in [low, high] with Φ(z) = p, by halving. */
function quantile(p: number, low: number, high: number): number {
  for (let i = 0; i < 50; i++) {
    const z = (low + high) / 2;
    if (normalCdf(z) < p) low = z;
    else high = z;
  }
  return low;
}

const edge = normalCdf(-2);

function drawCases(
  op: (shape: readonly number[]) => Tensor,
  draw: (i: number) => number,
  tolerance: number,
  bench = false,
): Case[] {
  const one = (shape: readonly number[]): Case => ({
    name: `[${shape}]`,
    inputs: [],
    op: () => op(shape),
    reference: () => values(shape, range(sizeOf(shape)).map(draw)),
    tolerance: { f32: tolerance, f64: tolerance },
    step: { seed: SEED, key: KEY },
  });
  return [
    ...[...SIZES.map((n) => [n]), [], [5, 7], [13, 2, 3]].map(one),
    ...(bench ? [{ ...one([64, 257]), bench: true as const }] : []),
  ];
}

const dropoutCase = (shape: readonly number[], rate: number, more: Partial<Case> = {}): Case => ({
  name: `[${shape}] at ${rate}`,
  inputs: [spread(shape)],
  op: (x) => ops.dropoutMask(x, rate, STREAM),
  reference: (x) =>
    values(
      shape,
      x.data.map((v, i) => (word(i) >= rate * 2 ** 32 ? v / (1 - rate) : 0)),
    ),
  step: { seed: SEED, key: KEY },
  ...more,
});

const permutationCase = (n: number): Case => ({
  name: `${n}`,
  inputs: [],
  op: () => ops.randomPermutation(n, STREAM),
  step: { seed: SEED, key: KEY },
  reference: () => {
    const order: number[] = [];
    for (const i of range(n)) {
      const j = Number((BigInt(word(i)) * BigInt(i + 1)) >> 32n);
      order[i] = order[j] ?? i;
      order[j] = i;
    }
    return values([n], order, 'i32');
  },
});

/** Classical Gram–Schmidt in f64, on rows that are nearly orthogonal. */
const orthonormalCase = (rows: number, columns: number): Case => {
  const x = spread([rows, columns], 1);
  const data = x.data.map((v, i) => v + (i % (columns + 1) === 0 ? 4 : 0));
  return {
    name: `[${rows},${columns}]`,
    inputs: [{ ...x, data }],
    op: (a) => ops.orthonormalRows(a as Tensor),
    reference: () => {
      const done: number[][] = [];
      for (const i of range(rows)) {
        let row = data.slice(i * columns, (i + 1) * columns);
        for (const other of done) {
          const dot = row.reduce((sum, v, k) => sum + v * (other[k] as number), 0);
          row = row.map((v, k) => v - dot * (other[k] as number));
        }
        const norm = Math.hypot(...row);
        done.push(row.map((v) => v / norm));
      }
      return values([rows, columns], done.flat());
    },
  };
};

export const randoms = {
  randomUniform: drawCases(
    (shape) => ops.randomUniform(shape, STREAM, -3, 5),
    (i) => (8 * (word(i) >>> 8)) / 2 ** 24 - 3,
    1e-6,
    true,
  ),
  randomNormal: drawCases(
    (shape) => ops.randomNormal(shape, STREAM, 1, 2),
    (i) => 1 + 2 * quantile(unit(i), -6, 6),
    1e-5,
  ),
  randomTruncatedNormal: drawCases(
    (shape) => ops.randomTruncatedNormal(shape, STREAM, 1, 2),
    (i) => 1 + 2 * quantile(edge + unit(i) * (1 - 2 * edge), -2, 2),
    1e-5,
  ),
  orthonormalRows: [
    ...SIZES.map((n) => orthonormalCase(Math.min(n, 6), n)),
    orthonormalCase(7, 7),
    orthonormalCase(5, 37),
  ],
  randomPermutation: [...SIZES, 1000].map(permutationCase),
  dropoutMask: [
    ...SIZES.map((n) => dropoutCase([n], 0.5, { order: n % 5 ? 0 : 2 })),
    dropoutCase([5, 7], 0, { order: 2 }),
    dropoutCase([5, 7], 0.25, { order: 2 }),
    dropoutCase([64, 257], 0.25, { bench: true }),
  ],
} as const;
