import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { rewriting } from '../../src/compile/rewrite.ts';
import { type Tensor, Variable } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { atOnce } from '../../src/runtime/turns.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ build: 'f64', kind: 'inline' });
});
afterAll(() => engine.dispose());

const names = (tensors: readonly Tensor[]) =>
  atOnce(rewriting(tensors, 8)).nodes.map(({ op }) => op.name);

describe('what adds nothing', () => {
  const x = ops.input('x', [3]);
  const left = (y: Tensor) => names([y]).length;

  test('x + 0 stays where x may be −0', async () => {
    for (const y of [ops.add(x, 0), ops.affine(x, 1, 0), ops.add(ops.relu(x), 0)])
      expect(left(y)).toBeGreaterThan(1);
    const zero = await evaluate(ops.add(x, 0), { engine, inputs: { x: [-0, 1, 2] } });
    expect(Object.is(zero.data[0], 0)).toBe(true);
    const kept = await evaluate(ops.sub(x, 0), { engine, inputs: { x: [-0, 1, 2] } });
    expect(Object.is(kept.data[0], -0)).toBe(true);
  });

  test('a copy of a variable stays a copy: updates come behind it', () => {
    const variable = new Variable('v', [3], () => ops.scalar(0));
    expect(names([ops.mul(ops.read(variable), 1)])).toContain('mul');
  });
});

describe('constants', () => {
  const folded = (y: Tensor, realBytes: 4 | 8) => {
    const { nodes } = atOnce(rewriting([y], realBytes));
    return nodes.map((n) => [n.op.name, n.attrs.data]);
  };

  test('are rounded as the build rounds them', () => {
    for (const [round, bytes] of [
      [Math.fround, 4],
      [(v: number) => v, 8],
    ] as const) {
      const sum = round(round(0.1) + round(0.2));
      expect(folded(ops.add(0.1, 0.2), bytes)).toEqual([['constant', [sum]]]);
      const root = round(Math.sqrt(round(0.3)));
      expect(folded(ops.sqrt(ops.scalar(0.3)), bytes)).toEqual([['constant', [root]]]);
    }
  });

  test('stay where fused and plain kernels, or machines, may differ', () => {
    const c = ops.scalar(0.1);
    for (const y of [ops.affine(c, 0.3, 0.7), ops.affine(c, 1e-320), ops.exp(c), ops.affine(c, 0)])
      expect(folded(y, 4).map(([name]) => name)).toContain(y.op.name);
  });
});

describe('what computes the same is computed once', () => {
  const [x, y] = [ops.input('x', [3, 4]), ops.input('y', [3, 4])];
  const count = (roots: readonly Tensor[], name: string) =>
    names(roots).filter((n) => n === name).length;

  test('the same op, inputs and attributes', () => {
    const twice = () => ops.tanh(ops.affine(ops.add(x, y), 2, 1));
    expect(count([ops.mul(twice(), ops.exp(twice()))], 'tanh')).toBe(1);
    expect(count([twice(), twice()], 'add')).toBe(1);
    expect(count([ops.affine(x, 2), ops.affine(x, 3), ops.affine(x, 2, -0)], 'affine')).toBe(3);
    expect(count([ops.sub(x, y), ops.sub(y, x)], 'sub')).toBe(2);
  });

  test('constants and variables, but no random numbers', () => {
    const variable = new Variable('v', [3, 4], () => ops.scalar(0));
    const read = () => ops.exp(ops.read(variable));
    expect(count([ops.mul(read(), ops.sin(read()))], 'variable')).toBe(1);
    const noise = () => ops.randomNormal([3, 4], 7);
    expect(count([ops.add(noise(), noise())], 'randomNormal')).toBe(2);
    const drop = () => ops.dropoutMask(x, 0.5, 3);
    expect(count([ops.add(drop(), drop())], 'dropout')).toBe(2);
    expect(count([ops.randomBeta([4], 1, 2), ops.randomBeta([4], 1, 2)], 'randomBeta')).toBe(2);
  });
});
