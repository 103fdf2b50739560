import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import {
  at,
  type Case,
  INF,
  make,
  NAN,
  range,
  SIZES,
  spread,
  total,
  type Values,
  values,
  whole,
} from './case.ts';

type Options = NonNullable<Parameters<typeof ops.reduceSum>[1]>;
type Reduce = (x: Tensor, options?: Options) => Tensor;
type Fold = (x: readonly number[]) => number;

/** Folds the elements along `axes`, in order. */
function folded(
  x: Values,
  { axes, keepDims = false }: Options,
  fold: Fold,
  dtype: Values['dtype'] = 'real',
): Values {
  const rank = x.shape.length;
  const list = axes === undefined ? range(rank) : [axes].flat().map((a) => (a < 0 ? a + rank : a));
  const inner = range(rank).filter((a) => list.includes(a));
  const kept = range(rank).filter((a) => !list.includes(a));
  const along = make(
    inner.map((a) => x.shape[a] as number),
    () => 0,
  );
  const shape = keepDims
    ? x.shape.map((n, a) => (list.includes(a) ? 1 : n))
    : kept.map((a) => x.shape[a] as number);
  const element = (ix: readonly number[]) => {
    const outer = keepDims ? kept.map((a) => ix[a] as number) : ix;
    const elements: number[] = [];
    make(along.shape, (iy) =>
      elements.push(
        at(
          x,
          ...range(rank).map(
            (a) => (inner.includes(a) ? iy[inner.indexOf(a)] : outer[kept.indexOf(a)]) as number,
          ),
        ),
      ),
    );
    return fold(elements);
  };
  return make(shape, element, dtype);
}

const SHAPES: readonly (readonly [shape: readonly number[], options: Options])[] = [
  ...SIZES.map((n) => [[n], {}] as const),
  ...SIZES.map((n) => [[4, n], { axes: 1 }] as const),
  ...SIZES.map((n) => [[n, 3], { axes: 0 }] as const),
  ...SIZES.map((n) => [[5, n], { axes: 0 }] as const),
  [[], {}],
  [[5, 7], { axes: -1, keepDims: true }],
  [[5, 7], { axes: 0, keepDims: true }],
  [[5, 7], { axes: [], keepDims: true }],
  [[5, 7], {}],
  ...[0, 1, 2, [0, 1], [1, 2], [0, 2], [2, 0, 1]].map((axes) => [[2, 3, 4], { axes }] as const),
  [[2, 3, 4], { axes: 1, keepDims: true }],
  [[2, 3, 2, 3], { axes: [1, 2] }],
];

/** Sizes that go in chunks. */
const LARGE: readonly (readonly [shape: readonly number[], options: Options])[] = [
  [[40_000], {}],
  [[3000, 5], { axes: 0 }],
  [[2080, 3], { axes: 0 }],
  [[2080, 6], { axes: 0 }],
  [[2100, 33], { axes: 0 }],
  [[70, 300], { axes: 1 }],
  [[64, 257], { axes: 0 }],
];

function reduceCases(
  op: Reduce,
  fold: Fold,
  tolerance: Case['tolerance'] = {},
  order: 0 | 1 | 2 = 2,
): Case[] {
  const one = (shape: readonly number[], options: Options, more: Partial<Case> = {}): Case => ({
    name: `[${shape}] ${JSON.stringify(options)}`,
    inputs: [spread(shape)],
    op: (x) => op(x, options),
    reference: (x) => folded(x, options, fold),
    tolerance,
    ...more,
  });
  return [
    ...SHAPES.map(([shape, options], i) =>
      one(shape, options, { order: i < SIZES.length * 4 && i % 5 ? 0 : order }),
    ),
    ...LARGE.map(([shape, options]) => one(shape, options, { bench: true })),
    ...[
      [NAN, 1, 2],
      [1, NAN, 2],
      [INF, 1, 2],
      [-INF, INF, 2],
      [-INF, 1, 0],
      [-0, -0, -0],
    ].map((data) => ({
      ...one([3], {}),
      name: `${data}`,
      inputs: [values([3], data)],
    })),
  ];
}

const extreme =
  (f: (...x: number[]) => number): Fold =>
  (x) =>
    f(...x);
const largest = (x: readonly number[]) => x.reduce((a, b) => Math.max(a, b), -INF);
const smallest = (x: readonly number[]) => x.reduce((a, b) => Math.min(a, b), INF);
const mean: Fold = (x) => total(x) / x.length;
const variance: Fold = (x) => {
  const center = mean(x);
  return mean(x.map((v) => (v - center) ** 2));
};

/** Ties share the gradient: differences do not show that, so that only values are compared. */
const ties = (op: Reduce, fold: Fold): Case => ({
  name: 'ties',
  inputs: [whole([5, 9], 3, 1, 'real')],
  op: (x) => op(x, { axes: 1 }),
  reference: (x) => folded(x, { axes: 1 }, fold),
});

function argCases(
  op: (x: Tensor, axis?: number) => Tensor,
  better: (a: number, b: number) => boolean,
): Case[] {
  const fold: Fold = (x) =>
    x.reduce((best, v, i) => {
      const old = x[best] as number;
      return !Number.isNaN(old) && (Number.isNaN(v) || better(v, old)) ? i : best;
    }, 0);
  const one = (x: Values, axis: number, name = `[${x.shape}] along ${axis}`): Case => ({
    name,
    inputs: [x],
    op: (t) => op(t, axis),
    reference: (v) => folded(v, { axes: axis }, fold, 'i32'),
  });
  return [
    ...SIZES.filter((n) => n > 0).flatMap((n) => [
      one(whole([4, n], 5, n, 'real'), 1),
      one(whole([n, 3], 4, n, 'real'), 0),
      one(spread([5, n]), 0),
    ]),
    one(spread([9]), 0),
    one(spread([2, 3, 4]), 1),
    one(spread([2, 3, 4]), 0),
    one(spread([0, 3]), 1),
    one(spread([3, 0]), 0),
    one(values([3, 3], [1, NAN, NAN, INF, -INF, INF, -0, 0, -0]), 1, 'NaN, infinities, zeros'),
    { ...one(spread([64, 257]), 1), bench: true },
  ];
}

/** Root of the mean square and largest magnitude. */
const magnitudes = ({ data }: Values): Values => {
  const high = data.some(Number.isNaN) ? NAN : data.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
  const squares = total(data.map((x) => (high > 0 ? x / high : 0) ** 2));
  const rms = Number.isFinite(high) ? high * Math.sqrt(squares / Math.max(data.length, 1)) : high;
  return values([2], [rms, high]);
};

const magnitude: Case[] = [
  ...[...SIZES, 16384, 16385, 40000].map((n) => spread([n], n)),
  spread([37, 64], 3),
  values([0], []),
  values([5], [0, -0, 0, 0, 0]),
  values([4], [1e30, -3e30, 2e38, 1]),
  values([4], [1e-30, -3e-30, 2e-25, 0]),
  values([4], [1, -INF, 2, 0]),
  values([4], [1, NAN, 2, INF]),
].map((x) => ({
  name: `[${x.shape}] from ${x.data[0]}`,
  inputs: [x],
  op: ops.magnitude,
  reference: magnitudes,
}));

export const reduction = {
  reduceSum: reduceCases(ops.reduceSum, total, { f32: 1e-4, f64: 1e-11 }),
  reduceMean: reduceCases(ops.reduceMean, mean),
  moments: [
    ...reduceCases(ops.reduceVariance, variance),
    ...reduceCases((x, options) => ops.meanAndVariance(x, options).mean, mean),
  ],
  magnitude,
  reduceMax: [...reduceCases(ops.reduceMax, largest), ties(ops.reduceMax, extreme(Math.max))],
  reduceMin: [...reduceCases(ops.reduceMin, smallest), ties(ops.reduceMin, extreme(Math.min))],
  argMax: argCases(ops.argMax, (a, b) => a > b),
  argMin: argCases(ops.argMin, (a, b) => a < b),
} as const;
