import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import { at, type Case, make, range, spread, total, type Values, values, whole } from './case.ts';

const { add, affine, concat, expand, gather, matMul, mul, reduceSum, reshape, scalar, scan, tanh } =
  ops;

/** Row t of the first axis. */
function row(x: Values, t: number): Values {
  const shape = x.shape.slice(1);
  return make(shape, (ix) => at(x, t, ...ix));
}

function rows(list: readonly Values[], shape: readonly number[]): Values {
  return values(
    [list.length, ...shape],
    list.flatMap((x) => x.data),
  );
}

function product(a: Values, b: Values): Values {
  const [m, n, k] = [a.shape[0], b.shape[1], b.shape[0]] as [number, number, number];
  return make([m, n], ([i, j]) =>
    total(range(k).map((l) => at(a, i as number, l) * at(b, l, j as number))),
  );
}

const zip = (a: Values, b: Values, f: (x: number, y: number) => number): Values =>
  make(a.shape, (ix) => f(at(a, ...ix), at(b, ...ix)));

const zeros = (shape: readonly number[]): Values => make(shape, () => 0);

/** The order in which a loop takes the rows. */
const walk = (T: number, reverse: boolean) => (reverse ? range(T).reverse() : range(T));

const cumulative = (T: number, shape: number[], reverse = false): Case => ({
  name: `cumulative sum of [${[T, ...shape]}]${reverse ? ' in reverse' : ''}`,
  inputs: [spread([T, ...shape], 1), spread(shape, 2)],
  op: (x, start) =>
    scan(
      (sum: Tensor, t: Tensor) => {
        const next = add(sum, t);
        return [next, next];
      },
      { carry: start, xs: x, reverse },
    )[1],
  reference: (x, start) => {
    const sums: Values[] = [];
    walk(T, reverse).reduce((sum, t) => {
      const next = zip(sum, row(x, t), (a, b) => a + b);
      sums[t] = next;
      return next;
    }, start);
    return rows(sums, shape);
  },
  order: 2,
});

interface RecurrentOptions {
  readonly reverse?: boolean;
  readonly remat?: boolean;
  readonly states?: boolean;
  readonly from?: Values['from'];
}

/** h ← tanh(x·w + h·u + b) */
const recurrent = (
  [T, B, K, H]: [number, number, number, number],
  options: RecurrentOptions = {},
): Case => {
  const { reverse = false, remat = false, states = true, from } = options;
  const weight = (x: Values): Values => (from ? { ...x, from } : x);
  return {
    name: `tanh cell ${[T, B, K, H]} ${JSON.stringify(options)}`,
    inputs: [
      spread([T, B, K], 1),
      weight(spread([K, H], 2, -0.5, 0.5)),
      weight(spread([H, H], 3, -0.5, 0.5)),
      spread([H], 4),
    ],
    op(x, w, u, b) {
      const [last, all] = scan(
        (h: Tensor, t: Tensor) => {
          const next = tanh(add(add(matMul(t, w as Tensor), matMul(h, u as Tensor)), b as Tensor));
          return [next, next];
        },
        { carry: expand(scalar(0), [B, H]), xs: x as Tensor, reverse, remat },
      );
      return states ? all : last;
    },
    reference(x, w, u, b) {
      const all: Values[] = [];
      let h = zeros([B, H]);
      for (const t of walk(T, reverse)) {
        const sum = zip(product(row(x, t), w), product(h, u), (p, q) => p + q);
        h = make([B, H], ([i, j]) =>
          Math.tanh(at(sum, i as number, j as number) + at(b, j as number)),
        );
        all[t] = h;
      }
      return states ? rows(all, [B, H]) : h;
    },
    order: 2,
    tolerance: { f32: 2e-5, f64: 1e-12 },
  };
};

/** Two cells one on the other with a gate each, in one record of carries. */
const stackedCells = (T: number, B: number, H: number): Case => ({
  name: `two gated cells ${[T, B, H]}`,
  inputs: [spread([T, B, H], 1), spread([H, H], 2, -0.4, 0.4), spread([H], 3)],
  op(x, w, p) {
    const cell = (h: Tensor, t: Tensor) => tanh(add(matMul(t, w as Tensor), mul(h, p as Tensor)));
    const zero = expand(scalar(0), [B, H]);
    const [{ a, b }, y] = scan(
      (state: { a: Tensor; b: Tensor }, t: Tensor) => {
        const a = cell(state.a, t);
        const b = cell(state.b, a);
        return [{ a, b }, concat([a, b], 1)];
      },
      { carry: { a: zero, b: zero }, xs: x as Tensor },
    );
    return concat([reshape(y, [-1]), reshape(add(a, b), [-1])], 0);
  },
  reference(x, w, p) {
    const cell = (h: Values, t: Values) => {
      const sum = product(t, w);
      return make([B, H], ([i, j]) =>
        Math.tanh(
          at(sum, i as number, j as number) + at(h, i as number, j as number) * at(p, j as number),
        ),
      );
    };
    let [a, b] = [zeros([B, H]), zeros([B, H])];
    const y = range(T).flatMap((t) => {
      a = cell(a, row(x, t));
      b = cell(b, a);
      return range(B).flatMap((i) => [...row(a, i).data, ...row(b, i).data]);
    });
    const data = [...y, ...zip(a, b, (m, n) => m + n).data];
    return values([data.length], data);
  },
  order: 2,
  tolerance: { f32: 2e-5, f64: 1e-12 },
});

/** A loop in a loop: h ← h·a + Σ_k x[t, k], the inner sum carried on from h. */
const nested: Case = {
  name: 'nested',
  inputs: [spread([3, 4, 5], 1), spread([5], 2)],
  op(x, a) {
    const [last, sums] = scan(
      (h: Tensor, t: Tensor) => {
        const [inner] = scan((s: Tensor, k: Tensor) => [add(mul(s, a as Tensor), mul(k, k))], {
          carry: h,
          xs: t,
        });
        return [tanh(inner), inner];
      },
      { carry: expand(scalar(0.5), [5]), xs: x as Tensor },
    );
    return concat([reshape(sums, [-1]), last], 0);
  },
  reference(x, a) {
    let h = range(5).map(() => 0.5);
    const sums = range(3).flatMap((t) => {
      for (const k of range(4)) h = h.map((s, j) => s * at(a, j) + at(x, t, k, j) ** 2);
      const inner = h;
      h = h.map(Math.tanh);
      return inner;
    });
    return values([20], [...sums, ...h]);
  },
  order: 2,
};

const power: Case = {
  name: 'power iteration',
  inputs: [spread([4, 4], 1), spread([4, 1], 2)],
  op: (a, v) =>
    scan(
      (x: Tensor) => {
        const next = matMul(a as Tensor, x);
        return [mul(next, ops.rsqrt(reduceSum(mul(next, next))))];
      },
      { carry: v as Tensor, length: 6 },
    )[0],
  reference(a, v) {
    let x = v;
    for (let i = 0; i < 6; i++) {
      const next = product(a, x);
      const norm = Math.sqrt(total(next.data.map((n) => n * n)));
      x = make([4, 1], (ix) => at(next, ...ix) / norm);
    }
    return x;
  },
  order: 2,
  tolerance: { f32: 2e-5, f64: 1e-11 },
};

/** Carries that change places, and a carry that is stacked as it was before. */
const fibonacci: Case = {
  name: 'carries that change places',
  inputs: [spread([3], 1), spread([3], 2)],
  op: (a, b) => {
    const [[last], before] = scan(
      ([x, y]: readonly Tensor[]) => [[y as Tensor, add(x as Tensor, y as Tensor)], x as Tensor],
      { carry: [a as Tensor, b as Tensor] as readonly Tensor[], length: 7 },
    );
    return concat([reshape(before, [-1]), last as Tensor], 0);
  },
  reference(a, b) {
    let [x, y] = [a.data, b.data];
    const before = range(7).flatMap(() => {
      const old = x;
      [x, y] = [y, x.map((n, i) => n + (y[i] as number))];
      return old;
    });
    return values([24], [...before, ...x]);
  },
  order: 2,
};

/** Rows of a table, by an index for each iteration. */
const lookup: Case = {
  name: 'rows of a table',
  inputs: [spread([5, 3], 1), whole([6, 2], 5)],
  op: (table, index) =>
    scan(
      (sum: Tensor, i: Tensor) => {
        const next = add(affine(sum, 0.5), gather(table as Tensor, i));
        return [next, next];
      },
      { carry: expand(scalar(0), [2, 3]), xs: index as Tensor },
    )[1],
  reference(table, index) {
    let sum = zeros([2, 3]);
    const all = range(6).map((t) => {
      sum = make(
        [2, 3],
        ([i, j]) =>
          at(sum, i as number, j as number) * 0.5 +
          at(table, at(index, t, i as number), j as number),
      );
      return sum;
    });
    return rows(all, [2, 3]);
  },
  order: 2,
};

/** What does not change is stacked as often as the loop runs; rows that go through come out as they are. */
const constants: Case = {
  name: 'rows that go through, and what does not change',
  inputs: [spread([4, 3], 1), spread([3], 2)],
  op(x, a) {
    const [, { same, through }] = scan(
      (_: undefined, t: Tensor) => [undefined, { same: a as Tensor, through: t }],
      { carry: undefined, xs: x as Tensor },
    );
    return concat([same, through], 0);
  },
  reference: (x, a) => rows([...range(4).map(() => a), ...range(4).map((t) => row(x, t))], [3]),
  order: 1,
};

export const loops = {
  scan: [
    ...[0, 1, 2, 7].map((T) => cumulative(T, [3])),
    cumulative(3, []),
    cumulative(5, [8, 4], true),
    ...[0, 1, 3].map((T) => recurrent([T, 2, 3, 4])),
    recurrent([4, 3, 2, 5], { reverse: true }),
    recurrent([4, 3, 2, 5], { remat: true }),
    recurrent([4, 3, 2, 5], { states: false }),
    recurrent([3, 32, 4, 16], { from: 'variable' }),
    recurrent([3, 33, 4, 16], { from: 'constant', states: false }),
    stackedCells(3, 2, 4),
    stackedCells(2, 13, 8),
    nested,
    power,
    fibonacci,
    lookup,
    constants,
  ],
} satisfies Record<string, readonly Case[]>;
