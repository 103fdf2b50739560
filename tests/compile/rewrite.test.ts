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
    *rewriting(roots) {
      if (!rules.off) return yield* real.rewriting(roots);
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
    atOnce(rewriting(tensors)).nodes.flatMap((n) => (n.op.source === 'input' ? n.attrs.name : [])),
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
  atOnce(rewriting(tensors)).nodes.map(({ op }) => op.name);

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
  const { nodes, now } = atOnce(rewriting([ops.relu(z), other]));
  expect(nodes.map((n) => n.op.name)).toEqual(['input', 'input', 'linear', 'exp']);
  expect(now(other)).toBe(other);
  const late = ops.linear(x, w);
  const y = ops.exp(x);
  const slope = ops.reluGrad(ops.matMul(late, ops.input('v', [3, 4])), y, 0);
  const seen = new Set<Tensor>();
  for (const node of atOnce(rewriting([slope])).nodes) {
    for (const input of node.inputs) expect(seen.has(input)).toBe(true);
    seen.add(node);
  }
  expect(sizeOf(slope.shape)).toBe(20);
});
