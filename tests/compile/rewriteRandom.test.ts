/** Random graphs of ops: the same values and gradients with the rules of ops and without. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { sizeOf } from '../../src/graph/shape.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { reachable } from '../../src/graph/walk.ts';
import { gradients } from '../../src/ops/gradient.ts';
import * as ops from '../../src/ops/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { spread } from '../cases/case.ts';

const rules = vi.hoisted(() => ({ off: false, removed: 0 }));
vi.mock(import('../../src/compile/rewrite.ts'), async (original) => {
  const real = await original();
  const walk = await import('../../src/graph/walk.ts');
  return {
    *rewriting(roots, realBytes) {
      const nodes = walk.reachable(roots);
      if (rules.off) return { nodes, now: (node) => node };
      const found = yield* real.rewriting(roots, realBytes);
      rules.removed += nodes.length - found.nodes.length;
      return found;
    },
  };
});

let engines: Engine[];
beforeAll(async () => {
  const inline = createEngine({ build: 'f64', kind: 'inline' });
  const team = createEngine({ build: 'f64', kind: 'team', threads: 3 });
  engines = await Promise.all([inline, team]);
});
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

type Random = () => number;

/** Numbers in [0, 1): mulberry32. */
function random(seed: number): Random {
  let state = seed * 7919 + 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Grows a graph node by node from those that it has. */
class Grower {
  readonly inputs = [
    ops.input('x0', [4, 6]),
    ops.input('x1', [6, 3]),
    ops.input('x2', [2, 4, 4, 3]),
    ops.input('x3', [3, 3, 3, 2]),
  ];
  readonly nodes: Tensor[] = [...this.inputs];
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = random(seed);
  }

  int(below: number): number {
    return Math.floor(this.#random() * below);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)] as T;
  }

  any(fits: (t: Tensor) => boolean = () => true): Tensor | undefined {
    const list = this.nodes.filter(fits);
    return list.length ? this.pick(list.slice(-8)) : undefined;
  }

  grow(): void {
    const made = this.pick(MAKERS)(this);
    if (made && sizeOf(made.shape) <= 400 && made.shape.length <= 5) this.nodes.push(made);
  }
}

type Maker = (g: Grower) => Tensor | undefined;

const FUNCTIONS = [ops.relu, ops.tanh, ops.sigmoid];
const rank = (n: number) => (t: Tensor) => t.shape.length === n && sizeOf(t.shape) > 0;

/** Numbers that mean something to rules, and some that do not. */
const NUMBERS = [0, -0, 1, -1, 0.5, 1.25];

function shuffledAxes(g: Grower, { shape }: Tensor): number[] {
  const order = shape.map((_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const k = g.int(i + 1);
    [order[i], order[k]] = [order[k] as number, order[i] as number];
  }
  return order;
}

function reshaped(g: Grower): Tensor {
  const t = g.any() as Tensor;
  const size = sizeOf(t.shape);
  const rows = g.pick([1, 2, 3, 4, 6].filter((n) => size % n === 0));
  return ops.reshape(t, g.pick([t.shape, [rows, size / rows], [size], [rows, 1, size / rows]]));
}

function weight(g: Grower, rows: number, columns: number): Tensor {
  const known = g.any((t) => `${t.shape}` === `${rows},${columns}`);
  return known && g.int(2)
    ? known
    : ops.tensor(spread([rows, columns], g.int(9)).data, [rows, columns]);
}

function product(g: Grower): Tensor | undefined {
  const x = g.any((t) => t.shape.length >= 2 && t.shape.length <= 3);
  if (!x) return undefined;
  const K = x.shape.at(-1) as number;
  const w = weight(g, K, g.pick([1, 2, 3, 5]));
  const y = g.int(2) ? ops.linear(x, w) : ops.matMul(x, w);
  const N = w.shape[1] as number;
  const biased = g.int(2) ? ops.add(y, ops.tensor(spread([N], 3).data, [N])) : y;
  const act = g.pick([...FUNCTIONS, (t: Tensor) => t]);
  return ops.affine(act(g.int(3) ? biased : ops.reshape(biased, biased.shape)), 0.5, -0);
}

function convolution(g: Grower): Tensor | undefined {
  const x = g.any(
    (t) => rank(4)(t) && t.shape.at(-1) === 3 && Math.min(...t.shape.slice(1, 3)) >= 2,
  );
  if (!x) return undefined;
  const y = ops.conv2d(x, g.inputs[3] as Tensor, undefined, { pads: [1, 1, 1, 1] });
  const behind = g.int(2) ? g.pick(FUNCTIONS)(ops.add(y, ops.tensor([0.1, -0.2]))) : y;
  return ops.affine(g.int(2) ? ops.maxPool(behind, { size: 2 }) : behind, 0.2);
}

function loop(g: Grower): Tensor | undefined {
  const xs = g.any(rank(2));
  if (!xs) return undefined;
  const n = xs.shape[1] as number;
  const [last, all] = ops.scan(
    (h: Tensor, x: Tensor) => {
      const next = ops.tanh(ops.add(ops.mul(ops.affine(h, 0.5), 1), ops.sub(x, 0)));
      return [next, ops.reshape(ops.reshape(next, [1, n]), [n])];
    },
    { carry: ops.expand(ops.scalar(0.1), [n]), xs },
  );
  return g.int(2) ? ops.add(all as Tensor, last) : last;
}

const MAKERS: readonly Maker[] = [
  (g) => g.pick(FUNCTIONS)(g.any() as Tensor),
  (g) => ops.sin(g.any() as Tensor),
  (g) => ops.square(ops.tanh(g.any() as Tensor)),
  (g) => ops.affine(g.any() as Tensor, g.pick(NUMBERS), g.pick(NUMBERS)),
  (g) => g.pick([ops.add, ops.sub, ops.mul, ops.div])(g.any() as Tensor, g.pick([1, 0.5, -1, 2])),
  (g) => g.pick([ops.add, ops.sub])(g.any() as Tensor, g.pick(NUMBERS)),
  (g) => {
    const a = g.any() as Tensor;
    const b = g.any((t) => `${t.shape}` === `${a.shape}` || sizeOf(t.shape) === 1);
    return b && g.pick([ops.add, ops.sub, ops.mul])(a, ops.tanh(b));
  },
  (g) => {
    const a = g.any((t) => t.shape.length >= 2) as Tensor;
    const row = g.any((t) => t.shape.length === 1 && t.shape[0] === a.shape.at(-1));
    return row && ops.mul(ops.tanh(a), row);
  },
  (g) => {
    const t = g.any((x) => x.shape.length >= 1) as Tensor;
    return ops.expand(ops.reshape(t, [1, ...t.shape]), [2, ...t.shape]);
  },
  (g) => {
    const t = g.any((x) => x.shape.length >= 2) as Tensor;
    return ops.transpose(t, shuffledAxes(g, t));
  },
  reshaped,
  (g) => {
    const t = g.any((x) => x.shape.length >= 1) as Tensor;
    return g.pick([ops.reduceSum, ops.reduceMean, ops.reduceMax])(t, {
      axes: g.int(t.shape.length),
      keepDims: g.int(2) === 1,
    });
  },
  (g) => {
    const t = g.any((x) => x.shape.length >= 1 && (x.shape[0] as number) >= 2) as Tensor;
    return ops.slice(
      t,
      t.shape.map(() => 0),
      [1, ...t.shape.slice(1)],
    );
  },
  (g) => {
    const t = g.any((x) => x.shape.length >= 1) as Tensor;
    return ops.concat([t, ops.tanh(t)], 0);
  },
  (g) => ops.softmax(g.any((t) => t.shape.length >= 1) as Tensor),
  (g) => ops.sqrt(ops.add(ops.scalar(0.3), ops.mul(ops.scalar(g.pick([2, 3])), ops.scalar(0.1)))),
  (g) => {
    const t = g.any() as Tensor;
    return ops.mul(ops.tanh(t), ops.cos(ops.tanh(t)));
  },
  product,
  product,
  convolution,
  convolution,
  loop,
];

/** Several results of a graph, and the gradients of a sum of them. */
function graph(seed: number): Tensor[] {
  const g = new Grower(seed);
  for (let i = 0; i < 14; i++) g.grow();
  const results = g.nodes.slice(-3);
  const parts = results.map((t) =>
    ops.reduceSum(ops.mul(t, ops.tensor(spread(t.shape, 4).data, t.shape))),
  );
  return [...results, ...gradients(ops.addAll(parts), g.inputs)];
}

async function run(tensors: readonly Tensor[], engine: Engine, off = false) {
  rules.off = off;
  const used = reachable(tensors).filter((t) => t.op.source === 'input');
  try {
    const all = await evaluate([...tensors, ...used.map((t) => ops.square(t))], {
      engine,
      inputs: Object.fromEntries(
        used.map((t) => [t.attrs.name, spread(t.shape, t.attrs.name.length + t.shape.length).data]),
      ),
    });
    return all.slice(0, tensors.length).map(({ data }) => data as Float64Array);
  } finally {
    rules.off = false;
  }
}

function worst(actual: Float64Array, expected: Float64Array): number {
  return actual.reduce((most, a, i) => {
    const e = expected[i] as number;
    return Object.is(a, e) ? most : Math.max(most, Math.abs(a - e) / (1 + Math.abs(e)));
  }, 0);
}

test.each(Array.from({ length: 10 }, (_, i) => i))(
  'random graphs, lot %i: values and gradients as written, the same bits on 3 threads',
  async (lot) => {
    rules.removed = 0;
    for (let i = 0; i < 40; i++) {
      const seed = 40 * lot + i;
      const tensors = graph(seed);
      const [engine, team] = engines as [Engine, Engine];
      const plain = await run(tensors, engine, true);
      const found = await run(tensors, engine);
      const threads = await run(tensors, team);
      found.forEach((data, k) => {
        expect(data.length).toBe(plain[k]?.length);
        expect(worst(data, plain[k] as Float64Array), `seed ${seed}, result ${k}`).toBeLessThan(
          1e-12,
        );
        const other = threads[k] as Float64Array;
        const same = data.every((v, at) => Object.is(v, other[at]));
        expect(same, `seed ${seed}, result ${k}, 3 threads`).toBe(true);
      });
    }
    expect(rules.removed).toBeGreaterThan(200);
  },
);
