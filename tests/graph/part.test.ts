import { expect, test } from 'vitest';
import { defineOp } from '../../src/graph/op.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import { part, type Several, several } from '../../src/ops/part.ts';
import { createEngine } from '../../src/runtime/create.ts';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { type Case, make, spread, type Values, values } from '../cases/case.ts';
import { CaseRunner } from '../support/run.ts';

/** x·y and x + y. */
const both = defineOp({
  name: 'both',
  args: (x: Tensor, y: Tensor): [Tensor[], Several] => [
    [x, y],
    { results: [0, 1].map(() => ({ shape: x.shape, dtype: 'real' as const })) },
  ],
  ...several<Several>(([dProduct, dSum], { inputs }) => {
    const [x, y] = inputs as [Tensor, Tensor];
    const through = (other: Tensor) => {
      const parts = [dProduct && ops.mul(dProduct, other), dSum].filter(
        (t) => t !== null && t !== undefined,
      );
      return parts.length ? ops.addAll(parts as Tensor[]) : null;
    };
    return [through(y), through(x)];
  }),
  emit(e, node) {
    const [x, y] = node.inputs.map((t) => e.at(t)) as [never, never];
    const n = node.inputs[0]?.shape[0] as number;
    e.row(kernels.mul(e.part(node, 0), x, y, n, e.unit(n, 1)));
    e.row(kernels.add(e.part(node, 1), x, y, n, e.unit(n, 1)));
  },
});

const zip = (a: Values, b: Values, f: (x: number, y: number) => number) =>
  make(a.shape, ([i]) => f(a.data[i as number] as number, b.data[i as number] as number));

const inputs = [spread([5], 1), spread([5], 2)];
const cases: readonly Case[] = [
  {
    name: 'both results',
    inputs,
    op: (x, y) => {
      const node = both(x as Tensor, y as Tensor);
      return ops.concat([part(node, 0), ops.tanh(part(node, 1))], 0);
    },
    reference: (x, y) =>
      values(
        [10],
        [...zip(x, y, (a, b) => a * b).data, ...zip(x, y, (a, b) => Math.tanh(a + b)).data],
      ),
  },
  {
    name: 'one of them',
    inputs,
    op: (x, y) => part(both(x as Tensor, y as Tensor), 0),
    reference: (x, y) => zip(x, y, (a, b) => a * b),
  },
  {
    name: 'in a loop',
    inputs,
    op: (x, y) =>
      ops.scan(
        (h: Tensor) => {
          const node = both(h, y as Tensor);
          return [ops.add(ops.affine(part(node, 0), 0.5), part(node, 1))];
        },
        { carry: x as Tensor, length: 3 },
      )[0],
    reference: (x, y) => zip(x, y, (a, b) => [0, 1, 2].reduce((h) => 0.5 * h * b + h + b, a)),
  },
];

test.each(cases)('a node with several results: $name', async (c) => {
  const runner = new CaseRunner(await createEngine({ build: 'f64', kind: 'inline' }));
  const [found] = await runner.run(c);
  const expected = c.reference(...c.inputs) as Values;
  found?.data.forEach((value, i) => {
    expect(value).toBeCloseTo(expected.data[i] as number, 12);
  });
  expect(found?.shape).toEqual(expected.shape);
  expect(await runner.wrongDerivatives({ ...c, order: 2 })).toEqual([]);
  runner.dispose();
});
