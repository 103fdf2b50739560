import type { DType } from '../graph/tensor.ts';
import type { Engine } from '../runtime/engine.ts';
import { isA } from '../runtime/kind.ts';
import { pieces, type Work } from '../runtime/turns.ts';

export type TypedArray =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Int16Array
  | Uint16Array
  | Uint32Array;

/** What users get back: an owned copy, never a view of wasm memory. */
export interface NDArray {
  readonly data: Float32Array | Float64Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
}

/** Numbers in the form in which wasm memory holds them. */
export function toMemory(data: ArrayLike<number>, dtype: DType, realBytes: 4 | 8): TypedArray {
  const Form =
    dtype === 'i32'
      ? Int32Array
      : dtype === 'u8'
        ? Uint8Array
        : realBytes === 8
          ? Float64Array
          : Float32Array;
  return isA(data, Form.name as 'Int32Array') ? data : new Form(data);
}

/** Writes numbers to the memory of an engine, in pieces. */
export function* storing(
  engine: Engine,
  at: number,
  data: ArrayLike<number>,
  dtype: DType,
): Work<void> {
  const list = data as Float64Array;
  for (const [from, to] of pieces(data.length)) {
    if (from > 0) yield;
    const part = (list.subarray ?? list.slice).call(list, from, to);
    const values = toMemory(part, dtype, engine.target.realBytes);
    engine.write(at + from * values.BYTES_PER_ELEMENT, values);
  }
}

/** Numbers from the bytes of wasm memory. */
export function fromMemory(
  bytes: Uint8Array<ArrayBuffer>,
  dtype: DType,
  realBytes: 4 | 8,
): NDArray['data'] {
  if (dtype === 'u8') return bytes;
  if (dtype === 'i32') return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const Real = realBytes === 8 ? Float64Array : Float32Array;
  const reals = new Real(bytes.buffer, bytes.byteOffset, bytes.byteLength / realBytes);
  return dtype === 'bool' ? Uint8Array.from(reals) : reals;
}
