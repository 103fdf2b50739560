import { Executable, MAX_STEPS, type Step, Workspace } from '../../src/compile/executable.ts';
import { compile } from '../../src/compile/program.ts';
import { type Tensor, Variable } from '../../src/graph/tensor.ts';
import { dense } from '../../src/nn/dense.ts';
import { loss } from '../../src/nn/loss.ts';
import { read, scalar } from '../../src/ops/leaf.ts';
import { matMul } from '../../src/ops/matmul.ts';
import { expand } from '../../src/ops/sum.ts';
import { optimizer } from '../../src/optim/index.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { ModelCore } from '../../src/train/core.ts';
import { dataTables } from '../../src/train/data.ts';
import { ResidentData } from '../../src/train/feed.ts';
import { prepare, trainProgram } from '../../src/train/prepare.ts';
import { allocate, writeVariable } from '../../src/train/variables.ts';
import type { Engines } from '../engines.ts';
import type { Contestant, GemmTask, Runner, TrainTask, Variant } from '../types.ts';

/** This library, in each build and on each number of threads. */
export function wasmgrad(engines: Engines): Contestant {
  return {
    name: 'wasmgrad',
    variants: ({ builds, threads }) =>
      builds.flatMap((build) => threads.map((n): Variant => ({ build, threads: n }))),
    open: {
      gemm: async (task, variant) => openGemm(task, await engines.get(variant)),
      train: async (task, variant) => openTrain(task, await engines.get(variant)),
    },
  };
}

/** Calls of a program; step tables are kept for as many steps as were asked for last. */
function caller(executable: Executable, step: (i: number) => Step): Runner['run'] {
  let table: Step[] = [];
  return (steps) => {
    if (table.length !== steps) table = Array.from({ length: steps }, (_, i) => step(i));
    return executable.run(table);
  };
}

function openGemm({ M, K, N, transposeA, transposeB, a, b }: GemmTask, engine: Engine): Runner {
  const operand = (name: string, rows: number, columns: number, transposed: boolean) => {
    const shape = transposed ? [columns, rows] : [rows, columns];
    return new Variable(name, shape, () => expand(scalar(0), shape));
  };
  const operands = [operand('a', M, K, transposeA), operand('b', K, N, transposeB)] as const;
  const block = allocate(engine, 'operands', operands);
  writeVariable(engine, operands[0], a);
  writeVariable(engine, operands[1], b);
  const c = matMul(read(operands[0]), read(operands[1]), { transposeA, transposeB });
  const workspace = new Workspace(engine, 'gemm');
  const program = compile({ name: 'gemm', outputs: { c } }, engine.target);
  const executable = new Executable(program, workspace);
  return {
    maxSteps: MAX_STEPS,
    run: caller(executable, (i) => ({ rate: 0, number: 1, seed: 0, key: i, offset: 0 })),
    output: async () => (await executable.read('c')).data,
    dispose() {
      executable.free();
      workspace.free();
      block.free();
    },
  };
}

function network({ name, sizes, hidden, output }: TrainTask) {
  const units = sizes.slice(1);
  const layers = units.map((n, i) =>
    dense(n, { activation: i < units.length - 1 ? hidden : output }),
  );
  const call = ({ input }: Readonly<Record<string, Tensor>>) => ({
    output: layers.reduce((x, layer) => layer(x), input as Tensor),
  });
  return { name, inputs: new Map([['input', sizes.slice(0, 1)]]), call };
}

const LOSSES = { softmax: 'sparseCategoricalCrossentropy', sigmoid: 'binaryCrossentropy' };

/** The program that `fit` runs, over data in the engine's memory. */
async function openTrain(task: TrainTask, engine: Engine): Promise<Runner> {
  const { batch, batches, rate, x, y } = task;
  const core = new ModelCore(network(task), { engine });
  const output = { loss: loss(LOSSES[task.output]), weight: 1, metrics: [] };
  const losses = new Map([['output', output]]);
  core.compiled = { optimizer: optimizer(task.optimizer), accumulate: 1, losses };
  const state = await core.build(new Map());
  state.variables.forEach((v, i) => {
    writeVariable(engine, v, task.weights[i] as Float32Array);
  });
  const examples = batch * batches;
  const inputs = { data: x, shape: [examples, task.sizes[0] as number] };
  const targets = { data: y, shape: task.output === 'softmax' ? [examples] : [examples, 1] };
  const data = new ResidentData(engine, dataTables(core, inputs, targets), false);
  await prepare(core, data.feeds, batch);
  await state.snapshot();
  const executable = trainProgram(core, data.feeds, 'bench', batch);
  let last = 0;
  const call = caller(executable, (i) => {
    return { rate, number: i + 1, seed: 0, key: i + 1, offset: (i % batches) * batch };
  });
  return {
    maxSteps: MAX_STEPS,
    run(steps) {
      last = steps;
      return call(steps);
    },
    reset: () => state.restore(),
    output: () => executable.records(last),
    memory: () => Object.values(state.memory()).reduce((sum, bytes) => sum + bytes, 0),
    dispose() {
      data.free();
      core.dispose();
    },
  };
}
