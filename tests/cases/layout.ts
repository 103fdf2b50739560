import * as ops from '../../src/ops/index.ts';
import {
  at,
  type Case,
  elementwise,
  make,
  range,
  SIZES,
  spread,
  type Values,
  values,
  whole,
} from './case.ts';

const same = (shape: readonly number[]) => (x: Values) => values(shape, x.data, x.dtype);

const reshapeCase = (from: number[], to: number[], shape = to): Case => ({
  name: `[${from}] to [${to}]`,
  inputs: [spread(from)],
  op: (x) => ops.reshape(x, to),
  reference: same(shape),
  order: 2,
});

const reshape = [
  reshapeCase([6], [2, 3]),
  reshapeCase([2, 3, 4], [4, -1], [4, 6]),
  reshapeCase([1], []),
  reshapeCase([], [1, 1]),
  reshapeCase([0, 3], [5, 0]),
  { ...reshapeCase([2, 3, 4], [2, 12]), name: 'flattenRows', op: ops.flattenRows },
  { ...reshapeCase([1, 3, 1], [3]), name: 'squeeze', op: (x) => ops.squeeze(x) },
  { ...reshapeCase([1, 3, 1], [1, 3]), name: 'squeeze the last', op: (x) => ops.squeeze(x, -1) },
  { ...reshapeCase([2, 3], [2, 1, 3]), name: 'unsqueeze', op: (x) => ops.unsqueeze(x, 1) },
  {
    ...reshapeCase([2, 3], [2, 3, 1]),
    name: 'unsqueeze the last',
    op: (x) => ops.unsqueeze(x, -1),
  },
] satisfies Case[];

const transposeCase = (
  shape: number[],
  perm?: number[],
  more: Partial<Case> = { order: 2 },
): Case => ({
  name: `[${shape}]${perm ? ` by ${perm}` : ''}`,
  inputs: [spread(shape)],
  op: (x) => ops.transpose(x, perm),
  reference: (x) => {
    const order = perm ?? range(shape.length).reverse();
    const axes = order.map((p) => (p < 0 ? p + shape.length : p));
    return make(
      axes.map((p) => shape[p] as number),
      (ix) => at(x, ...range(shape.length).map((a) => ix[axes.indexOf(a)] as number)),
    );
  },
  ...more,
});

const transpose = [
  ...SIZES.map((n) => transposeCase([n, 5], undefined, {})),
  ...SIZES.map((n) => transposeCase([9, n], undefined, {})),
  transposeCase([7]),
  transposeCase([]),
  transposeCase([3, 4], [0, 1]),
  transposeCase([3, 4], [-1, 0]),
  ...[
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ].map((p) => transposeCase([2, 3, 4], p)),
  transposeCase([2, 3, 2, 2], [0, 2, 1, 3]),
  transposeCase([2, 3, 2, 2], [3, 1, 2, 0]),
  transposeCase([2, 1, 3, 1, 2], [4, 3, 0, 1, 2]),
  transposeCase([2, 2, 2, 2, 2, 2], [5, 3, 1, 0, 2, 4]),
  transposeCase([2, 0, 3], [2, 0, 1]),
  transposeCase([130, 257], undefined, { bench: true }),
  transposeCase([20, 30, 40], [1, 2, 0], { bench: true }),
];

const expandCase = (from: number[], to: number[], more: Partial<Case> = { order: 2 }): Case => ({
  name: `[${from}] to [${to}]`,
  inputs: [spread(from)],
  op: (x) => ops.expand(x, to),
  reference: (x) => make(to, (ix) => at(x, ...ix)),
  ...more,
});

const expand = [
  ...SIZES.map((n) => expandCase([1], [n], { order: n % 5 ? 0 : 2 })),
  ...SIZES.map((n) => expandCase([n, 1], [n, 3], {})),
  expandCase([], []),
  expandCase([], [2, 3]),
  expandCase([3], [2, 3]),
  expandCase([2, 1], [2, 3]),
  expandCase([2, 1, 3], [4, 2, 5, 3]),
  expandCase([1, 3, 1, 2], [2, 3, 2, 2]),
  expandCase([1, 2, 1, 2, 1, 2], [2, 2, 2, 2, 2, 2]),
  expandCase([3], [0, 3]),
  expandCase([0], [2, 0]),
  expandCase([257], [64, 257], { bench: true }),
];

const sliceCase = (
  shape: number[],
  begin: number[],
  size: number[],
  more: Partial<Case> = { order: 2 },
): Case => ({
  name: `[${size}] from [${begin}] of [${shape}]`,
  inputs: [spread(shape)],
  op: (x) => ops.slice(x, begin, size),
  reference: (x) => {
    const sizes = size.map((n, i) => (n === -1 ? (shape[i] as number) - (begin[i] as number) : n));
    return make(sizes, (ix) => at(x, ...ix.map((i, d) => i + (begin[d] as number))));
  },
  ...more,
});

const slice = [
  ...SIZES.map((n) => sliceCase([n + 3], [2], [n], { order: n % 5 ? 0 : 2 })),
  ...SIZES.map((n) => sliceCase([7, n + 2], [1, 1], [5, n], {})),
  sliceCase([3, 4], [0, 0], [3, 4]),
  sliceCase([3, 4], [1, 0], [2, 4]),
  sliceCase([3, 4], [0, 2], [-1, -1]),
  sliceCase([2, 3, 4], [1, 1, 1], [1, 2, 2]),
  sliceCase([2, 3, 2, 2, 2, 2], [0, 1, 0, 1, 0, 1], [2, 2, 2, 1, 2, 1]),
  sliceCase([], [], []),
  sliceCase([3], [3], [0]),
  sliceCase([0, 3], [0, 1], [0, 2]),
  sliceCase([80, 300], [3, 5], [64, 257], { bench: true }),
];

const padCase = (
  shape: number[],
  before: number[],
  after: number[],
  value = 0,
  more: Partial<Case> = { order: 2 },
): Case => ({
  name: `[${shape}] by [${before}] [${after}] of ${value}`,
  inputs: [spread(shape)],
  op: (x) => ops.pad(x, before, after, value),
  reference: (x) => {
    const inside = (ix: readonly number[]) =>
      ix.every((i, d) => i >= 0 && i < (shape[d] as number));
    return make(
      shape.map((n, d) => n + (before[d] as number) + (after[d] as number)),
      (ix) => {
        const from = ix.map((i, d) => i - (before[d] as number));
        return inside(from) ? at(x, ...from) : value;
      },
    );
  },
  ...more,
});

const pad = [
  ...SIZES.map((n) => padCase([n], [2], [1], 0.5, { order: n % 5 ? 0 : 2 })),
  ...SIZES.map((n) => padCase([3, n], [0, 1], [2, 0], -1, {})),
  padCase([2, 3], [0, 0], [0, 0]),
  padCase([2, 3, 2], [1, 0, 2], [0, 1, 1], 3),
  padCase([2, 1, 2, 1, 2, 2], [0, 1, 0, 1, 0, 1], [1, 0, 1, 0, 1, 0]),
  padCase([], [], []),
  padCase([0, 2], [1, 1], [1, 1]),
  padCase([60, 250], [2, 3], [2, 4], 0, { bench: true }),
];

const concatCase = (
  shapes: number[][],
  axis?: number,
  more: Partial<Case> = { order: 2 },
): Case => ({
  name: `${shapes.map((s) => `[${s}]`).join(' ')} along ${axis}`,
  inputs: shapes.map((s, i) => spread(s, i + 1)),
  op: (...x) => ops.concat(x, axis),
  reference: (...x) => {
    const [first] = shapes as [number[]];
    const along = ((axis ?? -1) + first.length) % first.length;
    const sizes = shapes.map((s) => s[along] as number);
    const all = sizes.reduce((a, b) => a + b, 0);
    return make(first.with(along, all), (ix) => {
      let [which, i] = [0, ix[along] as number];
      for (; i >= (sizes[which] as number); which++) i -= sizes[which] as number;
      return at(x[which] as Values, ...ix.with(along, i));
    });
  },
  ...more,
});

const concat = [
  ...SIZES.map((n) => concatCase([[n], [3]], 0, { order: n % 5 ? 0 : 2 })),
  ...SIZES.map((n) =>
    concatCase(
      [
        [4, 2],
        [4, n],
        [4, 1],
      ],
      1,
      {},
    ),
  ),
  concatCase(
    [
      [2, 3],
      [4, 3],
    ],
    0,
  ),
  concatCase([
    [2, 3],
    [2, 1],
  ]),
  concatCase(
    [
      [2, 1, 2],
      [2, 3, 2],
      [2, 0, 2],
    ],
    1,
  ),
  concatCase([[2, 2]], -2),
  concatCase(
    [
      [0, 3],
      [0, 2],
    ],
    1,
  ),
  concatCase(
    [
      [2, 1, 2, 1, 2, 2],
      [2, 2, 2, 1, 2, 2],
    ],
    1,
  ),
  concatCase(
    [
      [64, 100],
      [64, 157],
    ],
    1,
    { bench: true },
  ),
];

/** The value as it is, from one of the places where values come from. */
const leafCase = (from: NonNullable<Values['from']>, x: Values): Case => ({
  name: `${x.dtype} [${x.shape}]`,
  inputs: [{ ...x, from }],
  op: (t) => t,
  reference: (t) => t,
});

const leaves = (from: NonNullable<Values['from']>) =>
  [spread([]), spread([0]), spread([3, 5]), whole([7], 9), whole([6], 256, 1, 'u8')].map((x) =>
    leafCase(from, x),
  );

const zero = elementwise((x) => x as number);

export const layout = {
  reshape,
  transpose,
  expand,
  slice,
  pad,
  concat,
  input: leaves('input'),
  read: leaves('variable'),
  external: leaves('external'),
  stopGradient: [
    ...leaves('constant'),
    { name: '[5,7]', inputs: [spread([5, 7])], op: ops.stopGradient, reference: zero },
  ],
} as const;
