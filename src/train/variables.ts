import { fromMemory, type NDArray, type TypedArray, toMemory } from '../compile/array.ts';
import { Block } from '../compile/block.ts';
import { plainStep } from '../compile/evaluate.ts';
import { Executable, Workspace } from '../compile/executable.ts';
import { compiling } from '../compile/program.ts';
import { bytesOf, paddedBytes, panelOf, Variable, type VariableStorage } from '../graph/tensor.ts';
import { read, scalar } from '../ops/leaf.ts';
import { expand } from '../ops/sum.ts';
import type { Engine } from '../runtime/engine.ts';
import { inTurns } from '../runtime/turns.ts';

/** Key of the random numbers with which variables start; steps of training count from 1. */
const INITIAL_KEY = 0;

/** A slab: variables one behind the other, each on cache lines of its own. */
export function allocate(engine: Engine, name: string, variables: readonly Variable[]): Block {
  const { realBytes, NR } = engine.target;
  const bytes = variables.reduce((sum, v) => sum + paddedBytes(v, realBytes), 0);
  const block = new Block(engine, name, Math.max(bytes, 64));
  let offset = 0;
  for (const variable of variables) {
    variable.storage = { buffer: block, offset, panel: panelOf(variable, NR) };
    offset += paddedBytes(variable, realBytes);
  }
  return block;
}

/** Variables that lie in memory, as they lie there. */
export function inMemoryOrder(variables: readonly Variable[]): Variable[] {
  const blocks = new Map(variables.map((v, i) => [v.storage?.buffer, i]));
  const place = (v: Variable) => blocks.get(v.storage?.buffer) as number;
  const offset = (v: Variable) => v.storage?.offset ?? 0;
  return [...variables].sort((a, b) => place(a) - place(b) || offset(a) - offset(b));
}

/** Weights of one kind (`kernel`, `bias`) one behind the other: a group of them is updated in one pass. */
export function byKind(variables: readonly Variable[]): Variable[] {
  const kind = (v: Variable) => v.name.slice(v.name.lastIndexOf('/') + 1);
  const kinds = [...new Set(variables.map(kind))];
  return kinds.flatMap((k) => variables.filter((v) => kind(v) === k));
}

/** Gives variables the values of their initial expressions. */
export async function initialize(
  engine: Engine,
  variables: readonly Variable[],
  seed: number,
): Promise<void> {
  const assignments = variables.map((variable) => ({ variable, value: variable.initial() }));
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
  return { data: panel ? fromPanels(data, variable, panel) : data, shape: variable.shape };
}

export function writeVariable(engine: Engine, variable: Variable, data: ArrayLike<number>): void {
  const { buffer, offset, panel } = variable.storage as VariableStorage;
  const values = toMemory(data, variable.dtype, engine.target.realBytes);
  const stored = panel ? toPanels(values, variable, panel) : values;
  engine.write((buffer as Block).at + offset, stored);
}

/** Calls `pair` with the place of each element row by row and in panels. */
function eachPlace({ size, shape }: Variable, panel: number, pair: (r: number, p: number) => void) {
  const N = shape.at(-1) as number;
  const rows = size / N;
  let p = 0;
  for (let first = 0; first < N; first += panel) {
    for (let row = 0; row < rows; row++) {
      for (let n = 0; n < panel; n++) pair(row * N + first + n, p++);
    }
  }
}

function fromPanels(data: NDArray['data'], variable: Variable, panel: number): NDArray['data'] {
  const rows = data.slice();
  eachPlace(variable, panel, (r, p) => {
    rows[r] = data[p] as number;
  });
  return rows;
}

function toPanels(data: TypedArray, variable: Variable, panel: number): TypedArray {
  const panels = data.slice();
  eachPlace(variable, panel, (r, p) => {
    panels[p] = data[r] as number;
  });
  return panels;
}
