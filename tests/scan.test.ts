import { describe, expect, test } from 'vitest';
import { evaluate } from '../src/compile/evaluate.ts';
import { Executable, plainStep, Workspace } from '../src/compile/executable.ts';
import { describeNotFinite, type NotFinite } from '../src/compile/notFinite.ts';
import { compile } from '../src/compile/program.ts';
import type { Tensor } from '../src/graph/tensor.ts';
import { gradients } from '../src/ops/gradient.ts';
import * as ops from '../src/ops/index.ts';
import { createEngine } from '../src/runtime/create.ts';
import type { BuildName } from '../src/runtime/engine.ts';
import { spread } from './cases/case.ts';
import { BUILDS } from './support/threads.ts';

const { add, expand, input, matMul, mul, reduceSum, reshape, scalar, scan, slice, tanh, tensor } =
  ops;

const [T, B, K, H] = [5, 33, 6, 16];
const zero = () => expand(scalar(0), [B, H]);

interface Weights {
  readonly x: Tensor;
  readonly w: Tensor;
  readonly u: Tensor;
  readonly v: Tensor;
}

const SHAPES = { x: [T, B, K], w: [K, H], u: [H, H], v: [H, H] } as const;

function weights(): { tensors: Weights; inputs: Record<string, readonly number[]> } {
  const entries = Object.entries(SHAPES);
  const tensors = Object.fromEntries(entries.map(([name, shape]) => [name, input(name, shape)]));
  const inputs = Object.fromEntries(
    entries.map(([name, shape], i) => [name, spread(shape, i, -0.4, 0.4).data]),
  );
  return { tensors: tensors as unknown as Weights, inputs };
}

/** A two-layer cell as a user would write it: states of both layers. */
function cell([a, b]: readonly Tensor[], x: Tensor, { w, u, v }: Weights): [Tensor, Tensor] {
  const low = tanh(add(matMul(x, w), matMul(a as Tensor, u)));
  return [low, tanh(add(matMul(low, v), matMul(b as Tensor, u)))];
}

function looped(given: Weights, remat = false): Tensor[] {
  const carry: readonly Tensor[] = [zero(), zero()];
  const [[a, b], all] = scan(
    (state: readonly Tensor[], x: Tensor) => {
      const next = cell(state, x, given);
      return [next as readonly Tensor[], next[1]];
    },
    { carry, xs: given.x, remat },
  );
  return [a as Tensor, b as Tensor, all];
}

function unrolled(given: Weights): Tensor[] {
  let state: readonly Tensor[] = [zero(), zero()];
  const all: Tensor[] = [];
  for (let t = 0; t < T; t++) {
    state = cell(state, reshape(slice(given.x, [t, 0, 0], [1, B, K]), [B, K]), given);
    all.push(reshape(state[1] as Tensor, [1, B, H]));
  }
  return [...(state as Tensor[]), ops.concat(all, 0)];
}

const loss = (results: readonly Tensor[]) =>
  results.map((t) => reduceSum(mul(t, t))).reduce((a, b) => add(a, b));

describe('a two-layer cell of a user', () => {
  test.each(BUILDS)('the bits of the unrolled program, %s', async (build: BuildName) => {
    const { tensors, inputs } = weights();
    const engine = await createEngine({ build, threads: 3 });
    try {
      const results = [...looped(tensors), ...unrolled(tensors)];
      const values = await evaluate(results, { engine, inputs });
      const [loop, flat] = [values.slice(0, 3), values.slice(3)];
      expect(loop).toEqual(flat);
    } finally {
      engine.dispose();
    }
  });

  test.each([false, true])('gradients of what iterations share, remat %s', async (remat) => {
    const { tensors, inputs } = weights();
    const engine = await createEngine({ build: 'f64', threads: 2 });
    try {
      const of = Object.values(tensors);
      const all = [looped(tensors, remat), unrolled(tensors)].flatMap((r) =>
        gradients(loss(r), of),
      );
      const values = await evaluate(all, { engine, inputs });
      of.forEach((_, i) => {
        const [loop, flat] = [values[i], values[i + of.length]];
        flat?.data.forEach((g, j) => {
          const d = Math.abs((loop?.data[j] as number) - (g as number));
          expect(d).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(g as number)));
        });
      });
    } finally {
      engine.dispose();
    }
  });

  test('computing the body again keeps less', () => {
    const x = input('x', [50, 8, 32]);
    const deep = (h: Tensor) =>
      [ops.sin, ops.exp, ops.sin, ops.exp, ops.sin].reduce((y, f) => f(y), h);
    const bytes = [false, true].map((remat) => {
      const [last] = scan((h: Tensor, t: Tensor) => [deep(add(h, t))], {
        carry: expand(scalar(0), [8, 32]),
        xs: x,
        remat,
      });
      const outputs = { dx: gradients(reduceSum(last), [x])[0] as Tensor };
      return compile({ name: 'p', outputs }, TARGET).plan.bytes;
    });
    expect(bytes[1]).toBeLessThan((bytes[0] as number) * 0.65);
  });
});

const TARGET = { build: 'relaxed', realBytes: 4, MR: 6, NR: 8, threads: 2 } as const;

test('program and compile time do not grow with the number of iterations', () => {
  const program = (length: number) => {
    const x = input('x', [length, 4, 8]);
    const u = input('u', [8, 8]);
    const [, all] = scan(
      (h: Tensor, t: Tensor) => {
        const next = tanh(add(t, matMul(h, u)));
        return [next, next];
      },
      { carry: expand(scalar(0), [4, 8]), xs: x },
    );
    const [du] = gradients(reduceSum(all), [u]);
    return compile({ name: 'p', outputs: { du: du as Tensor } }, TARGET);
  };
  expect(program(10_000).rows.length).toBe(program(1000).rows.length);
  // The product behind the loop, which is long then, is packed.
  expect(program(10_000).rows.length).toBeLessThanOrEqual(program(10).rows.length + 2);
  const time = (length: number) => {
    const start = performance.now();
    for (let i = 0; i < 20; i++) program(length);
    return performance.now() - start;
  };
  const ratios = Array.from({ length: 9 }, () => time(10_000) / time(10)).sort((a, b) => a - b);
  expect(ratios[0]).toBeLessThan(1.5);
});

test('ten thousand iterations', async () => {
  const x = spread([10_000, 3], 1);
  const [last] = scan((sum: Tensor, t: Tensor) => [add(sum, t)], {
    carry: tensor([0, 0, 0]),
    xs: tensor(x.data, x.shape),
  });
  const engine = await createEngine({ build: 'f64', threads: 2 });
  const { data } = await evaluate(last, { engine });
  engine.dispose();
  const sums = [0, 1, 2].map((j) => x.data.reduce((sum, n, i) => (i % 3 === j ? sum + n : sum), 0));
  expect([...data]).toEqual(sums);
});

describe('the number of iterations as data', () => {
  const powers = (length: Tensor) =>
    scan(
      (n: Tensor) => {
        const next = mul(n, 2);
        return [next, next];
      },
      { carry: scalar(1), length, bound: 6 },
    );

  test.each([
    [0, 1, []],
    [1, 2, [2]],
    [4, 16, [2, 4, 8, 16]],
    [6, 64, [2, 4, 8, 16, 32, 64]],
    [9, 64, [2, 4, 8, 16, 32, 64]],
    [-3, 1, []],
  ])('%i of at most 6', async (count, last, valid) => {
    const [carry, all, ran] = powers(ops.input('n', [], 'i32'));
    const results = await evaluate([carry, all as Tensor, ran as Tensor], {
      inputs: { n: [count] },
    });
    expect(results[0]?.data[0]).toBe(last);
    expect(results[2]?.data[0]).toBe(valid.length);
    expect([...(results[1]?.data ?? [])].slice(0, valid.length)).toEqual(valid);
    expect(results[1]?.shape).toEqual([6]);
  });

  test.each([1, 3])('the body ends the loop, on %i threads', async (threads) => {
    const engine = await createEngine({ threads });
    const start = expand(scalar(1), [64, 128]);
    const [carry, , ran] = scan(
      (n: Tensor) => {
        const next = mul(n, 2);
        return [next, undefined, ops.less(reduceSum(next), 64 * 128 * 100)];
      },
      { carry: start, length: 50 },
    );
    const [last, count] = await evaluate([carry, ran as Tensor], { engine });
    engine.dispose();
    expect(count?.data[0]).toBe(7);
    expect(new Set(last?.data)).toEqual(new Set([128]));
  });

  test('has no gradient', () => {
    const x = ops.input('x', []);
    const [last] = scan((n: Tensor) => [mul(n, x)], {
      carry: x,
      length: ops.input('n', [], 'i32'),
      bound: 3,
    });
    expect(() => gradients(last, [x])).toThrow(
      'no gradient where the number of iterations is data',
    );
  });
});

describe('random numbers', () => {
  const noisy = (x: Tensor, reverse = false) =>
    scan((_: undefined, t: Tensor) => [undefined, ops.dropoutMask(t, 0.5, 7)], {
      carry: undefined,
      xs: x,
      reverse,
    })[1];

  test('are others in each iteration, the same in both directions and for any threads', async () => {
    const [rows, columns] = [40, 64];
    const x = ops.input('x', [rows, columns]);
    const inputs = { x: new Array(rows * columns).fill(1) };
    const [dx] = gradients(reduceSum(noisy(x)), [x]);
    const results = [noisy(x), noisy(x, true), dx as Tensor];
    const found = [];
    for (const threads of [1, 3]) {
      const engine = await createEngine({ threads });
      found.push(await evaluate(results, { engine, inputs, seed: 5 }));
      engine.dispose();
    }
    expect(found[0]).toEqual(found[1]);
    const [forward, backward, slopes] = found[0] as [never, never, never] as { data: number[] }[];
    expect(backward?.data).toEqual(forward?.data);
    expect(slopes?.data).toEqual(forward?.data);
    const masks = Array.from({ length: rows }, (_, t) =>
      forward?.data.slice(t * columns, (t + 1) * columns).join(),
    );
    expect(new Set(masks).size).toBe(rows);
    const kept = (forward?.data ?? []).filter((v) => v === 2).length / (rows * columns);
    expect(Math.abs(kept - 0.5)).toBeLessThan(0.04);
  });
});

describe('refuses', () => {
  const x = ops.input('x', [3, 2]);
  const body = (c: Tensor, t: Tensor) => [add(c, t), c] as const;
  const start = tensor([0, 0]);
  test.each<[string, () => unknown, string]>([
    [
      'a carry that changes its shape',
      () => scan((c: Tensor) => [reshape(c, [1, 2])], { carry: start, length: 2 }),
      'carry 0 is real [2], the body makes it real [1,2]',
    ],
    [
      'another number of carries',
      () => scan((c: Tensor) => [[c, c] as never], { carry: start, length: 2 }),
      'the carry has 1 tensors, the body returns 2',
    ],
    [
      'rows that differ',
      () => scan(body as never, { carry: start, xs: [x, ops.input('y', [4, 2])] as never }),
      'xs have 3,4 rows',
    ],
    ['no length', () => scan((c: Tensor) => [c], { carry: start }), 'needs length'],
    [
      'a length that is no count',
      () => scan((c: Tensor) => [c], { carry: start, length: 1.5 }),
      'length is 1.5',
    ],
    [
      'a count without a bound',
      () => scan((c: Tensor) => [c], { carry: start, length: ops.input('n', [], 'i32') }),
      'needs bound',
    ],
    [
      'an unknown option',
      () => scan(body, { carry: start, xs: x, lenght: 3 } as never),
      'did you mean "length"',
    ],
    [
      'a body without a result',
      () => scan((() => undefined) as never, { carry: start, length: 2 }),
      'expected [carry, y]',
    ],
    [
      'numbers as carry',
      () => scan(body as never, { carry: 3 as never, xs: x }),
      'carry is 3, expected tensors',
    ],
    [
      'a scalar to walk through',
      () => scan(body as never, { carry: start, xs: scalar(1) as never }),
      'xs without axes',
    ],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  test('a tensor of the body that is used outside', async () => {
    let leaked = start;
    scan(
      (c: Tensor, t: Tensor) => {
        leaked = add(c, t);
        return [leaked];
      },
      { carry: start, xs: x },
    );
    await expect(evaluate(leaked, { inputs: { x: [1, 2, 3, 4, 5, 6] } })).rejects.toThrow(
      "a tensor of a loop's body is used outside of it",
    );
  });
});

test('the search for the first number that is not finite names the iteration', async () => {
  const engine = await createEngine({ threads: 2 });
  const x = input('x', [6, 4]);
  const [last] = scan(
    (sum: Tensor, t: Tensor) => {
      const [inner] = scan((s: Tensor, k: Tensor) => [add(s, ops.log(k))], { carry: sum, xs: t });
      return [inner];
    },
    { carry: scalar(0), xs: x },
  );
  const workspace = new Workspace(engine, 'test');
  const executable = new Executable(compile({ name: 'p', outputs: { last } }, TARGET), workspace);
  executable.write('x', [...new Array(14).fill(1), -1, ...new Array(9).fill(1)]);
  const found = await executable.firstNotFinite(plainStep());
  executable.free();
  workspace.free();
  engine.dispose();
  expect(found).toMatchObject({ op: 'log', iterations: [3, 2], count: 1 });
  expect(describeNotFinite(found as NotFinite)).toContain('in iteration 3,2');
});
