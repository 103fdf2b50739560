import type { TypedArray } from '../compile/array.ts';
import { checkShape, formatShape, type Shape, sizeOf } from '../graph/shape.ts';
import type { DType } from '../graph/tensor.ts';
import { flatten, type Nested, shapeOf } from '../ops/leaf.ts';
import { DataError, OptionError, ShapeError, shown, TypeMismatchError } from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import { atOnce, pieces, type Work } from '../runtime/turns.ts';

/** Typed numbers with their shape; u8 stays u8 in memory and becomes value·scale + offset when a batch is gathered. */
export interface ArrayData {
  readonly data: TypedArray;
  readonly shape: Shape;
  readonly scale?: number;
  readonly offset?: number;
}

/** What `fit`, `evaluate` and `predict` take for one input or output: first axis examples. */
export type DataLike = ArrayData | readonly Nested[] | TypedArray;

/** Checked data of one input or output. */
export interface Table {
  readonly name: string;
  readonly data: TypedArray;
  /** Examples first. */
  readonly shape: Shape;
  readonly dtype: DType;
  readonly scale: number;
  readonly offset: number;
}

/**
 * Checks and describes data. `kind` labels: whole numbers, kept as i32. `rowShape`, where known, gives flat typed arrays
 * their shape and must agree with the others'.
 */
export function table(
  name: string,
  given: DataLike,
  kind: 'values' | 'labels',
  rowShape?: Shape,
): Table {
  return atOnce(tabulating(name, given, kind, rowShape));
}

/** The same in pieces. */
export function* tabulating(
  name: string,
  given: DataLike,
  kind: 'values' | 'labels',
  rowShape?: Shape,
): Work<Table> {
  const { data, shape, scale = 1, offset = 0 } = describe(name, given, rowShape);
  const detached =
    'detached' in data.buffer && data.buffer.detached ? ' (its buffer was transferred)' : '';
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(
      `${name}: ${data.length} numbers for shape ${formatShape(shape)}${detached}`,
    );
  }
  if (shape[0] === 0) throw new DataError(`${name}: no examples${detached}`);
  if (kind === 'labels')
    return {
      name,
      data: yield* labels(name, data),
      shape: labelShape(shape),
      dtype: 'i32',
      scale: 1,
      offset: 0,
    };
  checkRows(name, shape, rowShape);
  if (isA(data, 'Uint8Array', 'Uint8ClampedArray')) {
    return { name, data, shape, dtype: 'u8', scale, offset };
  }
  if (scale !== 1 || offset !== 0) {
    throw new OptionError(
      `${name}: scale and offset are for Uint8Array, got ${data.constructor.name}`,
    );
  }
  yield* checkNumbers(name, data, shape);
  return { name, data, shape, dtype: 'real', scale, offset };
}

function describe(name: string, given: DataLike, rowShape?: Shape): ArrayData {
  if (given === undefined || given === null) throw new DataError(`${name}: no data given`);
  if (Array.isArray(given)) return nested(name, given, rowShape);
  if (ArrayBuffer.isView(given)) {
    const data = typed(name, given);
    const row = rowShape ?? [];
    return { data, shape: [Math.floor(data.length / sizeOf(row)), ...row] };
  }
  const { data, shape } = given as ArrayData;
  if (!data || !Array.isArray(shape))
    throw new DataError(
      `${name}: got ${shown(given)}, expected arrays, typed arrays or { data, shape }`,
    );
  checkShape(shape);
  typed(name, data);
  return given as ArrayData;
}

/** Rows that are flat typed arrays take the shape that is expected. */
function nested(name: string, given: readonly Nested[], rowShape: Shape = []): ArrayData {
  const shape = shapeOf(given, name);
  const data = flatten(given, shape);
  const flat = ArrayBuffer.isView(given[0]) && shape[1] === sizeOf(rowShape);
  return { data, shape: flat ? [given.length, ...rowShape] : shape };
}

function typed(name: string, data: ArrayBufferView): TypedArray {
  const { [0]: first = 0, constructor: made } = data as TypedArray;
  if (ArrayBuffer.isView(data) && !isA(data, 'DataView') && typeof first === 'number')
    return data as TypedArray;
  throw new TypeMismatchError(`${name}: got ${made?.name}, expected a typed array of numbers`);
}

/** Labels of n examples are [n]; a last axis of size 1 is dropped. */
function labelShape(shape: Shape): Shape {
  return shape.length > 1 && shape.at(-1) === 1 ? shape.slice(0, -1) : shape;
}

function* labels(name: string, data: TypedArray): Work<Int32Array> {
  const found = new Int32Array(data.length);
  for (const [from, to] of pieces(data.length)) {
    found.set(data.subarray(from, to), from);
    for (let i = from; i < to; i++) {
      const label = data[i] as number;
      if (found[i] === label) continue;
      const why = Number.isInteger(label) ? 'needs more than 32 bits' : 'is not a whole number';
      throw new DataError(`${name}: label ${label} at ${i} ${why}`);
    }
    yield;
  }
  return found;
}

function checkRows(name: string, shape: Shape, rowShape?: Shape): void {
  if (shape.length === 0) throw new ShapeError(`${name}: expected an axis of examples`);
  if (!rowShape || formatShape(shape.slice(1)) === formatShape(rowShape)) return;
  throw new ShapeError(
    `${name}: examples have shape ${formatShape(shape.slice(1))}, the model expects ${formatShape(rowShape)}`,
  );
}

function* checkNumbers(name: string, data: TypedArray, shape: Shape): Work<void> {
  if (!isA(data, 'Float16Array', 'Float32Array', 'Float64Array')) return;
  for (const [from, to] of pieces(data.length)) {
    const i = notFiniteIn(data, from, to);
    if (i < to) {
      const row = Math.floor(i / sizeOf(shape.slice(1)));
      throw new DataError(`${name}: ${data[i]} in example ${row}, expected finite numbers`);
    }
    yield;
  }
}

/** `to` if there is none. */
function notFiniteIn(data: Float32Array | Float64Array, from: number, to: number): number {
  let i = from;
  while (i < to && Number.isFinite(data[i])) i++;
  return i;
}

/** Throws unless all labels are in 0 … classes − 1. */
export function checkLabels({ name, data }: Table, classes: number, ignored?: unknown): void {
  for (let i = 0; i < data.length; i++) {
    const label = data[i] as number;
    if ((label >= 0 && label < classes) || label === ignored) continue;
    throw new DataError(`${name}: label ${label} of example ${i}, expected 0 to ${classes - 1}`);
  }
}

/** Examples [from, to) of a table, sharing its memory. */
export function rowsOf(t: Table, from: number, to: number): Table {
  const row = sizeOf(t.shape.slice(1));
  return {
    ...t,
    data: t.data.subarray(from * row, to * row),
    shape: [to - from, ...t.shape.slice(1)],
  };
}

/** Values of a table as the host writes them to an input: u8 scaled. */
export function hostValues({ data, dtype, scale, offset }: Table): ArrayLike<number> {
  return dtype === 'u8' ? Float64Array.from(data, (x) => x * scale + offset) : data;
}
