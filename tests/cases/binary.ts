import type { Tensor } from '../../src/graph/tensor.ts';
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
import { mapCases } from './unary.ts';

/** Broadcasting in all its forms: whole, row, column, scalar, from either side, by repeating; empty ones. */
const PAIRS: readonly (readonly [a: number[], b: number[]])[] = [
  [[], []],
  [[5, 7], [7]],
  [[7], [5, 7]],
  [
    [5, 7],
    [5, 1],
  ],
  [
    [5, 1],
    [5, 7],
  ],
  [[5, 7], []],
  [[], [5, 7]],
  [
    [5, 7],
    [1, 1],
  ],
  [
    [5, 1],
    [1, 7],
  ],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [2, 3, 4],
    [2, 1, 4],
  ],
  [
    [2, 3, 4],
    [3, 4],
  ],
  [
    [2, 3, 4],
    [2, 3, 1],
  ],
  [
    [2, 3, 4],
    [2, 1, 1],
  ],
  [
    [4, 1, 3],
    [1, 5, 1],
  ],
  [[0, 3], [3]],
  [[3, 0], [1]],
  [
    [3, 0],
    [3, 1],
  ],
  [[1], [0]],
  [[33, 40], [40]],
  [
    [33, 40],
    [33, 1],
  ],
  [[40], [33, 1]],
];

type Op = (a: Tensor | number, b: Tensor | number) => Tensor;

interface Zip {
  readonly op: Op;
  readonly f: (a: number, b: number) => number;
  readonly bool?: boolean;
  /** Bounds of the operands. */
  readonly a?: readonly [number, number];
  readonly b?: readonly [number, number];
  readonly special?: readonly number[];
}

function zipCases({
  op,
  f,
  bool = false,
  a = [-2, 2],
  b = [-2, 2],
  special = SPECIAL,
}: Zip): Case[] {
  const reference = elementwise(f as (...x: number[]) => number, bool ? 'bool' : 'real');
  const operands = (sa: number[], sb: number[]): Values[] =>
    bool
      ? [whole(sa, 3, 1, 'real'), whole(sb, 3, 2, 'real')]
      : [spread(sa, 1, ...a), spread(sb, 2, ...b)];
  const order = bool ? 0 : 2;
  const common = { op, reference };
  const same = SIZES.map(
    (n): Case => ({
      ...common,
      name: `[${n}] [${n}]`,
      inputs: operands([n], [n]),
      order: n % 5 === 0 ? order : 0,
    }),
  );
  const pairs = PAIRS.map(([sa, sb]): Case => {
    const large = sa[0] === 33 || sb[0] === 33;
    return {
      ...common,
      name: `[${sa}] [${sb}]`,
      inputs: operands(sa, sb),
      order: large ? 0 : order,
    };
  });
  const n = special.length;
  const extreme = {
    ...common,
    name: 'special values',
    inputs: [values([n, 1], special), values([n], special)],
  };
  const rows = [[n, n], [n]] as const;
  const grid = values(
    rows[0],
    special.flatMap((x) => special.map(() => x)),
  );
  const numbers = [
    {
      ...common,
      name: 'tensor and number',
      op: (x: Tensor) => op(x, 1.5),
      reference: elementwise((x) => f(x as number, 1.5), bool ? 'bool' : 'real'),
      inputs: [spread([5, 7], 1, ...a)],
    },
    {
      ...common,
      name: 'number and tensor',
      op: (x: Tensor) => op(1.5, x),
      reference: elementwise((x) => f(1.5, x as number), bool ? 'bool' : 'real'),
      inputs: [spread([5, 7], 1, ...b)],
    },
  ];
  return [
    ...same,
    ...pairs,
    ...numbers,
    extreme,
    { ...common, name: 'special values in rows', inputs: [grid, values(rows[1], special)] },
    { ...common, name: '[64,257] [64,257]', inputs: operands([64, 257], [64, 257]), bench: true },
    { ...common, name: '[64,257] [257]', inputs: operands([64, 257], [257]), bench: true },
  ];
}

const NaNs = (a: number, b: number) => Number.isNaN(a) || Number.isNaN(b);

/** IEEE 754: pow(1, y) = 1 and pow(−1, ±∞) = 1. */
const pow = (a: number, b: number) =>
  a === 1 || (a === -1 && Math.abs(b) === Number.POSITIVE_INFINITY) ? 1 : a ** b;

const compare = (op: Op, f: (a: number, b: number) => boolean): Case[] =>
  zipCases({ op, f: (a, b) => Number(f(a, b)), bool: true });

export const binary = {
  affine: [
    ...mapCases({ op: (x) => ops.affine(x, 2.5, -0.75), f: (x) => 2.5 * x - 0.75 }),
    ...mapCases({ op: ops.neg, f: (x) => -x }).slice(0, 9),
  ],
  add: zipCases({ op: ops.add, f: (a, b) => a + b }),
  sub: zipCases({ op: ops.sub, f: (a, b) => a - b }),
  mul: zipCases({ op: ops.mul, f: (a, b) => a * b }),
  div: zipCases({ op: ops.div, f: (a, b) => a / b, b: [0.5, 2] }),
  maximum: zipCases({ op: ops.maximum, f: Math.max }),
  minimum: zipCases({ op: ops.minimum, f: Math.min }),
  equal: compare(ops.equal, (a, b) => a === b),
  notEqual: compare(ops.notEqual, (a, b) => a !== b),
  less: compare(ops.less, (a, b) => a < b),
  lessEqual: compare(ops.lessEqual, (a, b) => a <= b),
  greater: compare(ops.greater, (a, b) => a > b),
  greaterEqual: compare(ops.greaterEqual, (a, b) => a >= b),
  pow: zipCases({
    op: ops.pow,
    f: (a, b) => (NaNs(a, b) && a !== 1 && b !== 0 ? Number.NaN : pow(a, b)),
    a: [0.25, 2],
  }),
} as const;
