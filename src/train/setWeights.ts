import type { NDArray } from '../compile/array.ts';
import { formatShape } from '../graph/shape.ts';
import type { Variable } from '../graph/tensor.ts';
import { OptionError, ShapeError, TypeMismatchError } from '../runtime/errors.ts';
import { inTurns } from '../runtime/turns.ts';
import { writingVariable } from './slabs.ts';
import type { ModelState } from './state.ts';

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
