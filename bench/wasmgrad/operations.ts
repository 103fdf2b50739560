import { Executable, MAX_STEPS, Workspace } from '../../src/compile/executable.ts';
import { compile } from '../../src/compile/program.ts';
import type { Shape } from '../../src/graph/shape.ts';
import { type Tensor, Variable } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import { read, scalar } from '../../src/ops/leaf.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { allocate, writeVariable } from '../../src/train/slabs.ts';
import type { ElementwiseOp, ElementwiseTask, GemmTask, ReduceTask, Runner } from '../types.ts';
import { caller } from './caller.ts';

interface Operand {
  readonly data: Float32Array;
  readonly shape: Shape;
}

export function openGemm(
  { count, M, K, N, transposeA, transposeB, a, b }: GemmTask,
  engine: Engine,
): Promise<Runner> {
  const batch = count === undefined ? [] : [count];
  const operands = [
    { data: a, shape: [...batch, ...(transposeA ? [K, M] : [M, K])] },
    { data: b, shape: [...batch, ...(transposeB ? [N, K] : [K, N])] },
  ];
  return open('gemm', operands, engine, (x, y) => [ops.matMul(x, y, { transposeA, transposeB })]);
}

const ELEMENTWISE: Readonly<Record<ElementwiseOp, (a: Tensor, b: Tensor) => Tensor>> = {
  copy: (a) => ops.cast(a, 'real'),
  add: ops.add,
  mul: ops.mul,
  relu: (a) => ops.relu(a),
  exp: ops.exp,
  tanh: (a) => ops.tanh(a),
  sigmoid: (a) => ops.sigmoid(a),
};

export function openElementwise({ op, n, a, b }: ElementwiseTask, engine: Engine): Promise<Runner> {
  const operands = (b ? [a, b] : [a]).map((data) => ({ data, shape: [n] }));
  return open(op, operands, engine, (x, y) => [ELEMENTWISE[op](x, y)]);
}

const REDUCE: Readonly<Record<ReduceTask['op'], (x: Tensor) => readonly Tensor[]>> = {
  sum: (x) => [ops.reduceSum(x)],
  rowmax: (x) => [ops.reduceMax(x, { axes: 1 })],
  softmax: (x) => [ops.softmax(x)],
  meanvar0: (x) => Object.values(ops.meanAndVariance(x, { axes: 0 })),
};

export function openReduce({ op, rows, columns, x }: ReduceTask, engine: Engine): Promise<Runner> {
  return open(op, [{ data: x, shape: [rows, columns] }], engine, REDUCE[op] as Compute);
}

type Compute = (a: Tensor, b: Tensor) => readonly Tensor[];

/** A program over operands in the engine's memory, run without copying results out. */
async function open(
  name: string,
  operands: readonly Operand[],
  engine: Engine,
  compute: Compute,
): Promise<Runner> {
  const variables = operands.map(
    ({ shape }, i) => new Variable(`${i}`, shape, () => ops.expand(scalar(0), shape)),
  );
  const block = allocate(engine, 'operands', variables);
  const workspace = new Workspace(engine, name);
  variables.forEach((v, i) => {
    writeVariable(engine, v, (operands[i] as Operand).data);
  });
  const results = compute(...(variables.map((v) => read(v)) as [Tensor, Tensor]));
  const outputs = Object.fromEntries(results.map((y, i) => [`${i}`, y]));
  const executable = new Executable(compile({ name, outputs }, engine.target), workspace);
  return {
    maxSteps: MAX_STEPS,
    run: caller(executable, (i) => ({ rate: 0, number: 1, seed: 0, key: i, offset: 0 })),
    async output() {
      const arrays = await Promise.all(Object.keys(outputs).map((key) => executable.read(key)));
      const [first] = arrays;
      if (first && arrays.length === 1) return first.data;
      return Float64Array.from(arrays.flatMap(({ data }) => [...data]));
    },
    dispose() {
      executable.free();
      workspace.free();
      block.free();
    },
  };
}
