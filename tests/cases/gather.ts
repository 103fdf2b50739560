import * as ops from '../../src/ops/index.ts';
import { at, type Case, make, NAN, SIZES, spread, type Values, values, whole } from './case.ts';

const inside = (i: number, n: number) => i >= 0 && i < n;

/** Element `rest` of row i of the table; NaN where there is no such row. */
const row = (table: Values, i: number, rest: readonly number[]) =>
  inside(i, table.shape[0] as number) ? at(table, i, ...rest) : NAN;

const gatherCase = (
  name: string,
  table: Values,
  index: Values,
  more: Partial<Case> = { order: 2 },
): Case => ({
  name,
  inputs: [table, index],
  op: ops.gather,
  reference: (t, i) => {
    const [n, rank] = [[...i.shape, ...t.shape.slice(1)], i.shape.length];
    return make(n, (ix) => row(t, at(i, ...ix.slice(0, rank)), ix.slice(rank)));
  },
  ...more,
});

const indices = (...data: number[]) => values([data.length], data, 'i32');

const gather = [
  ...SIZES.map((n) =>
    gatherCase(`${n} of [5,3]`, spread([5, 3]), whole([n], 5), n % 5 ? {} : { order: 2 }),
  ),
  ...[1, 2, 4, 7, 8, 9, 17].map((n) => gatherCase(`7 of [4,${n}]`, spread([4, n]), whole([7], 4))),
  gatherCase('[2,3] of [5,2,2]', spread([5, 2, 2]), whole([2, 3], 5)),
  gatherCase('[4] of [6]', spread([6]), whole([4], 6)),
  gatherCase('[] of [6,2]', spread([6, 2]), whole([], 6)),
  gatherCase('[3] of [2,0]', spread([2, 0]), whole([3], 2)),
  gatherCase('outside', spread([3, 2]), indices(0, -1, 3, 2, 2147483647, -2147483648), {}),
  gatherCase('256 of [1000,64]', spread([1000, 64]), whole([256], 1000), { bench: true }),
];

const scatterCase = (
  name: string,
  x: Values,
  index: Values,
  n: number,
  rest: number[],
  more: Partial<Case> = { order: 2 },
): Case => ({
  name,
  inputs: [x, index],
  op: (a, i) => ops.scatterAdd(a, i, n, rest),
  reference: (a, i) => {
    const columns = rest.reduce((p, s) => p * s, 1);
    const flat = new Array<number>(n * columns).fill(0);
    i.data.forEach((to, r) => {
      for (let c = 0; inside(to, n) && c < columns; c++) {
        flat[to * columns + c] =
          (flat[to * columns + c] as number) + (a.data[r * columns + c] as number);
      }
    });
    return values([n, ...rest], flat);
  },
  ...more,
});

const scatterAdd = [
  ...SIZES.map((n) =>
    scatterCase(`${n} to [5,3]`, spread([n, 3]), whole([n], 5), 5, [3], n % 5 ? {} : { order: 2 }),
  ),
  ...[1, 2, 4, 7, 8, 9, 17].map((n) =>
    scatterCase(`7 to [4,${n}]`, spread([7, n]), whole([7], 4), 4, [n]),
  ),
  scatterCase('[2,3] to [5,2,2]', spread([2, 3, 2, 2]), whole([2, 3], 5), 5, [2, 2]),
  scatterCase('[4] to [6]', spread([4]), whole([4], 6), 6, []),
  scatterCase('[3] to [0,2]', spread([3, 2]), whole([3], 1), 0, [2], {}),
  scatterCase('256 to [1000,64]', spread([256, 64]), whole([256], 1000), 1000, [64], {
    bench: true,
  }),
];

const oneHotCase = (
  name: string,
  labels: Values,
  classes: number,
  on = 1,
  off = 0,
  more: Partial<Case> = {},
): Case => ({
  name,
  inputs: [labels],
  op: (l) => ops.oneHot(l, classes, on, off),
  reference: (l) =>
    make([...l.shape, classes], (ix) => (at(l, ...ix.slice(0, -1)) === ix.at(-1) ? on : off)),
  ...more,
});

const oneHot = [
  ...SIZES.map((n) => oneHotCase(`[${n}]`, whole([n], 4), 4)),
  ...SIZES.map((n) => oneHotCase(`${n} classes`, whole([7], Math.max(1, n)), n, 0.75, -0.5)),
  oneHotCase('[2,3]', whole([2, 3], 5), 5),
  oneHotCase('[]', whole([], 5), 5),
  oneHotCase('outside', indices(-1, 3, 1, 2147483647), 3),
  oneHotCase('[256]', whole([256], 10), 10, 1, 0, { bench: true }),
];

const pickCase = (
  name: string,
  x: Values,
  index: Values,
  more: Partial<Case> = { order: 2 },
): Case => ({
  name,
  inputs: [x, index],
  op: ops.pick,
  reference: (v, i) =>
    make(i.shape, (ix) => {
      const k = at(i, ...ix);
      return inside(k, v.shape.at(-1) as number) ? at(v, ...ix, k) : NAN;
    }),
  ...more,
});

const pick = [
  ...SIZES.map((n) =>
    pickCase(`[${n},3]`, spread([n, 3]), whole([n], 3), n % 5 ? {} : { order: 2 }),
  ),
  pickCase('[2,3,4]', spread([2, 3, 4]), whole([2, 3], 4)),
  pickCase('[6]', spread([6]), whole([], 6)),
  pickCase('outside', spread([3, 2]), indices(-1, 2, 1), {}),
  pickCase('[256,10]', spread([256, 10]), whole([256], 10), { bench: true }),
];

/** A batch from a table in memory of its own, in an order that a variable holds. */
function batchCase(table: Values, rows: number, offset: number, scale = 1, shift = 0): Case {
  const [n] = table.shape as [number];
  const order = whole([n], n, 5);
  const ordered = n % 2 === 1;
  const real = table.dtype === 'i32' ? 'i32' : 'real';
  return {
    name: `${rows} of ${table.dtype} [${table.shape}] from ${offset}${ordered ? ' in order' : ''}`,
    inputs: [
      { ...table, from: 'external' },
      { ...order, from: 'input' },
    ],
    op: (t, o) => ops.batch(t, ordered ? o : null, rows, scale, shift),
    reference: (t, o) =>
      make(
        [rows, ...t.shape.slice(1)],
        ([r, ...rest]) => {
          const from = offset + (r as number);
          return at(t, ordered ? at(o, from) : from, ...rest) * scale + shift;
        },
        real,
      ),
    step: { offset },
  };
}

const batch = [
  ...SIZES.map((n) => batchCase(spread([35, 3]), n, 2)),
  ...SIZES.map((n) => batchCase(spread([6, n]), 4, 1)),
  ...SIZES.map((n) => batchCase(whole([5, n], 256, 1, 'u8'), 3, 2, 1 / 256, -0.5)),
  batchCase(whole([9], 7), 5, 3),
  batchCase(whole([8, 2], 7), 5, 3),
  batchCase(spread([4, 2, 3]), 2, 2),
  { ...batchCase(whole([301, 784], 256, 1, 'u8'), 64, 128, 1 / 256), bench: true as const },
];

export const gathering = { gather, scatterAdd, oneHot, pick, batch } as const;
