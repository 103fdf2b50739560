import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { rewriting } from '../../src/compile/rewrite.ts';
import { sizeOf } from '../../src/graph/shape.ts';
import type { OpInfo, Rewrite, Tensor } from '../../src/graph/tensor.ts';
import { gradients } from '../../src/ops/gradient.ts';
import * as ops from '../../src/ops/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { atOnce } from '../../src/runtime/turns.ts';
import { spread } from '../cases/case.ts';

const rules = vi.hoisted(() => ({ off: false }));
vi.mock(import('../../src/compile/rewrite.ts'), async (original) => {
  const real = await original();
  const { reachable } = await import('../../src/graph/walk.ts');
  return {
    *rewriting(roots, realBytes) {
      if (!rules.off) return yield* real.rewriting(roots, realBytes);
      return { nodes: reachable(roots), now: (node) => node };
    },
  };
});

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ build: 'f64', kind: 'inline' });
});
afterAll(() => engine.dispose());
afterEach(() => vi.restoreAllMocks());

type Shapes = readonly (readonly number[])[];

/** What a rule of `op` sees in f(x) and in the gradients of Σ f(x)·w. */
interface RuleCase {
  readonly op: string;
  readonly rule: string;
  readonly name: string;
  readonly shapes: Shapes;
  readonly f: (...x: Tensor[]) => Tensor;
}

/** The value and all gradients. */
function derived({ shapes, f }: Pick<RuleCase, 'shapes' | 'f'>): Tensor[] {
  const x = shapes.map((shape, i) => ops.input(`x${i}`, shape));
  const y = f(...x);
  const loss = ops.reduceSum(ops.mul(y, ops.tensor(spread(y.shape, 4).data, y.shape)));
  return [y, ...gradients(loss, x)];
}

async function valuesOf(tensors: readonly Tensor[], shapes: Shapes): Promise<number[][]> {
  const inputs = Object.fromEntries(
    shapes.map((shape, i) => [`x${i}`, spread(shape, i + 1).data] as const),
  );
  const used = new Set(
    atOnce(rewriting(tensors, 8)).nodes.flatMap((n) =>
      n.op.source === 'input' ? n.attrs.name : [],
    ),
  );
  const given = Object.fromEntries(Object.entries(inputs).filter(([name]) => used.has(name)));
  const found = await evaluate(tensors, { engine, inputs: given });
  return found.map(({ data }) => [...data]);
}

async function plainly(tensors: readonly Tensor[], shapes: Shapes): Promise<number[][]> {
  rules.off = true;
  try {
    return await valuesOf(tensors, shapes);
  } finally {
    rules.off = false;
  }
}

function expectNear(actual: readonly number[][], expected: readonly number[][]): void {
  expect(actual.map((x) => x.length)).toEqual(expected.map((x) => x.length));
  const error = actual.map((list, i) =>
    Math.max(0, ...list.map((v, k) => difference(v, expected[i]?.[k] as number))),
  );
  expect(Math.max(...error)).toBeLessThan(1e-12);
}

const difference = (a: number, b: number) =>
  Object.is(a, b) ? 0 : Math.abs(a - b) / (1 + Math.abs(b));

const names = (tensors: readonly Tensor[]) =>
  atOnce(rewriting(tensors, 8)).nodes.map(({ op }) => op.name);

/** All rules, by op and name, each watched. */
function watch(tensors: readonly Tensor[]): Map<string, () => boolean> {
  const found = new Map<string, () => boolean>();
  const seen = new Set<Rewrite>();
  const open = [...tensors];
  for (const { op, inputs } of open) {
    open.push(...inputs);
    for (const [name, rule] of Object.entries((op as OpInfo).rewrite ?? {})) {
      if (seen.has(rule)) continue;
      seen.add(rule);
      const { mock } = vi.spyOn(rule, 'replace');
      found.set(`${op.name}: ${name}`, () => mock.results.some((r) => r.value !== null));
    }
  }
  return found;
}

/** Nodes that read constants alone: [3] or one number. */
function constants(): [string, Tensor][] {
  const [a, b] = [ops.tensor([1.1, 2.3, 0.7]), ops.tensor([0.3, 7, 1e-3])];
  return [
    ['add', ops.add(a, b)],
    ['sub', ops.sub(a, 0.1)],
    ['mul', ops.mul(ops.scalar(0.1), ops.scalar(3))],
    ['div', ops.div(a, b)],
    ['sqrt', ops.sqrt(a)],
    ['affine', ops.affine(a, 0.1)],
    ['affine', ops.affine(ops.expand(ops.scalar(0.1), [3]), 1, 0.7)],
    ['cast', ops.cast(ops.tensor(Int32Array.of(1, -3, 16_777_217)), 'real')],
  ];
}

const FUNCTIONS = ['relu', 'sigmoid', 'tanh'] as const;
const image = [2, 6, 5, 3];
const filter = [3, 3, 3, 4];

const cases: readonly RuleCase[] = [
  ...FUNCTIONS.flatMap((act): RuleCase[] => [
    {
      op: 'linear',
      rule: 'activation',
      name: act,
      shapes: [[5, 4], [4, 7], [7]],
      f: (x, w, b) => ops[act](ops.linear(x as Tensor, w as Tensor, b)),
    },
    {
      op: 'conv2d',
      rule: 'activation',
      name: act,
      shapes: [image, filter, [4]],
      f: (x, w, b) => ops[act](ops.conv2d(x as Tensor, w as Tensor, b)),
    },
    {
      op: 'matMul',
      rule: 'gradSlope',
      name: act,
      shapes: [
        [5, 4],
        [4, 7],
        [7, 6],
      ],
      f: (x, w, v) => ops.linear(ops[act](ops.linear(x as Tensor, w as Tensor)), v as Tensor),
    },
  ]),
  {
    op: 'conv2d',
    rule: 'activation',
    name: 'behind a view',
    shapes: [
      [2, 9, 3],
      [3, 3, 4],
    ],
    f: (x, w) =>
      ops.tanh(
        ops.convolve(x as Tensor, w as Tensor, undefined, {
          strides: [2],
          dilation: [1],
          pads: [[1, 0]],
        }),
      ),
  },
  {
    op: 'maxPoolGrad',
    rule: 'gradMask',
    name: 'relu before a pooling',
    shapes: [image, filter],
    f: (x, w) => ops.maxPool(ops.relu(ops.conv2d(x as Tensor, w as Tensor)), { size: 2 }),
  },
  {
    op: 'maxPoolGrad',
    rule: 'gradSum',
    name: 'bias before a pooling',
    shapes: [image, filter, [4]],
    f: (x, w, b) => ops.maxPool(ops.conv2d(x as Tensor, w as Tensor, b), { size: 2 }),
  },
  {
    op: 'linear',
    rule: 'bias',
    name: 'of rows',
    shapes: [[2, 5, 4], [4, 7], [7]],
    f: (x, w, b) => ops.add(ops.linear(x as Tensor, w as Tensor), b as Tensor),
  },
  {
    op: 'matMul',
    rule: 'bias',
    name: 'and an activation behind it',
    shapes: [
      [5, 4],
      [4, 7],
      [1, 7],
    ],
    f: (x, w, b) => ops.tanh(ops.add(b as Tensor, ops.matMul(x as Tensor, w as Tensor))),
  },
  {
    op: 'conv2d',
    rule: 'bias',
    name: 'of channels',
    shapes: [image, filter, [4]],
    f: (x, w, b) => ops.add(ops.conv2d(x as Tensor, w as Tensor), b as Tensor),
  },
  ...[
    {
      name: 'back and forth',
      perms: [
        [1, 2, 0],
        [2, 0, 1],
      ],
    },
    {
      name: 'as one',
      perms: [
        [1, 2, 0],
        [0, 2, 1],
      ],
    },
  ].map(
    ({ name, perms: [p, q] }): RuleCase => ({
      op: 'transpose',
      rule: 'chain',
      name,
      shapes: [[2, 3, 4]],
      f: (x) => ops.exp(ops.transpose(ops.transpose(x as Tensor, p), q)),
    }),
  ),
  {
    op: 'transpose',
    rule: 'chain',
    name: 'of axes of size 1',
    shapes: [[3, 1, 4]],
    f: (x) => ops.exp(ops.transpose(x as Tensor, [1, 0, 2])),
  },
  ...(
    [
      ['add', (x) => ops.add(x, -0)],
      ['add', (x) => ops.add(ops.square(x), 0)],
      ['add', (x) => ops.add(ops.expand(ops.scalar(0), [3, 4]), ops.greater(x, 0))],
      ['sub', (x) => ops.sub(x, 0)],
      ['mul', (x) => ops.mul(1, x)],
      ['div', (x) => ops.div(x, 1)],
      ['affine', (x) => ops.affine(x, 1, -0)],
      ['affine', (x) => ops.affine(ops.exp(x), 1)],
    ] as readonly [string, (x: Tensor) => Tensor][]
  ).map(
    ([op, g], i): RuleCase => ({
      op,
      rule: 'neutral',
      name: `${i}`,
      shapes: [[3, 4]],
      f: (x) => ops.add(ops.tanh(g(x as Tensor)), ops.sin(x as Tensor)),
    }),
  ),
  ...constants().map(
    ([op, c]): RuleCase => ({
      op,
      rule: 'fold',
      name: `of ${c.inputs.map((t) => t.op.name)}`,
      shapes: [[2, 3]],
      f: (x) => ops.mul(ops.tanh(x as Tensor), c),
    }),
  ),
  {
    op: 'reshape',
    rule: 'chain',
    name: 'of two',
    shapes: [[4, 6]],
    f: (x) => ops.exp(ops.reshape(ops.reshape(x as Tensor, [3, 8]), [2, 12])),
  },
  {
    op: 'reshape',
    rule: 'chain',
    name: 'to the same shape',
    shapes: [[4, 6]],
    f: (x) => ops.exp(ops.reshape(x as Tensor, [4, 6])),
  },
];

test.each(cases)('$op: $rule, $name: values, gradients, and that it is followed', async (c) => {
  const tensors = derived(c);
  const expected = await plainly(tensors, c.shapes);
  const followed = watch(tensors);
  const actual = await valuesOf(tensors, c.shapes);
  expect(followed.get(`${c.op}: ${c.rule}`)?.()).toBe(true);
  expectNear(actual, expected);
  expect(names(tensors).length).toBeLessThanOrEqual(countOf(tensors));
});

function countOf(tensors: readonly Tensor[]): number {
  const seen = new Set(tensors);
  for (const { inputs } of seen) for (const t of inputs) seen.add(t);
  return seen.size;
}

test('each rule has a case', () => {
  const all = new Set<string>();
  for (const c of cases) for (const name of watch(derived(c)).keys()) all.add(name);
  expect([...all].sort()).toEqual([...new Set(cases.map((c) => `${c.op}: ${c.rule}`))].sort());
});

describe('what others read stays', () => {
  const product = () => ops.linear(ops.input('x', [5, 4]), ops.input('w', [4, 3]));
  const count = (tensors: readonly Tensor[], name: string) =>
    names(tensors).filter((n) => n === name).length;

  test('a product with two users is computed once, before its activation', () => {
    const z = product();
    const roots = [ops.reduceSum(ops.add(ops.relu(z), ops.exp(z)))];
    expect([count(roots, 'linear'), count(roots, 'relu')]).toEqual([1, 1]);
  });

  test('a product that the host reads', () => {
    const z = product();
    expect([count([z, ops.relu(z)], 'linear'), count([z, ops.relu(z)], 'relu')]).toEqual([1, 1]);
    const view = ops.reshape(z, [15]);
    expect(count([view, ops.relu(ops.reshape(view, [3, 5]))], 'relu')).toBe(1);
  });

  test('one activation of an activation', () => {
    expect(names([ops.tanh(ops.relu(product()))])).toContain('tanh');
  });
});

test('what replaces two nodes stands where the first did, behind all that it reads', () => {
  const [x, w] = [ops.input('x', [5, 4]), ops.input('w', [4, 3])];
  const z = ops.linear(x, w);
  const other = ops.exp(x);
  const { nodes, now } = atOnce(rewriting([ops.relu(z), other], 8));
  expect(nodes.map((n) => n.op.name)).toEqual(['input', 'input', 'linear', 'exp']);
  expect(now(other)).toBe(other);
  const late = ops.linear(x, w);
  const y = ops.exp(x);
  const slope = ops.reluGrad(ops.matMul(late, ops.input('v', [3, 4])), y, 0);
  const seen = new Set<Tensor>();
  for (const node of atOnce(rewriting([slope], 8)).nodes) {
    for (const input of node.inputs) expect(seen.has(input)).toBe(true);
    seen.add(node);
  }
  expect(sizeOf(slope.shape)).toBe(20);
});

test('the body of a loop is rewritten too', async () => {
  const shapes = [[5, 3, 4], [4, 4], [4, 4], [4]];
  const loop = (...t: Tensor[]) => {
    const [x, w, u, b] = t as [Tensor, Tensor, Tensor, Tensor];
    const start = ops.expand(ops.scalar(0.1), [3, 4]);
    const [last, all] = ops.scan(
      (h: Tensor, row: Tensor) => {
        const z = ops.add(ops.add(ops.matMul(row, w), ops.mul(ops.matMul(h, u), 1)), b);
        const next = ops.tanh(ops.add(ops.matMul(ops.tanh(z), u), b));
        return [next, ops.mul(next, 1)];
      },
      { carry: start, xs: x },
    );
    return ops.add(all as Tensor, last);
  };
  const tensors = derived({ shapes, f: loop });
  const { nodes } = atOnce(rewriting(tensors, 8));
  const loops = nodes.filter((n) => n.op.name === 'scan');
  const inside = loops.map((n) => walk(n.attrs.body.carries.map((c: { next: Tensor }) => c.next)));
  expect(inside[0]).toContain('linear');
  expect(inside[0]?.filter((name) => name === 'tanh').length).toBe(1);
  expect(inside[0]).not.toContain('mul');
  expectNear(await valuesOf(tensors, shapes), await plainly(tensors, shapes));
});

function walk(roots: readonly Tensor[]): string[] {
  const seen = new Set(roots);
  for (const { inputs } of seen) for (const t of inputs) seen.add(t);
  return [...seen].map(({ op }) => op.name);
}
