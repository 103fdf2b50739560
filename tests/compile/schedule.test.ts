import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compile/program.ts';
import { schedule } from '../../src/compile/schedule.ts';
import { type Tensor, Variable } from '../../src/graph/tensor.ts';
import { gradients } from '../../src/ops/gradient.ts';
import * as ops from '../../src/ops/index.ts';
import { record } from '../../src/ops/update.ts';
import { nameOf } from '../../src/runtime/kernelName.ts';

const TARGET = { build: 'relaxed', realBytes: 4, MR: 6, NR: 8, threads: 1 } as const;

/** A loss of two layers and its gradients. */
function perceptron() {
  const x = ops.input('x', [64, 40]);
  const [w1, w2] = [ops.input('w1', [40, 48]), ops.input('w2', [48, 10])];
  const y = ops.linear(ops.linear(x, w1, undefined, 'relu'), w2);
  const losses = ops.softmaxCrossEntropy(y, ops.input('labels', [64], 'i32'));
  const loss = ops.reduceMean(losses);
  return { loss, losses, grads: gradients(loss, [w1, w2]) };
}

const names = (spec: Parameters<typeof compile>[0]) =>
  compile(spec, TARGET).rows.map(({ kernel }) => nameOf(kernel));

describe('what nothing waits for', () => {
  const place = (order: readonly Tensor[], node: Tensor) => order.indexOf(node);

  test('a loss that is recorded stands behind all gradients', () => {
    const { loss, grads } = perceptron();
    const order = schedule([...grads, record(loss, 0)]);
    for (const g of grads) expect(place(order, g)).toBeLessThan(place(order, loss));
    expect(place(order, loss)).toBe(order.length - 2);
  });

  test('not where gradients, or the host, need it', () => {
    const { loss, grads } = perceptron();
    const scaled = grads.map((g) => ops.mul(g, loss));
    for (const roots of [
      [...scaled, record(loss, 0)],
      [loss, ...grads],
    ]) {
      const order = schedule(roots);
      const after = order.slice(place(order, loss) + 1).filter((n) => !n.op.effect);
      expect(after.length).toBeGreaterThan(0);
    }
  });

  test('not what is a sum of many', () => {
    const sum = ops.reduceSum(ops.exp(ops.input('x', [5000])));
    const other = ops.tanh(ops.input('z', [3]));
    const order = schedule([record(sum, 0), other]);
    expect(place(order, sum)).toBeLessThan(place(order, other));
  });
});

test('constants are filled at the start of the step, in a variable where it is assigned', () => {
  const { grads } = perceptron();
  const outputs = { dw1: grads[0] as Tensor };
  const rows = names({ name: 'constants', outputs });
  expect(rows.indexOf('fill')).toBeLessThan(rows.indexOf('softmaxCrossEntropyGrad') - 2);

  const variable = new Variable('v', [4], () => ops.expand(ops.scalar(0), [4]));
  variable.storage = { buffer: { name: 'weights', bytes: 64 }, offset: 0, panel: 0 };
  const before = ops.exp(ops.read(variable));
  const value = ops.expand(ops.scalar(2), [4]);
  const spec = { name: 'set', outputs: { before }, assignments: [{ variable, value }] };
  expect(names(spec)).toEqual(['exp', 'fill']);
});

test.each(['relu', 'sigmoid', 'tanh'] as const)('%s: its slope is part of a product', (of) => {
  const [x, w1] = [ops.input('x', [64, 40]), ops.input('w1', [40, 48])];
  const h = ops.linear(x, w1, undefined, of);
  const y = ops.linear(h, ops.input('w2', [48, 10]));
  const [dw1, dh] = gradients(ops.reduceSum(ops.square(y)), [w1, h]) as [Tensor, Tensor];
  const count = (spec: Readonly<Record<string, Tensor>>) => {
    const rows = names({ name: 'slope', outputs: spec });
    const products = rows.filter((row) => row.startsWith('gemm')).length;
    return { products, slopes: rows.filter((row) => row === `${of}Grad`).length };
  };
  expect(count({ dw1 })).toEqual({ products: 4, slopes: 0 });
  // Where the host asks for the product, too, it is not computed twice.
  expect(count({ dw1, dh })).toEqual({ products: 4, slopes: 1 });
});
