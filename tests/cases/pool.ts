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

type Shape = readonly number[];
type Fold = (x: readonly number[]) => number;
type Options = ops.PoolOptions | { readonly outputSize: readonly number[] };

/** Places [first, end) of the windows of an axis, without a look at the source. */
function windowsOf(n: number, axis: number, axes: number, options: Options): [number, number][] {
  if ('outputSize' in options) {
    const count = options.outputSize[axis] as number;
    return range(count).map((i) => [Math.floor((i * n) / count), Math.ceil(((i + 1) * n) / count)]);
  }
  const of = (given: number | readonly number[]) =>
    typeof given === 'number' ? given : (given[axis] as number);
  const { size, strides = size, padding = 'valid' } = options;
  const [k, s] = [of(size), of(strides)];
  const count = Math.ceil(n / s);
  const around = Math.max((count - 1) * s + k - n, 0);
  const own = typeof padding === 'object' && padding.length === axes ? padding[axis] : padding;
  const pads =
    own === 'same'
      ? [Math.floor(around / 2), Math.ceil(around / 2)]
      : own === 'valid'
        ? [0, 0]
        : typeof own === 'number'
          ? [own, own]
          : (own as readonly [number, number]);
  const found: [number, number][] = [];
  for (let p = -(pads[0] as number); p + k <= n + (pads[1] as number); p += s)
    found.push([Math.max(p, 0), Math.min(p + k, n)]);
  return found;
}

function pooled(x: Values, options: Options, fold: Fold): Values {
  const sizes = x.shape.slice(1, -1);
  const windows = sizes.map((n, a) => windowsOf(n, a, sizes.length, options));
  const shape = [x.shape[0] as number, ...windows.map((w) => w.length), x.shape.at(-1) as number];
  return make(shape, (ix) => {
    const places = windows.reduce<number[][]>(
      (found, axis, a) => {
        const [first, end] = axis[ix[a + 1] as number] as [number, number];
        return found.flatMap((p) => range(end - first).map((i) => [...p, first + i]));
      },
      [[]],
    );
    return fold(places.map((p) => at(x, ix[0] as number, ...p, ix.at(-1) as number)));
  });
}

const LIST: readonly (readonly [Shape, ops.PoolOptions])[] = [
  ...SIZES.filter((n) => n > 0).map((n) => [[2, 4, 4, n], { size: 2 }] as const),
  ...SIZES.filter((n) => n > 2).map((n) => [[1, n, 3, 2], { size: 2, padding: 'same' }] as const),
  [[13, 6, 8, 5], { size: 2 }],
  [[2, 5, 5, 1], { size: 3, strides: 1 }],
  [[2, 5, 7, 3], { size: [2, 3], strides: [3, 2], padding: 'same' }],
  [[2, 5, 7, 3], { size: 3, strides: 2, padding: 1 }],
  [[2, 5, 7, 4], { size: 3, strides: 2, padding: [1, 2] }],
  [
    [2, 6, 7, 4],
    {
      size: 3,
      strides: 2,
      padding: [
        [0, 1],
        [2, 0],
      ],
    },
  ],
  [[2, 6, 6, 5], { size: 2, strides: 3 }],
  [[2, 7, 7, 5], { size: 7 }],
  [[3, 9, 4], { size: 3 }],
  [[3, 8, 3], { size: 2, strides: 1, padding: 'same' }],
  [[2, 4, 3, 5, 4], { size: 2 }],
  [[2, 4, 4, 6, 3], { size: [2, 2, 3], strides: [1, 2, 3], padding: 'same' }],
  [[0, 4, 4, 2], { size: 2 }],
];

const ADAPTIVE: readonly (readonly [Shape, readonly number[]])[] = [
  [
    [2, 7, 5, 3],
    [3, 2],
  ],
  [
    [2, 5, 5, 5],
    [5, 5],
  ],
  [
    [2, 3, 4, 2],
    [5, 3],
  ],
  [
    [2, 6, 5, 7],
    [1, 1],
  ],
  [[2, 10, 4], [4]],
  [
    [2, 4, 5, 3, 2],
    [2, 3, 1],
  ],
];

type Pool = (
  x: Parameters<typeof ops.maxPool>[0],
  options: ops.PoolOptions,
) => ReturnType<typeof ops.maxPool>;
type Adaptive = typeof ops.adaptiveMaxPool;

const one = (
  pool: Pool,
  fold: Fold,
  shape: Shape,
  options: ops.PoolOptions,
  more: Partial<Case> = {},
): Case => ({
  name: `[${shape}] ${JSON.stringify(options)}`,
  inputs: [spread(shape)],
  op: (x) => pool(x, options),
  reference: (x) => pooled(x, options, fold),
  ...more,
});

function poolCases(pool: Pool, adaptive: Adaptive, fold: Fold): Case[] {
  return [
    ...LIST.map(([shape, options], i) =>
      one(pool, fold, shape, options, { order: i > 12 && i < 38 && i % 4 ? 0 : 2 }),
    ),
    ...ADAPTIVE.map(
      ([shape, outputSize]): Case => ({
        name: `[${shape}] to [${outputSize}]`,
        inputs: [spread(shape)],
        op: (x) => adaptive(x, outputSize),
        reference: (x) => pooled(x, { outputSize }, fold),
        order: 2,
      }),
    ),
    one(pool, fold, [16, 28, 28, 16], { size: 2 }, { bench: true }),
    one(
      pool,
      fold,
      [1, 3, 3, 1],
      { size: 2, strides: 1 },
      {
        name: 'NaN and infinities',
        inputs: [values([1, 3, 3, 1], [NAN, 1, 2, 3, -INF, -INF, INF, -INF, -INF])],
      },
    ),
  ];
}

const largest: Fold = (x) => x.reduce((a, b) => Math.max(a, b), -INF);
const mean: Fold = (x) => total(x) / x.length;

/** The gradient of equal elements goes to the first: here with dy = 1 as the value. */
const ties: Case = {
  name: 'the first of equal elements gets the gradient',
  inputs: [whole([2, 6, 6, 5], 3, 1, 'real')],
  op: (x) => {
    const y = ops.maxPool(x, { size: 3, strides: 2 });
    const [dx] = y.op.grad?.(ops.expand(ops.scalar(1), y.shape), y) ?? [];
    return dx as typeof y;
  },
  reference: (x) => {
    const dx = new Array<number>(x.data.length).fill(0);
    make([2, 2, 2, 5], ([b, i, j, c]) => {
      const places = range(9).map(
        (k) =>
          (((b as number) * 6 + 2 * (i as number) + Math.floor(k / 3)) * 6 +
            2 * (j as number) +
            (k % 3)) *
            5 +
          (c as number),
      );
      const most = Math.max(...places.map((p) => x.data[p] as number));
      const first = places.find((p) => x.data[p] === most) as number;
      dx[first] = (dx[first] as number) + 1;
      return 0;
    });
    return values(x.shape, dx);
  },
};

/** The sheet of COURSE.md E1. */
const course: Case = {
  name: 'course',
  inputs: [
    values(
      [1, 5, 5, 1],
      [1, 3, 2, 1, 3, 2, 9, 1, 1, 5, 1, 3, 2, 3, 2, 8, 3, 5, 1, 0, 5, 6, 1, 2, 9],
    ),
  ],
  op: (x) => ops.maxPool(x, { size: 3, strides: 1 }),
  reference: () => values([1, 3, 3, 1], [9, 9, 5, 9, 9, 5, 8, 6, 9]),
};

export const pools = {
  maxPool: [...poolCases(ops.maxPool, ops.adaptiveMaxPool, largest), ties, course],
  averagePool: poolCases(ops.averagePool, ops.adaptiveAveragePool, mean),
} satisfies Record<string, Case[]>;
