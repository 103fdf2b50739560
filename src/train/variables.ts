import { fromMemory, type NDArray } from '../compile/array.ts';
import type { Block } from '../compile/block.ts';
import { Executable, plainStep, Workspace } from '../compile/executable.ts';
import { compiling } from '../compile/program.ts';
import { bytesOf, Variable, type VariableStorage } from '../graph/tensor.ts';
import { read, scalar } from '../ops/leaf.ts';
import { expand } from '../ops/sum.ts';
import type { Engine } from '../runtime/engine.ts';
import { inTurns, type Work } from '../runtime/turns.ts';
import { eachPlace } from './slabs.ts';

/** Key of the random numbers with which variables start; steps of training count from 1. */
const INITIAL_KEY = 0;

/** Gives variables the values of their initial expressions; `streams`: names of their random numbers. */
export async function initialize(
  engine: Engine,
  variables: readonly Variable[],
  seed: number,
  streams?: ReadonlyMap<Variable, number>,
): Promise<void> {
  const assignments = variables.map((variable) => ({
    variable,
    value: variable.initial(streams?.get(variable) ?? 0),
  }));
  const workspace = new Workspace(engine, 'initialisation');
  const program = await inTurns(compiling({ name: 'initialize', assignments }, engine.target));
  const executable = new Executable(program, workspace);
  try {
    await engine.exclusive(() => executable.run([{ ...plainStep(seed), key: INITIAL_KEY }]));
  } finally {
    executable.free();
    workspace.free();
  }
}

/** A variable beside each of the given ones: its gradient, or an optimiser's slot. */
export function beside(
  variables: readonly Variable[],
  suffix: string,
  initial: number | 'parameter',
): Variable[] {
  const first = (v: Variable) =>
    initial === 'parameter' ? read(v) : expand(scalar(initial), v.shape);
  return variables.map(
    (v) =>
      new Variable(`${v.name}/${suffix}`, v.shape, () => first(v), {
        trainable: false,
        operand: v.operand,
      }),
  );
}

/** Its numbers in the order in which they lie in memory, for sums and counts. */
export async function readUnordered(engine: Engine, variable: Variable): Promise<NDArray['data']> {
  const { realBytes } = engine.target;
  const { buffer, offset } = variable.storage as VariableStorage;
  const bytes = await engine.read((buffer as Block).at + offset, bytesOf(variable, realBytes));
  return fromMemory(bytes, variable.dtype, realBytes);
}

export async function readVariable(engine: Engine, variable: Variable): Promise<NDArray> {
  const { panel } = variable.storage as VariableStorage;
  const data = await readUnordered(engine, variable);
  const rows = panel ? await inTurns(fromPanels(data, variable, panel)) : data;
  return { data: rows, shape: variable.shape };
}

function* fromPanels(data: NDArray['data'], v: Variable, panel: number): Work<NDArray['data']> {
  const Form = data.constructor as Float32ArrayConstructor;
  const rows = new Form(data.length);
  yield* eachPlace(v, panel, (r, p) => {
    rows[r] = data[p] as number;
  });
  return rows;
}
