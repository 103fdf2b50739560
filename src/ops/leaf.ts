import { defineOp } from '../graph/op.ts';
import { checkShape, formatShape, type Shape, sizeOf } from '../graph/shape.ts';
import { type DType, isTensor, type Tensor, type Variable } from '../graph/tensor.ts';
import { ShapeError, shown, TypeMismatchError, unknownName } from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import type { Buffer } from '../runtime/row.ts';

function nothing(): void {}

/** What the host writes before a call: a batch, sample weights. */
export const input = defineOp({
  name: 'input',
  source: 'input',
  args: (name: string, shape: Shape, dtype: DType = 'real') => [[], { name, shape, dtype }],
  type: (_, { shape, dtype }) => ({ shape, dtype }),
  emit: nothing,
});

/** The value of a variable. */
export const read = defineOp({
  name: 'variable',
  source: 'variable',
  args: (variable: Variable) => [[], { variable }],
  type: (_, { variable }) => variable,
  emit: nothing,
});

/** Memory bound when the program is loaded: a data set, the order of an epoch. */
export const external = defineOp({
  name: 'external',
  source: 'external',
  args: (buffer: Buffer, shape: Shape, dtype: DType) => [[], { buffer, shape, dtype }],
  type: (_, { shape, dtype }) => ({ shape, dtype }),
  emit: nothing,
});

const constant = defineOp({
  name: 'constant',
  source: 'constant',
  args: (data: readonly number[], shape: Shape, dtype: DType) => [[], { data, shape, dtype }],
  type: (_, { shape, dtype }) => ({ shape, dtype }),
  emit: nothing,
});

/** Numbers, nested in arrays as deep as there are axes, the innermost of which may be typed. */
export type Nested = number | boolean | ArrayLike<number> | readonly Nested[];

const DTYPES: readonly DType[] = ['real', 'i32', 'u8', 'bool'];

/** A constant from nested arrays or a typed array; without `shape`, typed arrays are one axis. */
export function tensor(
  data: Nested,
  shape?: Shape,
  dtype: DType = isA(data, 'Int32Array') ? 'i32' : 'real',
): Tensor {
  if (shape) checkShape(shape);
  if (!DTYPES.includes(dtype)) unknownName('dtype', dtype, DTYPES);
  const given = shapeOf(data);
  const found = shape ?? given;
  const flat = Array.from(flatten(data, given));
  if (flat.length !== sizeOf(found)) {
    throw new ShapeError(
      `tensor: ${flat.length} numbers, shape ${formatShape(found)} needs ${sizeOf(found)}`,
    );
  }
  return constant(flat, found, dtype);
}

/** A constant without axes. */
export function scalar(value: number): Tensor {
  return constant([value], [], 'real');
}

/** Numbers become scalars, tensors stay. */
export function asTensor(x: Tensor | number): Tensor {
  if (typeof x === 'number') return scalar(x);
  if (!isTensor(x)) throw new TypeMismatchError(`expected a tensor or a number, got ${typeof x}`);
  return x;
}

/** Shape of nested arrays; throws on ragged ones and on what is no number. */
export function shapeOf(data: Nested, what = 'tensor'): number[] {
  if (typeof data === 'number' || typeof data === 'boolean') return [];
  if (isTyped(data)) return [data.length];
  if (!Array.isArray(data))
    throw new TypeMismatchError(`${what}: got ${shown(data)}, expected numbers in nested arrays`);
  const rows: readonly Nested[] = data;
  const inner = rows.length ? shapeOf(rows[0] as Nested, what) : [];
  rows.forEach((row, i) => {
    const shape = shapeOf(row, what);
    if (shape.join() !== inner.join()) {
      throw new ShapeError(
        `${what}: row ${i} has shape ${formatShape(shape)}, row 0 ${formatShape(inner)}`,
      );
    }
  });
  return [rows.length, ...inner];
}

/** Whether data are a typed array of numbers, not of bigints. */
function isTyped(data: unknown): data is Float64Array {
  return (
    ArrayBuffer.isView(data) &&
    typeof ((data as Float64Array)[0] ?? 0) === 'number' &&
    'length' in data
  );
}

/** The numbers of nested arrays of that shape, row by row. */
export function flatten(data: Nested, shape: Shape): Float64Array {
  const flat = new Float64Array(sizeOf(shape));
  let at = 0;
  const put = (part: Nested): void => {
    if (isTyped(part)) {
      flat.set(part, at);
      at += part.length;
    } else if (Array.isArray(part)) for (const inner of part) put(inner);
    else flat[at++] = Number(part);
  };
  put(data);
  return flat;
}
