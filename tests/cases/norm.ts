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
} from './case.ts';

type Shape = readonly number[];

const mean = (x: readonly number[]) => total(x) / x.length;
const variance = (x: readonly number[]) => {
  const center = mean(x);
  return mean(x.map((v) => (v - center) ** 2));
};

/** x as [images, rows, columns]. */
function cube(x: Values): Values {
  const [images, columns] = [x.shape[0] as number, x.shape.at(-1) as number];
  return values([images, x.shape.slice(1, -1).reduce((a, b) => a * b, 1), columns], x.data);
}

/** The elements that share their moments with column c of image i. */
function shared(x: Values, i: number, c: number, perImage: boolean, groupSize: number): number[] {
  const [images, rows] = x.shape as [number, number, number];
  const first = c - (c % groupSize);
  return (perImage ? [i] : range(images)).flatMap((k) =>
    range(rows).flatMap((r) => range(groupSize).map((g) => at(x, k, r, first + g))),
  );
}

function momentsOf(given: Values, perImage: boolean): Values {
  const x = cube(given);
  const [images, , columns] = x.shape as [number, number, number];
  return make([perImage ? images : 1, 2, columns], ([i, which, c]) =>
    (which ? variance : mean)(shared(x, i as number, c as number, perImage, 1)),
  );
}

const SHAPES: readonly Shape[] = [
  ...SIZES.map((n) => [3, 2, n]),
  ...SIZES.map((n) => [n + 1, 3]),
  [2, 3, 2, 5],
  [4, 1, 6],
  [1, 7, 4],
];
/** Sizes that go in chunks. */
const LARGE: readonly Shape[] = [
  [3000, 2, 5],
  [64, 28, 16],
];

const orderAt = (i: number) => (i < 2 * SIZES.length && i % 6 ? 0 : 2);

const momentsCase = (shape: Shape, perImage: boolean, more: Partial<Case> = {}): Case => ({
  name: `[${shape}]${perImage ? ' of each image' : ''}`,
  inputs: [spread(shape)],
  op: (x) => ops.columnMoments(x, perImage),
  reference: (x) => momentsOf(x, perImage),
  ...more,
});

const scaleShiftCase = (shape: Shape, perImage: boolean, more: Partial<Case> = {}): Case => {
  const columns = shape.at(-1) as number;
  const numbers = perImage ? [shape[0] as number, columns] : [columns];
  return {
    name: `[${shape}] by [${numbers}]`,
    inputs: [spread(shape), spread(numbers, 2), spread(numbers, 3)],
    op: ops.scaleShift,
    reference: (x, a, b) =>
      make(shape, (ix) => {
        const place = perImage ? [ix[0] as number, ix.at(-1) as number] : [ix.at(-1) as number];
        return at(x, ...ix) * at(a, ...place) + at(b, ...place);
      }),
    ...more,
  };
};

interface Kind {
  readonly perImage?: boolean;
  readonly groupSize?: number;
  readonly epsilon?: number;
}

const batchNormCase = (
  shape: Shape,
  { perImage = false, groupSize = 1, epsilon = 1e-3 }: Kind = {},
  more: Partial<Case> = {},
): Case => ({
  name: `[${shape}] ${JSON.stringify({ perImage, groupSize })}`,
  inputs: [spread(shape), spread([shape.at(-1) as number], 2), spread([shape.at(-1) as number], 3)],
  op: (x, scale, offset) => {
    const columns = ops.columnMoments(x, perImage);
    const moments = groupSize > 1 ? ops.groupMoments(columns, groupSize) : columns;
    return ops.batchNorm(x, scale, offset, { moments, epsilon, groupSize });
  },
  reference: (given, scale, offset) => {
    const x = cube(given);
    const [images, , columns] = x.shape as [number, number, number];
    const stats = make([images, columns, 2], ([i, c, which]) => {
      if (!perImage && i) return 0;
      return (which ? variance : mean)(shared(x, i as number, c as number, perImage, groupSize));
    });
    const y = make(x.shape, (ix) => {
      const [i, , c] = ix as [number, number, number];
      const [m, v] = [0, 1].map((which) => at(stats, perImage ? i : 0, c, which)) as [
        number,
        number,
      ];
      const z = (at(x, ...ix) - m) / Math.sqrt(v + epsilon);
      return z * at(scale, c) + at(offset, c);
    });
    return values(shape, y.data);
  },
  tolerance: { f32: 4e-5, f64: 1e-11 },
  ...more,
});

const layerNormCase = (shape: Shape, centered = true, more: Partial<Case> = {}): Case => ({
  name: `[${shape}]${centered ? '' : ' by the root mean square'}`,
  inputs: [spread(shape), spread([shape.at(-1) as number], 2), spread([shape.at(-1) as number], 3)],
  op: (x, scale, offset) => ops.layerNorm(x, scale, offset, { centered }),
  reference: (x, scale, offset) =>
    make(shape, (ix) => {
      const row = range(shape.at(-1) as number).map((c) => at(x, ...ix.slice(0, -1), c));
      const center = centered ? mean(row) : 0;
      const size = Math.sqrt(mean(row.map((v) => (v - center) ** 2)) + 1e-3);
      const c = ix.at(-1) as number;
      return ((at(x, ...ix) - center) / size) * at(scale, c) + at(offset, c);
    }),
  tolerance: { f32: 4e-5, f64: 1e-11 },
  ...more,
});

/** Far from 0: deviations must not drown in the mean. */
const far = (shape: Shape, by: number): Values => {
  const { data } = spread(shape);
  return values(
    shape,
    data.map((v) => Math.fround(v + by)),
  );
};

export const norms = {
  columnMoments: [
    ...SHAPES.flatMap((shape, i) =>
      [false, true].map((perImage) => momentsCase(shape, perImage, { order: orderAt(i) })),
    ),
    ...LARGE.map((shape) => momentsCase(shape, false, { bench: true })),
    momentsCase([3000, 2, 5], false, {
      inputs: [far([3000, 2, 5], 1000)],
      name: 'far from 0',
      tolerance: { f32: 2e-4 },
    }),
    momentsCase([3, 2], false, { inputs: [values([3, 2], [1, 2, NAN, 3, 4, INF])], name: 'NaN' }),
  ],
  scaleShift: [
    ...SHAPES.flatMap((shape, i) =>
      [false, true].map((perImage) => scaleShiftCase(shape, perImage, { order: orderAt(i) })),
    ),
    ...LARGE.map((shape) => scaleShiftCase(shape, false, { bench: true })),
  ],
  batchNorm: [
    ...SHAPES.map((shape, i) => batchNormCase(shape, {}, { order: orderAt(i) })),
    ...SHAPES.map((shape, i) => batchNormCase(shape, { perImage: true }, { order: orderAt(i) })),
    ...LARGE.map((shape) => batchNormCase(shape, {}, { bench: true })),
    batchNormCase([3, 5, 6], { perImage: true, groupSize: 2 }, { order: 2 }),
    batchNormCase([3, 2, 4, 8], { perImage: true, groupSize: 4 }, { order: 2 }),
    batchNormCase([2, 3, 6], { perImage: true, groupSize: 6 }, { order: 2 }),
    batchNormCase([5, 4], { groupSize: 2, epsilon: 0.5 }, { order: 2 }),
    batchNormCase(
      [9, 4],
      {},
      {
        inputs: [values([9, 4], new Array(36).fill(3)), spread([4]), spread([4], 2)],
        name: 'constant columns',
      },
    ),
  ],
  layerNorm: [
    ...SHAPES.map((shape, i) => layerNormCase(shape, true, { order: orderAt(i) })),
    ...SHAPES.map((shape, i) => layerNormCase(shape, false, { order: orderAt(i) })),
    layerNormCase([5], true, { order: 2 }),
    layerNormCase([40, 300], true, { order: 1, bench: true }),
    layerNormCase([3, 4], true, {
      inputs: [far([3, 4], 100), spread([4], 2), spread([4], 3)],
      name: 'far from 0',
      tolerance: { f32: 2e-4 },
    }),
  ],
} satisfies Record<string, Case[]>;
