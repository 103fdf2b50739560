import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { compile } from '../../src/compile/program.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { losses } from '../../src/nn/loss.ts';
import { grad, gradients, valueAndGrad } from '../../src/ops/gradient.ts';
import * as ops from '../../src/ops/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { make, spread, total } from '../cases/case.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ build: 'f64', kind: 'inline' });
});
afterAll(() => engine.dispose());

const { scalar, tensor } = ops;

async function numbers(t: Tensor): Promise<number[]> {
  return Array.from((await evaluate(t, { engine })).data);
}

async function expectNumbers(t: Tensor, expected: readonly number[], digits = 12): Promise<void> {
  const found = await numbers(t);
  expect(found.length).toBe(expected.length);
  expected.forEach((e, i) => {
    expect(found[i]).toBeCloseTo(e, digits);
  });
}

describe('grad and valueAndGrad', () => {
  test('J = 3(a + bc) at 5, 3, 2', async () => {
    const J = valueAndGrad((a, b, c) =>
      ops.mul(3, ops.add(a as Tensor, ops.mul(b as Tensor, c as Tensor))),
    );
    const [value, partial] = J(scalar(5), scalar(3), scalar(2));
    const all = await evaluate([value, ...partial], { engine });
    expect(all.map((x) => x.data[0])).toEqual([33, 3, 6, 9]);
  });

  const cube = (x: Tensor) => ops.mul(x, ops.square(x));
  test.each<[string, (x: Tensor) => Tensor, number, number]>([
    ['a²', ops.square, 2, 4],
    ['a³', cube, 2, 12],
    ['ln a', ops.log, 2, 0.5],
    ['second derivative of a³', grad((x) => cube(x as Tensor)), 2, 12],
    ['third derivative of a³', grad(grad((x) => cube(x as Tensor))), 2, 6],
    ['x·x, used twice', (x) => ops.mul(x, x), 3, 6],
    ['a number that does not depend on x', () => scalar(7), 2, 0],
    ['behind stopGradient', (x) => ops.mul(ops.stopGradient(x), x), 3, 3],
    ['floor', ops.floor, 2.5, 0],
  ])('%s', async (_, f, x, expected) => {
    await expectNumbers(grad((t) => f(t as Tensor))(scalar(x)), [expected]);
  });

  test('one-sided and two-sided differences of θ³ at 1', async () => {
    const f = async (x: number) => (await numbers(cube(scalar(x))))[0] as number;
    expect(((await f(1.01)) - (await f(1))) / 0.01).toBeCloseTo(3.0301, 10);
    expect(((await f(1.01)) - (await f(0.99))) / 0.02).toBeCloseTo(3.0001, 10);
  });

  test('of something that is not a scalar says so', () => {
    expect(() => gradients(tensor([1, 2]), [])).toThrow(/gradients are of a scalar, got \[2\]/);
  });
});

describe('figures of the course', () => {
  test('softmax of [5, 2, −1, 3]', async () => {
    const z = tensor([5, 2, -1, 3]);
    await expectNumbers(ops.exp(z), [148.4, 7.4, 0.4, 20.1], 1);
    await expectNumbers(ops.reduceSum(ops.exp(z)), [176.3], 1);
    await expectNumbers(ops.softmax(z), [0.842, 0.042, 0.002, 0.114], 3);
  });

  test('loss of class 2 at ŷ = [0.3, 0.2, 0.1, 0.4] is −log 0.2, dz is ŷ − y', async () => {
    const y = [0, 1, 0, 0];
    const z = ops.log(tensor([[0.3, 0.2, 0.1, 0.4]]));
    const sparse = ops.softmaxCrossEntropy(z, tensor(Int32Array.of(1)));
    const dense = ops.softmaxCrossEntropyDense(z, tensor([y]));
    const named = losses.categoricalCrossentropy()(tensor([y]), ops.softmax(z));
    for (const loss of [sparse, dense, named]) {
      await expectNumbers(loss, [-Math.log(0.2)]);
      await expectNumbers(gradients(ops.reduceSum(loss), [z])[0] as Tensor, [
        0.3,
        0.2 - 1,
        0.1,
        0.4,
      ]);
    }
  });

  test('softmax over two classes equals logistic regression', async () => {
    const x = spread([6, 1]);
    const labels = [1, 0, 1, 1, 0, 0];
    const z = tensor(x.data, [6, 1]);
    const two = ops.concat([ops.affine(z, 0), z]);
    await expectNumbers(ops.slice(ops.softmax(two), [0, 1], [6, 1]), await numbers(ops.sigmoid(z)));
    const soft = ops.softmaxCrossEntropy(two, tensor(Int32Array.from(labels)));
    await expectNumbers(soft, await numbers(ops.sigmoidCrossEntropy(z, tensor(labels, [6, 1]))));
  });

  test('deep linear layers equal one: W = W₁W₂…, b = b₁W₂ + b₂', async () => {
    const sizes = [4, 6, 5, 3];
    const layers = sizes
      .slice(1)
      .map((n, i) => ({ w: spread([sizes[i] as number, n], i), b: spread([n], i + 7) }));
    const product = (a: typeof x, b: typeof x) =>
      make([a.shape[0] as number, b.shape[1] as number], ([i, j]) =>
        total(
          make(
            [b.shape[0] as number],
            ([k]) =>
              (a.data[(i as number) * (a.shape[1] as number) + (k as number)] as number) *
              (b.data[(k as number) * (b.shape[1] as number) + (j as number)] as number),
          ).data,
        ),
      );
    const x = spread([7, 4], 3);
    let [W, B] = [make([4, 4], ([i, j]) => Number(i === j)), make([1, 4], () => 0)];
    let deep = tensor(x.data, x.shape);
    for (const { w, b } of layers) {
      deep = ops.linear(deep, tensor(w.data, w.shape), tensor(b.data, b.shape));
      const moved = product(B, w);
      [W, B] = [
        product(W, w),
        make(
          moved.shape,
          ([, j]) => (moved.data[j as number] as number) + (b.data[j as number] as number),
        ),
      ];
    }
    const one = ops.linear(tensor(x.data, x.shape), tensor(W.data, W.shape), tensor(B.data));
    await expectNumbers(deep, await numbers(one));
  });
});

/** x ← x·a + b, `depth` times, summed, with its gradient. */
function chain(depth: number) {
  const [a, b] = [tensor([0.999, 1.001]), tensor([1e-4, -1e-4])];
  const x = ops.input('x', [2]);
  let y: Tensor = x;
  for (let i = 0; i < depth / 2; i++) y = ops.add(ops.mul(y, a), b);
  const outputs = {
    y,
    dx: gradients(ops.reduceSum(y), [x])[0] as Tensor,
    da: gradients(ops.reduceSum(y), [a])[0] as Tensor,
  };
  return { name: 'chain', outputs };
}

describe('a deep graph', () => {
  test('of 10,000 nodes compiles in linear time', () => {
    const time = (depth: number) =>
      Math.min(
        ...[1, 2, 3, 4, 5, 6, 7, 8].map(() => {
          const started = performance.now();
          compile(chain(depth), engine.target);
          return performance.now() - started;
        }),
      );
    time(5000);
    expect(time(10_000) / time(5000)).toBeLessThan(3);
  });

  test('runs', async () => {
    const { y, dx } = chain(10_000).outputs;
    const [value, gradient] = await evaluate([y, dx], { engine, inputs: { x: [1, -1] } });
    let expected = [1, -1];
    for (let i = 0; i < 5000; i++)
      expected = [(expected[0] as number) * 0.999 + 1e-4, (expected[1] as number) * 1.001 - 1e-4];
    expected.forEach((e, i) => {
      expect(Math.abs((value?.data[i] as number) / e - 1)).toBeLessThan(1e-10);
    });
    [0.999, 1.001].forEach((a, i) => {
      expect(Math.abs((gradient?.data[i] as number) / a ** 5000 - 1)).toBeLessThan(1e-10);
    });
  });
});

test('an op without a gradient says so, unless it is flat', () => {
  const x = ops.input('x', [4, 3]);
  const mean = (t: Tensor) => gradients(ops.reduceMean(t), [x])[0];
  expect(mean(ops.floor(x))?.shape).toEqual([4, 3]);
  expect(mean(ops.stopGradient(x))?.shape).toEqual([4, 3]);
  expect(() => mean(ops.batch(x, null, 2))).toThrow('batch has no gradient');
});
