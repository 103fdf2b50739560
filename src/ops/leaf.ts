import { defineOp } from '../graph/op.ts';
import { formatShape, type Shape, sizeOf } from '../graph/shape.ts';
import { type DType, isTensor, type Tensor, type Variable } from '../graph/tensor.ts';
import { ShapeError, shown, TypeMismatchError } from '../runtime/errors.ts';
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

/** Numbers, nested in arrays as deep as there are axes. */
export type Nested = number | boolean | readonly Nested[];

/** A constant from nested arrays or a typed array; without `shape`, typed arrays are one axis. */
export function tensor(
  data: Nested | ArrayLike<number>,
  shape?: Shape,
  dtype: DType = isA(data, 'Int32Array') ? 'i32' : 'real',
): Tensor {
  const found = shape ?? shapeOf(data);
  const flat = flatten(data);
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
export function shapeOf(data: Nested | ArrayLike<number>, what = 'tensor'): number[] {
  if (typeof data === 'number' || typeof data === 'boolean') return [];
  if (ArrayBuffer.isView(data)) return [(data as unknown as ArrayLike<number>).length];
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

export function flatten(data: Nested | ArrayLike<number>): number[] {
  if (typeof data === 'number' || typeof data === 'boolean') return [Number(data)];
  if (ArrayBuffer.isView(data)) return Array.from(data as unknown as ArrayLike<number>);
  return (data as readonly unknown[]).flat(Number.POSITIVE_INFINITY).map(Number);
}
