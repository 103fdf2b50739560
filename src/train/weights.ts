import type { NDArray } from '../compile/array.ts';
import { formatShape } from '../graph/shape.ts';
import type { Variable } from '../graph/tensor.ts';
import { OptionError, ShapeError, TypeMismatchError } from '../runtime/errors.ts';
import { inTurns, turn } from '../runtime/turns.ts';
import { writingVariable } from './slabs.ts';
import type { ModelState } from './state.ts';
import { readVariable } from './variables.ts';
import type { WeightState } from './weightState.ts';

/** A name for each variable: its own, with a number behind it where others have the same. */
export function uniqueNames(variables: readonly Variable[]): string[] {
  const taken = new Set<string>();
  return variables.map((v) => {
    const own = v.name.replace(/^\//, '');
    let name = own;
    for (let i = 2; taken.has(name); i++) name = `${own}#${i}`;
    taken.add(name);
    return name;
  });
}

/** Copies of variables with their names, in the middle of no step. To be called within `engine.exclusive`. */
export async function readVariables(
  state: WeightState,
  named: Iterable<readonly [string, Variable]>,
): Promise<[string, NDArray][]> {
  const found: [string, NDArray][] = [];
  for (const [name, variable] of named) {
    found.push([name, await readVariable(state.engine, variable)]);
    await turn();
  }
  state.checkHeld();
  return found;
}

/** Sets all variables, or none where one does not fit. */
export async function setWeights(
  state: ModelState,
  weights: readonly (NDArray | ArrayLike<number>)[],
): Promise<void> {
  const { engine, variables } = state;
  if (weights.length !== variables.length) {
    throw new OptionError(`setWeights: ${weights.length} arrays for ${variables.length} weights`);
  }
  const data = weights.map((w, i) => weightData(variables[i] as Variable, w));
  await engine.exclusive(async () => {
    state.renew();
    for (const [i, v] of variables.entries())
      await inTurns(writingVariable(engine, v, data[i] as ArrayLike<number>));
  });
}

/** The numbers for a weight, of its size, and of its shape where one is given. */
function weightData(v: Variable, given: NDArray | ArrayLike<number>): ArrayLike<number> {
  const { data = given as ArrayLike<number>, shape = v.shape } = (given ?? []) as Partial<NDArray>;
  const fits = data?.length === v.size && formatShape(shape) === formatShape(v.shape);
  const what = given && 'shape' in given ? formatShape(shape) : `${data?.length ?? 0} numbers`;
  if (!fits) throw new ShapeError(`setWeights: ${what} for "${v.name}" ${formatShape(v.shape)}`);
  if (ArrayBuffer.isView(data) || Array.from(data).every((x) => typeof x === 'number')) return data;
  throw new TypeMismatchError(`setWeights: "${v.name}" is given what is no number`);
}
