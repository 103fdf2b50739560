import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import {
  type Case,
  elementwise,
  INF,
  range,
  SIZES,
  spread,
  total,
  type Values,
  values,
  whole,
} from './case.ts';

type Row = readonly number[];

const rowsOf = (x: Values): Row[] => {
  const columns = x.shape.at(-1) as number;
  return columns
    ? range(x.data.length / columns).map((r) => x.data.slice(r * columns, (r + 1) * columns))
    : [];
};

const softmax = (x: Row) => {
  const most = Math.max(...x);
  const e = x.map((v) => Math.exp(v - most));
  const sum = total(e);
  return e.map((v) => v / sum);
};

const logSumExp = (x: Row) => {
  const most = Math.max(...x);
  return most + Math.log(total(x.map((v) => Math.exp(v - most))));
};

const logSoftmax = (x: Row) => {
  const most = Math.max(...x);
  const sum = logSumExp(x.map((v) => v - most));
  return x.map((v) => v - most - sum);
};

const SHAPES: readonly (readonly number[])[] = [
  ...SIZES.map((n) => [3, n + 1]),
  ...SIZES.map((n) => [n, 4]),
  [5],
  [2, 3, 4],
  [4, 0],
];

const orderAt = (i: number) => (i < 2 * SIZES.length && i % 6 ? 0 : 2);

function rowCases(op: (x: Tensor) => Tensor, f: (x: Row) => Row): Case[] {
  const one = (x: Values, more: Partial<Case>): Case => ({
    name: `[${x.shape}]`,
    inputs: [x],
    op,
    reference: (v) => values(v.shape, rowsOf(v).flatMap(f)),
    ...more,
  });
  return [
    ...SHAPES.map((shape, i) => one(spread(shape), { order: orderAt(i) })),
    one(values([4, 3], [1e4, -1e4, 0, 1e30, 1e30, -1e30, -INF, 0, 0, 3, 3, -INF]), {
      name: 'large and infinite',
    }),
    one(spread([64, 257]), { bench: true }),
  ];
}

const transposed = (x: Values) => {
  const [m, n] = x.shape as [number, number];
  return values(
    [n, m],
    range(n).flatMap((c) => range(m).map((r) => x.data[r * n + c] as number)),
  );
};

const alongRows: Case = {
  name: 'along axis 0',
  inputs: [spread([4, 3])],
  op: (x) => ops.along(x, 0, ops.softmax),
  order: 2,
  reference: (x) => transposed(values([3, 4], rowsOf(transposed(x)).flatMap(softmax))),
};

const labelled = (shape: readonly number[], more: Partial<Case> = {}): Case => ({
  name: `[${shape}]`,
  inputs: [spread(shape), whole(shape.slice(0, -1), Math.max(1, shape.at(-1) as number))],
  op: ops.softmaxCrossEntropy,
  reference: (x, labels) =>
    values(
      labels.shape,
      rowsOf(x).map((row, r) => logSumExp(row) - (row[labels.data[r] as number] ?? Number.NaN)),
    ),
  ...more,
});

const softmaxCrossEntropy = [
  ...SHAPES.filter((s) => s.at(-1) !== 0).map((shape, i) => labelled(shape, { order: orderAt(i) })),
  {
    ...labelled([3, 2]),
    name: 'labels outside',
    inputs: [spread([3, 2]), values([3], [-1, 2, 1], 'i32')],
  },
  {
    ...labelled([2, 2]),
    name: 'large logits',
    inputs: [values([2, 2], [1e4, -1e4, 1e4, -1e4]), values([2], [0, 1], 'i32')],
  },
  labelled([256, 10], { bench: true }),
];

const dense = (shape: readonly number[], more: Partial<Case> = {}): Case => ({
  name: `[${shape}]`,
  inputs: [spread(shape), spread(shape, 2, 0, 1)],
  op: ops.softmaxCrossEntropyDense,
  reference: (x, t) => {
    const targets = rowsOf(t);
    return values(
      x.shape.slice(0, -1),
      rowsOf(x).map(
        (row, r) => -total(logSoftmax(row).map((v, c) => v * (targets[r]?.[c] as number))),
      ),
    );
  },
  ...more,
});

const entropy = (x: number, t: number) =>
  Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))) - x * t;

const sigmoidCase = (shape: readonly number[], more: Partial<Case> = {}): Case => ({
  name: `[${shape}]`,
  inputs: [spread(shape), spread(shape, 2, 0, 1)],
  op: ops.sigmoidCrossEntropy,
  reference: elementwise((x, t) => entropy(x as number, t as number)),
  ...more,
});

export const softmaxes = {
  softmax: [...rowCases(ops.softmax, softmax), alongRows],
  logSoftmax: rowCases(ops.logSoftmax, logSoftmax),
  softmaxCrossEntropy,
  softmaxCrossEntropyDense: [
    ...SHAPES.filter((s) => s.at(-1) !== 0).map((s, i) => dense(s, { order: orderAt(i) })),
    dense([256, 10], { bench: true }),
  ],
  sigmoidCrossEntropy: [
    ...SIZES.map((n) => sigmoidCase([n], { order: n % 5 ? 0 : 2 })),
    sigmoidCase([5, 7], { order: 2 }),
    {
      ...sigmoidCase([4]),
      name: 'large logits',
      inputs: [values([4], [100, -100, 1e3, -1e3]), values([4], [1, 1, 0, 1])],
    },
    sigmoidCase([64, 257], { bench: true }),
  ],
} as const;
