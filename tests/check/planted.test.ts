/** Plants a wrong gradient in one op after the other: the check must see each. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkLoss } from '../../src/check/check.ts';
import { makeTensor, type OpInfo, type Tensor, Variable } from '../../src/graph/tensor.ts';
import { reachable, rebuild } from '../../src/graph/walk.ts';
import * as ops from '../../src/ops/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { type Case, spread } from '../cases/case.ts';
import { allCases } from '../cases/index.ts';

const OPTIONS = { epsilon: 1e-5, samples: 100, seed: 0 };

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ build: 'f64', kind: 'inline' });
});
afterAll(() => engine.dispose());

/** A case as a loss of variables: Σ wᵢ·yᵢ. */
function settingOf({ inputs, op }: Case) {
  const values = new Map<Variable, readonly number[]>();
  const data = new Map<string, readonly number[]>();
  const tensors = inputs.map((x, i) => {
    if (x.dtype !== 'real' || x.from === 'constant') {
      data.set(`x${i}`, x.data);
      return ops.input(`x${i}`, x.shape, x.dtype);
    }
    const variable = new Variable(`x${i}`, x.shape, () => ops.scalar(0));
    values.set(variable, x.data);
    return ops.read(variable);
  });
  const y = op(...tensors);
  const loss = ops.reduceSum(ops.mul(y, ops.tensor(spread(y.shape, 4).data, y.shape)));
  const parameters = [...values.keys()].filter((v) => v.size > 0);
  return { loss, parameters, values, inputs: data };
}

/** The same graph, in which the op's gradients are one percent too large. */
function plant(loss: Tensor, wrong: OpInfo): Tensor {
  const rules = { ...wrong };
  const planted: OpInfo = {
    ...rules,
    grad: (dy, node) =>
      (rules.grad as NonNullable<OpInfo['grad']>)(dy, node).map((g) => g && ops.affine(g, 1.01)),
  };
  return rebuild(loss, ({ op, attrs }, inputs) =>
    op === wrong ? makeTensor(planted, inputs, attrs) : null,
  );
}

const differentiable = allCases.flatMap(([name, list]) => {
  const op = ops[name] as unknown as OpInfo;
  return op.grad ? [[name, op, list] as const] : [];
});

test('most ops have a gradient', () => {
  expect(differentiable.length).toBeGreaterThan(50);
});

test.each(differentiable)('%s', async (_, op, list) => {
  for (const c of list) {
    if (!c.order || c.inputs.some((x) => x.data.length > 1000)) continue;
    const setting = settingOf(c);
    if (!setting.parameters.length || !reachable([setting.loss]).some((n) => n.op === op)) continue;
    const names = setting.parameters.map((v) => v.name);
    const right = await checkLoss(engine, setting, names, OPTIONS);
    if (right.parameters.every((p) => p.verdict === 'zero')) continue;
    expect(right.passed, `${c.name}\n${right}`).toBe(true);
    const planted = { ...setting, loss: plant(setting.loss, op) };
    const wrong = await checkLoss(engine, planted, names, OPTIONS);
    expect(wrong.passed, `${c.name}, planted\n${wrong}`).toBe(false);
    return;
  }
  expect.fail('no case shows the gradient');
});
