import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { printProgram } from '../../src/compile/print.ts';
import { compile, type Program } from '../../src/compile/program.ts';
import { type Tensor, Variable } from '../../src/graph/tensor.ts';
import { dense } from '../../src/nn/index.ts';
import * as ops from '../../src/ops/index.ts';
import { adam, sgd } from '../../src/optim/index.ts';
import type { Optimizer } from '../../src/optim/optimizer.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { nameOf } from '../../src/runtime/kernelName.ts';
import { sequential } from '../../src/train/model.ts';
import { allocate } from '../../src/train/slabs.ts';
import { beside } from '../../src/train/variables.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ build: 'simd', kind: 'inline' });
});
afterAll(() => engine.dispose());

const names = (program: Program) => program.rows.map((row) => nameOf(row.kernel));

/** A chain of maps, large enough that memory matters. */
function chain(): Tensor {
  return [ops.exp, ops.relu, ops.tanh].reduce(
    (x, op) => op(x),
    ops.reduceSum(ops.input('x', [30, 40, 2]), { axes: -1 }),
  );
}

test.each([
  { M: 256, K: 256, N: 256, transposeA: false, kernel: 'gemmColumns', barriers: 0 },
  { M: 784, K: 64, N: 128, transposeA: true, kernel: 'gemmColumns', barriers: 0 },
  { M: 64, K: 64, N: 64, transposeA: false, kernel: 'gemm', barriers: 1 },
  { M: 300, K: 40, N: 64, transposeA: false, kernel: 'gemm', barriers: 1 },
])('a product $M × $K × $N, Aᵀ $transposeA: $kernel', ({ M, K, N, transposeA, ...expected }) => {
  const a = ops.input('a', transposeA ? [K, M] : [M, K]);
  const c = ops.matMul(a, ops.input('b', [K, N]), { transposeA });
  const program = compile({ name: 'product', outputs: { c } }, engine.target);
  const barriers = program.barriers.filter(Boolean).length;
  expect({ kernel: names(program).at(-1), barriers }).toEqual(expected);
});

test.each([
  [
    [256, 64, 32],
    [256, 32, 64],
  ],
  [
    [8, 4, 64, 32],
    [8, 1, 32, 64],
  ],
  [
    [2, 96, 300],
    [2, 300, 96],
  ],
  [
    [40, 3, 4],
    [40, 4, 5],
  ],
  [
    [64, 200, 300],
    [64, 300, 1],
  ],
])('a batch of products %j %j is one row', (a, b) => {
  const c = ops.matMul(ops.input('a', a), ops.input('b', b));
  const program = compile({ name: 'batch', outputs: { c } }, engine.target);
  expect({ rows: names(program), barriers: program.barriers }).toEqual({
    rows: ['gemmBatch'],
    barriers: [false],
  });
});

test('the same matrix for a whole batch is one product, or no copy of it', () => {
  const shared = (a: number[], b: number[], options = {}) => {
    const c = ops.matMul(ops.input('a', a), ops.input('b', b), options);
    return names(compile({ name: 'shared', outputs: { c } }, engine.target));
  };
  expect(shared([9, 30, 40], [40, 50])).toEqual(['packB', 'gemm']);
  expect(shared([9, 30, 40], [1, 40, 50])).toEqual(['packB', 'gemm']);
  expect(shared([9, 40, 30], [40, 50], { transposeA: true })).toEqual(['gemmBatch']);
  expect(shared([30, 40], [9, 40, 50])).toEqual(['gemmBatch']);
});

describe('program text', () => {
  const spec = () => {
    const w = ops.input('w', [40, 50]);
    const x = ops.reshape(ops.input('x', [300, 40]), [300, 40]);
    return {
      name: 'text',
      outputs: { y: ops.reduceSum(ops.linear(x, w, undefined, 'relu'), { axes: 0 }) },
    };
  };

  test('a summary, one row a line, a rule where threads meet', () => {
    const program = compile(spec(), engine.target);
    const [head, ...lines] = printProgram(program).split('\n') as [string, ...string[]];
    expect(head).toMatch(
      /^text\(.*\) simd: 3 rows, [12] barriers.*, 1\.2\d\d MFLOP, arena \d+\.\d KiB$/,
    );
    const rows = lines.filter((line) => !line.includes('──'));
    expect(rows.length).toBe(program.rows.length);
    expect(lines.length - rows.length).toBe(program.barriers.filter(Boolean).length);
    rows.forEach((line, i) => {
      expect(line).toMatch(new RegExp(`^ +${i} +${names(program)[i]}\\(.*\\)`));
    });
    expect(printProgram(compile(spec(), engine.target))).toBe(printProgram(program));
  });

  test('loops are indented, moving pointers shown', () => {
    const [a, b] = [ops.input('a', [2, 67, 70]), ops.input('b', [2, 70, 60])];
    const text = printProgram(
      compile({ name: 'loop', outputs: { c: ops.matMul(a, b) } }, engine.target),
    );
    expect(text).toMatch(
      /\n +0 +repeat\(count=2.*\n(.*\n)? +1 {4,}packB.*\n(.*\n)? +2 {4,}gemm\(c=\S+\+i1·16080, .*\n(.*\n)? +3 +end\(\)/,
    );
  });

  test("rows carry their layers' paths", async () => {
    using net = sequential(
      [dense(4, { name: 'fc1', activation: 'relu' }), dense(2, { name: 'fc2' })],
      { inputShape: [3], engine },
    );
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const text = await net.program(8);
    for (const name of ['fc1', 'fc2']) expect(text).toContain(`# ${name}`);
    expect(text).toMatch(/^train sequential\(/);
  });
});

/** Parameters of these sizes with gradients as assignments and updates as effects. */
function updateProgram(sizes: readonly number[], optimizer: Optimizer): Program {
  const parameters = sizes.map((n, i) => new Variable(`p${i}`, [n], () => ops.scalar(0)));
  const slabs = ['gradient', ...optimizer.slots.map((s) => s.name)].map((name) =>
    beside(parameters, name, 0),
  );
  for (const variables of [parameters, ...slabs]) allocate(engine, 'slab', variables);
  const x = ops.input('x', [Math.max(...sizes)]);
  const loss = ops.reduceSum(x);
  const values = parameters.map((p) => ops.mul(ops.read(p), ops.slice(x, [0], p.shape)));
  const [gradients, ...slots] = slabs as [Variable[], ...Variable[][]];
  const assignments = gradients.map((variable, i) => ({ variable, value: values[i] as Tensor }));
  const effects = parameters.map((p, i) =>
    optimizer.update(
      ops.read(p),
      values[i] as Tensor,
      slots.map((s) => ops.read(s[i] as Variable)),
      loss,
      p.name,
    ),
  );
  return compile({ name: 'update', assignments, effects }, engine.target);
}

describe('updates of neighbours', () => {
  test.each([
    ['sgd', sgd()],
    ['adam', adam()],
    ['momentum', sgd({ momentum: 0.9 })],
  ] as const)('%s is one row', (name, optimizer) => {
    for (const sizes of [[16, 16], [64, 5, 7, 1, 100], [3]]) {
      const program = updateProgram(sizes, optimizer);
      const rows = program.rows.filter((row) => nameOf(row.kernel) === name);
      expect(rows.length, `${sizes}`).toBe(1);
      const [row] = rows as [(typeof rows)[0]];
      const padded = sizes.reduce((sum, n) => sum + Math.ceil(n / 16) * 16, 0);
      expect(row.args[row.kernel.unit - 1]).toBe(padded);
      expect(row.args[0]).toMatchObject({ offset: 0, bytes: padded * 4 });
    }
  });
});

describe('the DEBUG ladder', () => {
  const lines: string[] = [];
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    lines.length = 0;
  });

  async function evaluateAt(level: number | undefined): Promise<readonly number[]> {
    vi.spyOn(console, 'error').mockImplementation((text) => void lines.push(String(text)));
    if (level !== undefined) vi.stubEnv('DEBUG', String(level));
    const { data } = await evaluate(chain(), {
      engine,
      inputs: { x: Array.from({ length: 2400 }, (_, i) => i / 2400) },
    });
    return Array.from(data);
  }

  const summaryLine = /^evaluate\(.*\) simd: \d+ rows/;

  test('silent without it', async () => {
    await evaluateAt(undefined);
    expect(lines).toEqual([]);
  });

  test('1: a summary of each compile', async () => {
    await evaluateAt(1);
    expect(lines.length).toBe(1);
    expect(lines[0]).toMatch(summaryLine);
    expect(lines[0]).not.toContain('\n');
  });

  test('2: rows one by one', async () => {
    const plain = await evaluateAt(undefined);
    expect(await evaluateAt(2)).toEqual(plain);
    for (const kernel of ['sumRows', 'exp', 'relu', 'tanh'])
      expect(lines.join('\n')).toContain(kernel);
  });

  test('3: nothing is reused', () => {
    const arena = () => compile({ name: 'arena', outputs: { y: chain() } }, engine.target).plan;
    const reused = arena();
    vi.stubEnv('DEBUG', '3');
    const apart = arena();
    expect(apart.offsets.size).toBe(5);
    expect(apart.bytes).toBe((2400 + 4 * 1200) * 4);
    expect(reused.bytes).toBeLessThan(apart.bytes);
  });

  test('4: program text', async () => {
    await evaluateAt(4);
    expect(lines[0]).toMatch(summaryLine);
    for (const kernel of ['sumRows', 'exp', 'relu', 'tanh'])
      expect(lines[0]).toContain(`${kernel}(`);
  });
});
