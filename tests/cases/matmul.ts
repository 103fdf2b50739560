import * as ops from '../../src/ops/index.ts';
import { at, type Case, make, range, spread, total, type Values } from './case.ts';

interface Options {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** C[.., i, j] = Σ A[.., i, k]·B[.., k, j], leading axes broadcast. */
function product(
  a: Values,
  b: Values,
  { transposeA = false, transposeB = false }: Options,
): Values {
  const [M, K] = transposeA ? a.shape.slice(-2).reverse() : a.shape.slice(-2);
  const N = b.shape.at(transposeB ? -2 : -1) as number;
  const rank = Math.max(a.shape.length, b.shape.length);
  const batch = range(rank - 2).map((d) => {
    const [m, n] = [
      a.shape[d - rank + a.shape.length] ?? 1,
      b.shape[d - rank + b.shape.length] ?? 1,
    ];
    return m === 1 ? n : m;
  });
  return make([...batch, M as number, N], (ix) => {
    const [i, j] = ix.slice(-2) as [number, number];
    const lead = ix.slice(0, -2);
    const left = (k: number) => (transposeA ? at(a, ...lead, k, i) : at(a, ...lead, i, k));
    const right = (k: number) => (transposeB ? at(b, ...lead, j, k) : at(b, ...lead, k, j));
    return total(range(K as number).map((k) => left(k) * right(k)));
  });
}

const FORMS: readonly Options[] = [
  {},
  { transposeA: true },
  { transposeB: true },
  { transposeA: true, transposeB: true },
];

const flip = (shape: number[], yes?: boolean) =>
  yes ? [...shape.slice(0, -2), ...shape.slice(-2).reverse()] : shape;

const tolerance = { f32: 1e-4, f64: 1e-12 };
/** For operands beyond the cache, whose sums are long. */
const LONG = { f32: 1e-2, f64: 1e-10 };

const matMulCase = (
  a: number[],
  b: number[],
  options: Options = {},
  more: Partial<Case> = { order: 2 },
): Case => {
  const [sa, sb] = [flip(a, options.transposeA), flip(b, options.transposeB)];
  return {
    name: `[${sa}]${options.transposeA ? 'ᵀ' : ''} [${sb}]${options.transposeB ? 'ᵀ' : ''}`,
    inputs: [spread(sa, 1), spread(sb, 2)],
    op: (x, y) => ops.matMul(x, y, options),
    reference: (x, y) => product(x, y, options),
    tolerance,
    ...more,
  };
};

/** Sizes around tiles (4 … 8 rows, 2 … 8 columns), one row or column, nothing. */
const SHAPES: readonly (readonly [M: number, N: number, K: number])[] = [
  ...range(20).map((i) => [i + 1, ((i * 7) % 20) + 1, ((i * 13) % 20) + 1] as const),
  [0, 3, 4],
  [3, 0, 4],
  [3, 4, 0],
  [24, 16, 32],
  [23, 17, 31],
  [25, 33, 9],
  [48, 8, 6],
  [13, 40, 7],
  [7, 130, 5],
  [1, 300, 9],
  [1, 31, 129],
  [300, 1, 9],
  [6, 8, 300],
];

const BATCHES: readonly (readonly [a: number[], b: number[]])[] = [
  [
    [2, 3, 4],
    [2, 4, 5],
  ],
  [
    [2, 3, 4],
    [4, 5],
  ],
  [
    [2, 2, 3, 4],
    [4, 2],
  ],
  [
    [2, 1, 3, 4],
    [3, 4, 2],
  ],
  [
    [3, 4],
    [2, 4, 5],
  ],
  [
    [1, 3, 4],
    [2, 4, 1],
  ],
  [
    [2, 3, 0],
    [2, 0, 2],
  ],
  [
    [0, 3, 4],
    [0, 4, 2],
  ],
  [
    [2, 0, 4],
    [2, 4, 3],
  ],
  [
    [2, 2, 3],
    [1, 3, 2],
  ],
  [
    [2, 3, 2, 3],
    [1, 3, 3, 2],
  ],
  [
    [3, 2, 2, 3],
    [3, 1, 3, 2],
  ],
  [
    [2, 2, 2, 1, 3],
    [2, 1, 3, 2],
  ],
  [
    [1, 2, 1, 2, 3],
    [2, 1, 2, 3, 2],
  ],
  [
    [2, 1, 3],
    [2, 3, 3],
  ],
  [
    [4, 3],
    [2, 1, 3, 1],
  ],
];

/** Sizes that are packed: several items a thread, parts of the rows of few, blocks of B and of a transposed A, few large ones. */
const PACKED: readonly (readonly [a: number[], b: number[]])[] = [
  [
    [5, 19, 20],
    [5, 20, 23],
  ],
  [
    [33, 7, 30],
    [33, 30, 21],
  ],
  [
    [3, 96, 13],
    [3, 13, 11],
  ],
  [
    [2, 51, 80],
    [2, 80, 17],
  ],
  [
    [2, 20, 9],
    [2, 9, 270],
  ],
  [
    [2, 3, 25, 20],
    [2, 1, 20, 19],
  ],
  [
    [3, 25, 20],
    [2, 3, 20, 19],
  ],
  [
    [2, 67, 64],
    [2, 64, 63],
  ],
  [
    [2, 3, 67, 64],
    [2, 1, 64, 63],
  ],
  [
    [40, 3, 4],
    [40, 4, 5],
  ],
  [
    [3, 1, 70],
    [3, 70, 65],
  ],
  [
    [3, 65, 70],
    [3, 70, 1],
  ],
];

const matMul = [
  ...SHAPES.flatMap(([M, N, K]) =>
    FORMS.map((form) =>
      matMulCase(
        [M, K],
        [K, N],
        form,
        M <= 5 && N <= 6 ? { order: 2 } : M * N * K < 7000 ? { order: 1 } : {},
      ),
    ),
  ),
  ...BATCHES.flatMap(([a, b]) => FORMS.map((form) => matMulCase(a, b, form))),
  ...PACKED.flatMap(([a, b]) => FORMS.map((form) => matMulCase(a, b, form, {}))),
  matMulCase([2, 7, 18], [2, 18, 36], {}, { order: 1 }),
  matMulCase([3, 17, 20], [3, 20, 18], {}, {}),
  matMulCase([3, 17, 20], [3, 20, 18], { transposeA: true, transposeB: true }, {}),
  matMulCase([5603, 97], [97, 3], { transposeA: true }, { tolerance: LONG }),
  matMulCase([128, 128], [128, 128], {}, { bench: true }),
];

type Activation = NonNullable<Parameters<typeof ops.linear>[3]>;

const FUNCTIONS: Record<Activation, (z: number) => number> = {
  linear: (z) => z,
  relu: (z) => Math.max(z, 0),
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  tanh: Math.tanh,
};

const linearCase = (
  x: number[],
  N: number,
  act: Activation,
  bias: boolean,
  more: Partial<Case> = { order: 2 },
): Case => {
  const inputs = [
    spread(x, 1),
    spread([x.at(-1) as number, N], 2),
    ...(bias ? [spread([N], 3)] : []),
  ];
  return {
    name: `[${x}] to ${N}, ${act}${bias ? ', bias' : ''}`,
    inputs,
    op: (v, w, b) => ops.linear(v as never, w as never, b, act),
    reference: (v, w, b) => {
      const z = product(v as Values, w as Values, {});
      return make(z.shape, (ix) =>
        FUNCTIONS[act](at(z, ...ix) + (b ? at(b, ix.at(-1) as number) : 0)),
      );
    },
    tolerance,
    ...more,
  };
};

const linear = (Object.keys(FUNCTIONS) as Activation[]).flatMap((act) => [
  ...[true, false].flatMap((bias) => [
    linearCase([3, 4], 5, act, bias),
    linearCase([2, 3, 4], 2, act, bias),
    linearCase([1, 5], 3, act, bias),
    ...range(20).map((i) =>
      linearCase([((i * 7) % 20) + 1, i + 1], ((i * 13) % 20) + 1, act, bias, {}),
    ),
    linearCase([0, 3], 2, act, bias),
    linearCase([3, 0], 2, act, bias),
    linearCase([2, 3], 0, act, bias),
    linearCase([33, 40], 19, act, bias, {}),
    linearCase([1, 150], 40, act, bias, {}),
    linearCase([7, 20], 130, act, bias, {}),
  ]),
  linearCase([41, 13001], 9, act, true, { tolerance: LONG }),
  linearCase([64, 128], 64, act, true, { bench: true }),
]);

const SLOPES = {
  relu: (y: number) => (y > 0 ? 1 : 0),
  sigmoid: (y: number) => y * (1 - y),
  tanh: (y: number) => 1 - y * y,
} as const;

const GRADIENTS = { relu: ops.reluGrad, sigmoid: ops.sigmoidGrad, tanh: ops.tanhGrad };

/** A product times a slope: one node of the program. */
const slopeCase = (
  of: keyof typeof SLOPES,
  a: number[],
  b: number[],
  { transposeA = false, transposeB = false }: Options,
  more: Partial<Case> = { order: 2 },
): Case => {
  const options = { transposeA, transposeB };
  const [sa, sb] = [flip(a, transposeA), flip(b, transposeB)];
  return {
    name: `${of} [${sa}]${transposeA ? 'ᵀ' : ''} [${sb}]${transposeB ? 'ᵀ' : ''}`,
    inputs: [spread(sa, 1), spread(sb, 2), spread([...a.slice(0, -1), b[1] as number], 3)],
    op: (x, w, y) => GRADIENTS[of](ops.matMul(x as never, w as never, options), y as never, 0),
    reference: (x, w, y) => {
      const c = product(x as Values, w as Values, options);
      return make(c.shape, (ix) => at(c, ...ix) * SLOPES[of](at(y as Values, ...ix)));
    },
    tolerance,
    ...more,
  };
};

const slopes = (Object.keys(SLOPES) as (keyof typeof SLOPES)[]).flatMap((of) => [
  ...FORMS.map((form) => slopeCase(of, [3, 4], [4, 5], form)),
  slopeCase(of, [2, 3, 4], [4, 5], { transposeB: true }),
  ...[
    [1, 8, 3],
    [5, 1, 4],
    [0, 3, 4],
    [3, 4, 0],
    [25, 19, 30],
    [26, 40, 7],
    [7, 130, 65],
  ].flatMap(([M, N, K]) =>
    FORMS.map((form) =>
      slopeCase(of, [M as number, K as number], [K as number, N as number], form, {}),
    ),
  ),
]);

export const products = { matMul: [...matMul, ...slopes], linear } as const;
