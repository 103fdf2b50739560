import { sizeOf } from '../../src/graph/shape.ts';
import * as ops from '../../src/ops/index.ts';
import { at, type Case, make, range, spread, type Values, values } from './case.ts';

interface Shape {
  readonly x: readonly [B: number, H: number, W: number, C: number];
  readonly w: readonly [KH: number, KW: number, depth: number, F: number];
  readonly strides?: readonly [number, number];
  readonly dilation?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly groups?: number;
}

const outShape = ({ x, w, ...o }: Shape): number[] => {
  const { strides = [1, 1], dilation = [1, 1], pads = [0, 0, 0, 0] } = o;
  const size = (axis: 0 | 1) => {
    const n = x[axis + 1]! + pads[2 * axis]! + pads[2 * axis + 1]!;
    return Math.floor((n - (w[axis]! - 1) * dilation[axis]! - 1) / strides[axis]!) + 1;
  };
  return [x[0], size(0), size(1), w[3]];
};

type Product = (y: number[], x: number[], w: number[]) => void;

/** Calls `visit` with the indices of each product that a convolution sums. */
function walk(s: Shape, visit: Product): void {
  const { strides = [1, 1], dilation = [1, 1], pads = [0, 0, 0, 0], groups = 1 } = s;
  const [B, OH, OW, F] = outShape(s) as [number, number, number, number];
  const [KH, KW, depth] = s.w;
  const [, H, W] = s.x;
  for (const b of range(B))
    for (const i of range(OH))
      for (const j of range(OW))
        for (const ky of range(KH))
          for (const kx of range(KW)) {
            const h = i * strides[0] + ky * dilation[0] - pads[0];
            const v = j * strides[1] + kx * dilation[1] - pads[2];
            if (h < 0 || h >= H || v < 0 || v >= W) continue;
            for (const f of range(F))
              for (const k of range(depth)) {
                const c = Math.floor(f / (F / groups)) * depth + k;
                visit([b, i, j, f], [b, h, v, c], [ky, kx, k, f]);
              }
          }
}

const flat = (shape: readonly number[], ix: number[]) =>
  ix.reduce((s, i, d) => s * shape[d]! + i, 0);

function sums(
  shape: readonly number[],
  s: Shape,
  term: (add: (ix: number[], v: number) => void) => Product,
) {
  const data = new Array<number>(sizeOf(shape)).fill(0);
  walk(
    s,
    term((ix, v) => {
      data[flat(shape, ix)]! += v;
    }),
  );
  return values(shape, data);
}

const convolution = (s: Shape, x: Values, w: Values) =>
  sums(outShape(s), s, (add) => (y, xi, wi) => add(y, at(x, ...xi) * at(w, ...wi)));

const FUNCTIONS = {
  linear: (z: number) => z,
  relu: (z: number) => Math.max(z, 0),
  sigmoid: (z: number) => 1 / (1 + Math.exp(-z)),
  tanh: Math.tanh,
};
type Activation = keyof typeof FUNCTIONS;

const tolerance = { f32: 1e-4, f64: 1e-12 };
const optionsOf = ({ x: _, w: __, ...rest }: Shape) => rest;
const title = ({ x, w, ...rest }: Shape) => `[${x}] [${w}] ${JSON.stringify(rest)}`;

const conv = (s: Shape, act: Activation, bias: boolean, more: Partial<Case> = {}): Case => ({
  name: `${title(s)} ${act}${bias ? ', bias' : ''}`,
  inputs: [spread(s.x, 1), spread(s.w, 2), ...(bias ? [spread([s.w[3]], 3)] : [])],
  op: (x, w, b) => ops.conv2d(x as never, w as never, b, { ...optionsOf(s), activation: act }),
  reference: (x, w, b) => {
    const z = convolution(s, x as Values, w as Values);
    return make(z.shape, (ix) => FUNCTIONS[act](at(z, ...ix) + (b ? at(b, ix[3]!) : 0)));
  },
  tolerance,
  ...more,
});

const inputGrad = (s: Shape, more: Partial<Case> = {}): Case => ({
  name: title(s),
  inputs: [spread(outShape(s), 1), spread(s.w, 2)],
  op: (dy, w) => ops.conv2dInputGrad(dy as never, w as never, [s.x[1], s.x[2]], optionsOf(s)),
  reference: (dy, w) =>
    sums(s.x, s, (add) => (y, x, k) => add(x, at(dy as Values, ...y) * at(w as Values, ...k))),
  tolerance,
  ...more,
});

const filterGrad = (s: Shape, more: Partial<Case> = {}): Case => ({
  name: title(s),
  inputs: [spread(s.x, 1), spread(outShape(s), 2)],
  op: (x, dy) => ops.conv2dFilterGrad(x as never, dy as never, [s.w[0], s.w[1]], optionsOf(s)),
  reference: (x, dy) =>
    sums(s.w, s, (add) => (y, xi, k) => add(k, at(dy as Values, ...y) * at(x as Values, ...xi))),
  tolerance,
  ...more,
});

/** Small ones, whose derivatives are checked too. */
const SMALL: readonly Shape[] = [
  { x: [2, 4, 5, 3], w: [3, 3, 3, 4], pads: [1, 1, 1, 1] },
  { x: [2, 5, 4, 2], w: [2, 3, 2, 3] },
  { x: [1, 6, 5, 2], w: [3, 2, 2, 3], strides: [2, 2], pads: [0, 1, 0, 1] },
  { x: [1, 7, 6, 1], w: [3, 3, 1, 2], strides: [3, 2], pads: [1, 1, 2, 0] },
  { x: [1, 7, 7, 2], w: [3, 2, 2, 2], dilation: [2, 3] },
  { x: [1, 8, 7, 2], w: [3, 3, 2, 2], dilation: [2, 1], strides: [2, 3], pads: [2, 2, 1, 1] },
  { x: [1, 5, 5, 1], w: [2, 2, 1, 1], strides: [3, 3] },
  { x: [2, 4, 4, 4], w: [3, 3, 2, 6], groups: 2, pads: [1, 1, 1, 1] },
  { x: [1, 5, 4, 6], w: [2, 2, 2, 3], groups: 3, strides: [2, 1] },
  { x: [2, 4, 4, 5], w: [3, 3, 1, 5], groups: 5, pads: [1, 1, 1, 1] },
  {
    x: [1, 6, 7, 3],
    w: [3, 3, 1, 3],
    groups: 3,
    strides: [2, 2],
    dilation: [1, 2],
    pads: [1, 1, 2, 2],
  },
  { x: [2, 3, 3, 4], w: [1, 1, 4, 3] },
  { x: [1, 2, 3, 2], w: [4, 3, 2, 2], pads: [3, 3, 2, 2] },
];

/** Sizes around tiles and vectors. */
const LARGER: readonly Shape[] = [
  ...range(20).map(
    (i): Shape => ({
      x: [(i % 3) + 1, (i % 7) + 3, ((i * 5) % 11) + 3, ((i * 7) % 20) + 1],
      w: [(i % 3) + 1, ((i * 2) % 3) + 1, ((i * 7) % 20) + 1, ((i * 13) % 20) + 1],
      strides: [(i % 2) + 1, ((i >> 1) % 2) + 1],
      pads: [i % 2, (i >> 2) % 2, 1, i % 3],
    }),
  ),
  ...[3, 4, 5, 8, 9].map(
    (C): Shape => ({
      x: [2, 6, 9, C],
      w: [3, 3, 1, C],
      groups: C,
      pads: [1, 1, 1, 1],
      strides: [C % 2 ? 1 : 2, 1],
    }),
  ),
  { x: [17, 5, 5, 3], w: [3, 3, 3, 9], pads: [1, 1, 1, 1] },
  { x: [16, 5, 7, 4], w: [3, 3, 4, 33], pads: [1, 1, 1, 1] },
  { x: [17, 3, 2, 5], w: [4, 3, 5, 16], pads: [3, 2, 1, 2] },
  { x: [16, 1, 1, 4], w: [3, 2, 4, 6], pads: [1, 1, 0, 1] },
  { x: [3, 6, 6, 10], w: [3, 3, 5, 10], groups: 2, pads: [1, 1, 1, 1] },
  { x: [2, 8, 9, 16], w: [3, 3, 16, 16], pads: [1, 1, 1, 1] },
  { x: [1, 10, 9, 20], w: [3, 3, 20, 16] },
  { x: [17, 6, 7, 16], w: [3, 3, 16, 20], pads: [2, 0, 1, 1] },
  { x: [2, 5, 4, 16], w: [3, 3, 16, 28], pads: [4, 3, 3, 5] },
  { x: [0, 8, 8, 16], w: [3, 3, 16, 16] },
  { x: [0, 4, 4, 2], w: [3, 3, 2, 3] },
  { x: [2, 4, 4, 0], w: [3, 3, 0, 3] },
  { x: [2, 4, 4, 2], w: [3, 3, 2, 0] },
];

const BENCH: readonly Shape[] = [
  { x: [2, 14, 14, 16], w: [3, 3, 16, 32], pads: [1, 1, 1, 1] },
  { x: [4, 28, 28, 1], w: [3, 3, 1, 16], pads: [1, 1, 1, 1] },
  { x: [2, 28, 28, 32], w: [3, 3, 1, 32], groups: 32, pads: [1, 1, 1, 1] },
];

const MULTIPLIED: readonly Shape[] = [
  { x: [1, 4, 4, 3], w: [3, 3, 1, 6], groups: 3, pads: [1, 1, 1, 1] },
  { x: [2, 5, 4, 2], w: [2, 2, 1, 6], groups: 2, strides: [2, 1] },
];

const benched = (list: readonly Shape[], make: (s: Shape, more: Partial<Case>) => Case) =>
  list.map((s) => make(s, { bench: true, tolerance: { f32: 1e-3, f64: 1e-10 } }));

/** The strided convolution of the course's sheets. */
const SHEET: Case = {
  name: '7×7 with stride 2',
  inputs: [
    values(
      [1, 7, 7, 1],
      [
        2, 3, 7, 4, 6, 2, 9, 6, 6, 9, 8, 7, 4, 3, 3, 4, 8, 3, 8, 9, 7, 7, 8, 3, 6, 6, 3, 4, 4, 2, 1,
        8, 3, 4, 6, 3, 2, 4, 1, 9, 8, 3, 0, 1, 3, 9, 2, 1, 4,
      ],
    ),
    values([3, 3, 1, 1], [3, 4, 4, 1, 0, 2, -1, 0, 3]),
  ],
  op: (x, w) => ops.conv2d(x as never, w as never, undefined, { strides: [2, 2] }),
  reference: () => values([1, 3, 3, 1], [91, 100, 88, 69, 91, 117, 44, 72, 74]),
  tolerance: { f32: 0, f64: 0 },
};

export const convolutions = {
  conv2d: [
    SHEET,
    ...SMALL.map((s, i) => conv(s, 'linear', i % 2 === 0, { order: 2 })),
    ...MULTIPLIED.map((s) => conv(s, 'linear', true, { order: 2 })),
    ...(Object.keys(FUNCTIONS) as Activation[]).flatMap((act) =>
      [SMALL[0]!, SMALL[7]!, SMALL[9]!].map((s) => conv(s, act, true, { order: 2 })),
    ),
    ...LARGER.map((s, i) => conv(s, i % 2 ? 'relu' : 'tanh', i % 3 === 0)),
    ...benched(BENCH, (s, more) => conv(s, 'relu', true, more)),
  ],
  conv2dInputGrad: [
    ...SMALL.map((s) => inputGrad(s, { order: 2 })),
    ...LARGER.map((s) => inputGrad(s)),
    ...benched(BENCH, inputGrad),
  ],
  conv2dFilterGrad: [
    ...SMALL.map((s) => filterGrad(s, { order: 2 })),
    ...LARGER.map((s) => filterGrad(s)),
    ...benched(BENCH, filterGrad),
  ],
} as const;
