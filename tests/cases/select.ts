import * as ops from '../../src/ops/index.ts';
import {
  type Case,
  elementwise,
  SIZES,
  SPECIAL,
  spread,
  type Values,
  values,
  whole,
} from './case.ts';

const chosen = elementwise((c, a, b) => (c !== 0 ? a : b) as number);

const whereCase = (
  shapes: readonly [number[], number[], number[]],
  more: Partial<Case> = { order: 2 },
): Case => ({
  name: shapes.map((s) => `[${s}]`).join(' '),
  inputs: [whole(shapes[0], 2, 1, 'bool'), spread(shapes[1], 2), spread(shapes[2], 3)],
  op: (c, a, b) => ops.where(c as never, a as never, b as never),
  reference: chosen,
  ...more,
});

const where = [
  ...SIZES.map((n) => whereCase([[n], [n], [n]], { order: n % 5 ? 0 : 2 })),
  whereCase([[5, 7], [7], []]),
  whereCase([[7], [5, 7], [5, 1]]),
  whereCase([[5, 1], [1, 7], [1]]),
  whereCase([[], [3], [2, 3]]),
  whereCase([[0, 3], [3], [0, 3]]),
  {
    ...whereCase([[SPECIAL.length], [SPECIAL.length], [SPECIAL.length]], {}),
    name: 'special values',
    inputs: [
      values([SPECIAL.length], SPECIAL),
      spread([SPECIAL.length]),
      values([SPECIAL.length], SPECIAL),
    ],
  },
  {
    name: 'numbers',
    inputs: [whole([5, 7], 2, 1, 'bool')],
    op: (c) => ops.where(c, 2, -1),
    reference: elementwise((c) => (c ? 2 : -1)),
  },
  whereCase(
    [
      [64, 257],
      [64, 257],
      [64, 257],
    ],
    { bench: true },
  ),
] satisfies Case[];

const equalCase = (shape: number[]): Case => ({
  name: `[${shape}]`,
  inputs: [whole(shape, 3, 1), whole(shape, 3, 2)],
  op: ops.equalI32,
  reference: elementwise((x, y) => Number(x === y), 'bool'),
});

const equalI32 = [
  ...SIZES.map((n) => equalCase([n])),
  equalCase([5, 7]),
  equalCase([]),
  {
    ...equalCase([4]),
    name: 'far ends',
    inputs: [
      values([4], [2147483647, -2147483648, 0, 7], 'i32'),
      values([4], [2147483647, 2147483647, 0, -7], 'i32'),
    ],
  },
  { ...equalCase([64, 257]), bench: true },
] satisfies Case[];

type Cast = Parameters<typeof ops.cast>;

const castCase = (
  name: string,
  x: Values,
  to: Cast[1],
  f: (v: number) => number,
  more: Partial<Case> = {},
  ...scaling: number[]
): Case => ({
  name,
  inputs: [x],
  op: (t) => ops.cast(t, to, ...scaling),
  reference: elementwise((v) => f(v as number), to),
  ...more,
});

/** Truncated, at the ends of the range beyond them, NaN 0. */
const truncated = (x: number) =>
  Number.isNaN(x) ? 0 : Math.trunc(Math.min(Math.max(x, -(2 ** 31)), 2 ** 31 - 1));
const itself = (x: number) => x;

const cast = [
  ...SIZES.flatMap((n) => [
    castCase(`real [${n}] to i32`, spread([n], 1, -50, 50), 'i32', truncated),
    castCase(`i32 [${n}] to real`, whole([n], 1000), 'real', itself),
    castCase(
      `u8 [${n}] to real`,
      whole([n], 256, 1, 'u8'),
      'real',
      (x) => x / 256 - 0.5,
      {},
      1 / 256,
      -0.5,
    ),
    castCase(`real [${n}] to real`, spread([n]), 'real', itself, { order: n % 5 ? 0 : 2 }),
  ]),
  castCase('i32 to i32', whole([5, 7], 1000), 'i32', itself),
  castCase('special values to i32', values([SPECIAL.length], SPECIAL), 'i32', truncated),
  castCase('i32 [64,257] to real', whole([64, 257], 1000), 'real', itself, { bench: true }),
];

export const selection = { where, equalI32, cast } as const;
