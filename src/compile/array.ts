import type { DType } from '../graph/tensor.ts';

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
  return data instanceof Form ? data : new Form(data);
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
