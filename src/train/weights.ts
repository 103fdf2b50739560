import type { NDArray } from '../compile/array.ts';
import type { ElementType, FileArray } from '../formats/elements.ts';
import type { readSafetensors } from '../formats/safetensors.ts';
import { formatShape, sameShape } from '../graph/shape.ts';
import type { DType, Variable } from '../graph/tensor.ts';
import { DataError, nearest, ShapeError, TypeMismatchError } from '../runtime/errors.ts';
import { turn } from '../runtime/turns.ts';
import { writeVariable } from './slabs.ts';
import { readVariable } from './variables.ts';
import type { WeightState } from './weightState.ts';

/** Types in which a file may hold variables of each type. */
const ACCEPTED: Readonly<Record<DType, readonly ElementType[]>> = {
  real: ['F32', 'F64', 'F16', 'BF16'],
  i32: ['I32', 'I64'],
  u8: ['U8'],
  bool: ['BOOL', 'U8'],
};

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

export type Tensors = ReturnType<typeof readSafetensors>['tensors'];

/**
 * Throws `DataError` unless the tensors of the file are the variables: names, shapes, types, none missing, none left over but
 * those of `known` names.
 */
export function checkTensors(
  tensors: Tensors,
  named: ReadonlyMap<string, Variable>,
  file: string,
  known: readonly string[] = [...named.keys()],
): void {
  const names = new Set(known);
  for (const name of tensors.keys()) {
    if (names.has(name)) continue;
    const near = nearest(name, known);
    throw new DataError(
      `${file}: tensor "${name}" is not one of the model's${near ? `; the nearest is "${near}"` : ''}`,
    );
  }
  for (const [name, variable] of named) {
    const found = tensors.get(name);
    if (!found)
      throw new DataError(`${file}: tensor "${name}" ${formatShape(variable.shape)} is missing`);
    checkTensor(found, variable, `${file}: tensor "${name}"`);
  }
}

function checkTensor(
  { dtype, shape }: FileArray & { dtype: ElementType },
  variable: Variable,
  what: string,
): void {
  const types = ACCEPTED[variable.dtype];
  if (!types.includes(dtype))
    throw new DataError(`${what} has type ${dtype}, expected ${types.join(' or ')}`);
  if (sameShape(shape, variable.shape)) return;
  throw new DataError(
    `${what} is ${formatShape(shape)}, the model expects ${formatShape(variable.shape)}`,
  );
}

/** Gives checked tensors to the variables. To be called within `engine.exclusive`. */
export function writeVariables(
  { engine }: WeightState,
  tensors: Tensors,
  named: ReadonlyMap<string, Variable>,
): void {
  for (const [name, variable] of named)
    writeVariable(engine, variable, (tensors.get(name) as FileArray).data);
}

/** The numbers for a weight, of its size, and of its shape where one is given. */
export function weightData(v: Variable, given: NDArray | ArrayLike<number>): ArrayLike<number> {
  const { data = given as ArrayLike<number>, shape = v.shape } = (given ?? []) as Partial<NDArray>;
  const fits = data?.length === v.size && formatShape(shape) === formatShape(v.shape);
  const what = given && 'shape' in given ? formatShape(shape) : `${data?.length ?? 0} numbers`;
  if (!fits) throw new ShapeError(`setWeights: ${what} for "${v.name}" ${formatShape(v.shape)}`);
  if (Array.from(data).every((x) => typeof x === 'number')) return data;
  throw new TypeMismatchError(`setWeights: "${v.name}" is given what is no number`);
}
