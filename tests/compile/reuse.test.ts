import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Executable, plainStep, Workspace } from '../../src/compile/executable.ts';
import { compile, type ProgramSpec } from '../../src/compile/program.ts';
import { type Tensor, Variable } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { allocate, writeVariable } from '../../src/train/slabs.ts';
import { readVariable } from '../../src/train/variables.ts';
import { range, total } from '../cases/case.ts';

const ROWS = 30;
const COLUMNS = 4;
const SHAPE = [ROWS, COLUMNS];
const SIZE = ROWS * COLUMNS;

/** A tensor and what it must be, computed beside it. */
interface Pair {
  readonly t: Tensor;
  readonly v: readonly number[];
}

const column = (v: readonly number[], c: number) =>
  range(ROWS).map((r) => v[r * COLUMNS + c] as number);

type Step = (a: Pair, b: Pair) => Pair;

const zip =
  (op: (a: Tensor, b: Tensor) => Tensor, f: (x: number, y: number) => number): Step =>
  (a, b) => ({ t: op(a.t, b.t), v: a.v.map((x, i) => f(x, b.v[i] as number)) });
const map =
  (op: (a: Tensor) => Tensor, f: (x: number) => number): Step =>
  (a) => ({ t: op(a.t), v: a.v.map(f) });

const STEPS: readonly Step[] = [
  zip(ops.add, (x, y) => x + y),
  zip(ops.sub, (x, y) => x - y),
  zip(
    (a, b) => ops.mul(ops.tanh(a), b),
    (x, y) => Math.tanh(x) * y,
  ),
  zip(ops.maximum, Math.max),
  zip(
    (a, b) => ops.where(ops.less(a, b), a, ops.neg(b)),
    (x, y) => (x < y ? x : -y),
  ),
  map(ops.relu, (x) => Math.max(x, 0)),
  map(
    (a) => ops.affine(a, -0.5, 1),
    (x) => 1 - 0.5 * x,
  ),
  map(
    (a) => ops.reshape(ops.sigmoid(ops.reshape(a, [SIZE])), SHAPE),
    (x) => 1 / (1 + Math.exp(-x)),
  ),
  map(ops.stopGradient, (x) => x),
  (a, b) => {
    const sums = range(COLUMNS).map((c) => total(column(b.v, c)) / ROWS);
    return {
      t: ops.sub(a.t, ops.reduceMean(b.t, { axes: 0 })),
      v: a.v.map((x, i) => x - (sums[i % COLUMNS] as number)),
    };
  },
  (a) => {
    const back = ops.transpose(ops.reshape(a.t, [COLUMNS, ROWS]));
    return {
      t: back,
      v: range(SIZE).map((i) => a.v[(i % COLUMNS) * ROWS + Math.floor(i / COLUMNS)] as number),
    };
  },
];

const graphs = fc.record({
  steps: fc.array(fc.tuple(fc.nat(STEPS.length - 1), fc.nat(99), fc.nat(99)), {
    minLength: 1,
    maxLength: 20,
  }),
  outputs: fc.array(fc.nat(99), { minLength: 0, maxLength: 3 }),
  assigned: fc.tuple(fc.nat(99), fc.nat(99)),
});

const start = (k: number) => range(SIZE).map((i) => (((i * 37 + k * 11) % 101) - 50) / 32);

let engines: Engine[];
let workspaces: Workspace[];

beforeAll(async () => {
  engines = [
    await createEngine({ build: 'f64', kind: 'inline' }),
    await createEngine({ build: 'f64', kind: 'team', threads: 3 }),
  ];
  workspaces = engines.map((engine) => new Workspace(engine, 'reuse'));
});
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

/** Two variables and an input go through the steps; the variables take values of nodes at the end. */
async function check(
  engine: Engine,
  workspace: Workspace,
  { steps, outputs, assigned }: { steps: number[][]; outputs: number[]; assigned: number[] },
) {
  const variables = ['a', 'b'].map((name) => new Variable(name, SHAPE, () => ops.scalar(0)));
  const block = allocate(engine, 'variables', variables);
  variables.forEach((v, k) => {
    writeVariable(engine, v, start(k));
  });
  const pairs: Pair[] = [
    ...variables.map((v, k) => ({ t: ops.read(v), v: start(k) })),
    { t: ops.input('x', SHAPE), v: start(2) },
  ];
  const pick = (i: number) => pairs[i % pairs.length] as Pair;
  for (const [s, i, j] of steps as [number, number, number][])
    pairs.push((STEPS[s] as Step)(pick(i), pick(j)));
  const wanted = [...outputs.map(pick), pairs.at(-1) as Pair];
  const news = assigned.map((i) => pick(i));
  const spec: ProgramSpec = {
    name: 'graph',
    outputs: Object.fromEntries(wanted.map((p, i) => [`${i}`, p.t])),
    assignments: news.map((p, k) => ({ variable: variables[k] as Variable, value: p.t })),
  };
  const executable = new Executable(
    { ...compile(spec, engine.target), serial: false, us: Number.POSITIVE_INFINITY },
    workspace,
  );
  if (executable.program.inputs.has('x')) executable.write('x', start(2));
  await executable.run([plainStep()]);
  const results = [
    ...(await Promise.all(wanted.map((_, i) => executable.read(`${i}`)))),
    ...(await Promise.all(variables.map((v) => readVariable(engine, v)))),
  ];
  [...wanted, ...news].forEach(({ v }, k) => {
    const data = results[k]?.data as Float64Array;
    const worst = Math.max(
      ...v.map((e, i) => Math.abs((data[i] as number) - e) / (1 + Math.abs(e))),
    );
    expect(worst, `result ${k}`).toBeLessThan(1e-11);
  });
  executable.free();
  block.free();
}

test('memory that nodes share never changes what they compute, nor what variables take', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      for (const [i, engine] of engines.entries())
        await check(engine, workspaces[i] as Workspace, graph);
    }),
    { numRuns: 400 },
  );
}, 60_000);
