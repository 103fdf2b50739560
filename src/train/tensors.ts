import type { ElementType, FileArray } from '../formats/elements.ts';
import type { readSafetensors } from '../formats/safetensors.ts';
import { formatShape, sameShape } from '../graph/shape.ts';
import type { DType, Variable } from '../graph/tensor.ts';
import { DataError, nearest } from '../runtime/errors.ts';
import { inTurns } from '../runtime/turns.ts';
import { writingVariable } from './slabs.ts';
import type { WeightState } from './weightState.ts';

/** The tensors of a file, by name. */
export type Tensors = ReturnType<typeof readSafetensors>['tensors'];

/** Types in which a file may hold variables of each type. */
const ACCEPTED: Readonly<Record<DType, readonly ElementType[]>> = {
  real: ['F32', 'F64', 'F16', 'BF16'],
  i32: ['I32', 'I64'],
  u8: ['U8'],
  bool: ['BOOL', 'U8'],
};

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
export async function writeVariables(
  { engine }: WeightState,
  tensors: Tensors,
  named: ReadonlyMap<string, Variable>,
): Promise<void> {
  for (const [name, variable] of named)
    await inTurns(writingVariable(engine, variable, (tensors.get(name) as FileArray).data));
}
