import { expect, test } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { withScope } from '../../src/graph/scope.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { rebuild } from '../../src/graph/walk.ts';
import { add, mul } from '../../src/ops/binary.ts';
import { tensor } from '../../src/ops/leaf.ts';
import { exp } from '../../src/ops/unary.ts';

test('nodes are replaced, what depends on them is made anew, the rest is shared', async () => {
  const [a, b] = [tensor([1, 2]), tensor([3, 4])];
  const kept = exp(b);
  const product = withScope('dense', 'fc1', () => mul(a, kept));
  const root = add(product, a);
  const other = tensor([5, 6]);
  const found = rebuild(root, (node) => (node === a ? other : null));
  const [left, right] = found.inputs as [Tensor, Tensor];
  expect(right).toBe(other);
  expect(left.scope).toBe('fc1');
  expect(left.inputs).toEqual([other, kept]);
  expect(left.inputs[1]).toBe(kept);
  const expected = [5 * Math.exp(3) + 5, 6 * Math.exp(4) + 6];
  const { data } = await evaluate(found);
  expected.forEach((e, i) => {
    expect(Math.abs((data[i] as number) / e - 1)).toBeLessThan(1e-6);
  });
  expect(rebuild(root, () => null)).toBe(root);
});
