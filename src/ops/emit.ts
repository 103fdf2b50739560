import { sizeOf } from '../graph/shape.ts';
import type { Emitter, Tensor, TensorType } from '../graph/tensor.ts';
import { TypeMismatchError } from '../runtime/errors.ts';
import type { Pointer, Row } from '../runtime/row.ts';

/** The tensor as rows × columns: the first axis, on which threads split a batch, and all others. */
export function asRows(tensor: TensorType): { rows: number; columns: number } {
  if (tensor.shape.length < 2) return { rows: sizeOf(tensor.shape), columns: 1 };
  const rows = tensor.shape[0] as number;
  return { rows, columns: sizeOf(tensor.shape.slice(1)) };
}

/** Number of elements and unit of an elementwise row over `node`: it splits where other rows of the batch do. */
export function elementwise(e: Emitter, node: TensorType): { n: number; unit: number } {
  const { rows, columns } = asRows(node);
  return { n: rows * columns, unit: Math.max(1, e.unit(rows, columns) * columns) };
}

/** The place so many numbers behind another. */
export function moved(e: Emitter, p: Pointer, numbers: number): Pointer {
  const bytes = numbers * e.realBytes;
  return { ...p, offset: p.offset + bytes, bytes: p.bytes - bytes };
}

/** Memory filled before its first use: at the start of the step, if `source` is there by then (null: it needs none). */
export function prepared(
  e: Emitter,
  source: Tensor | null,
  purpose: string,
  bytes: number,
  make: (to: Pointer) => Row,
): Pointer {
  const early = e.early(source, purpose, bytes, make);
  if (early) return early;
  const to = e.temp(bytes);
  e.row(make(to));
  return to;
}

type MapRow = (y: Pointer, x: Pointer, n: number, unit: number) => Row;
type ZipRow = (z: Pointer, a: Pointer, b: Pointer, n: number, unit: number) => Row;

export function emitMap(e: Emitter, node: Tensor, row: MapRow): void {
  const { n, unit } = elementwise(e, node);
  e.row(row(e.at(node), e.at(node.inputs[0] as Tensor), n, unit));
}

export function emitZip(e: Emitter, node: Tensor, row: ZipRow): void {
  const { n, unit } = elementwise(e, node);
  const [a, b] = node.inputs as [Tensor, Tensor];
  e.row(row(e.at(node), e.at(a), e.at(b), n, unit));
}

/** Throws unless the tensor holds real numbers (or truth values, which are 0 and 1). */
export function expectReal(op: string, ...tensors: readonly Tensor[]): void {
  for (const t of tensors) {
    if (t.dtype === 'i32' || t.dtype === 'u8') {
      throw new TypeMismatchError(`${op}: input is ${t.dtype}, expected real (see cast)`);
    }
  }
}

export function expectI32(op: string, what: string, t: Tensor): void {
  if (t.dtype !== 'i32') throw new TypeMismatchError(`${op}: ${what} is ${t.dtype}, expected i32`);
}
