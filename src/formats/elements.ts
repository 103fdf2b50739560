import { DataError, OptionError } from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';

/** Element types of the formats that hold arrays, by the names of safetensors. */
export type ElementType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'U8' | 'BOOL';

/** How `data` holds elements: F16 and BF16 as f32, I64 narrowed to i32, BOOL as 0 and 1. */
export type ElementArray = Float64Array | Float32Array | Int32Array | Uint8Array;

/** An array of a file. `dtype`: its type there, where `data` does not say it. */
export interface FileArray {
  readonly data: ElementArray;
  readonly shape: readonly number[];
  readonly dtype?: ElementType;
}

interface Element {
  readonly bytes: number;
  /** From aligned bytes, which the array may share; `what` stands in errors. */
  readonly read: (bytes: Uint8Array, what: string) => ElementArray;
}

type Form<T> = new (buffer: ArrayBufferLike, at: number, length: number) => T;

function view<T>(Type: Form<T> & { BYTES_PER_ELEMENT: number }, bytes: Uint8Array): T {
  return new Type(bytes.buffer, bytes.byteOffset, bytes.length / Type.BYTES_PER_ELEMENT);
}

function narrow(bytes: Uint8Array, what: string): Int32Array {
  const long = view(BigInt64Array, bytes);
  return Int32Array.from(long, (n, i) => {
    if (BigInt.asIntN(32, n) === n) return Number(n);
    throw new DataError(`${what}: ${n} at ${i} does not fit in 32 bits`);
  });
}

function bits(found: Uint8Array, what: string): Uint8Array {
  const wrong = found.findIndex((b) => b > 1);
  if (wrong >= 0) throw new DataError(`${what}: ${found[wrong]} at ${wrong}, expected 0 or 1`);
  return found;
}

/** Bits of the float32 of the same value: sign 1, exponent 5, fraction 10. */
function halfToSingle(h: number): number {
  const sign = (h & 0x8000) << 16;
  const exponent = (h >> 10) & 31;
  const fraction = h & 0x3ff;
  if (exponent === 31) return sign | 0x7f800000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | ((fraction << (shift + 13)) & 0x7fffff);
}

function widen(bytes: Uint8Array, toSingle: (h: number) => number): Float32Array {
  return new Float32Array(Int32Array.from(view(Uint16Array, bytes), toSingle).buffer);
}

const ELEMENTS: Readonly<Record<ElementType, Element>> = {
  F64: { bytes: 8, read: (b) => view(Float64Array, b) },
  F32: { bytes: 4, read: (b) => view(Float32Array, b) },
  F16: { bytes: 2, read: (b) => widen(b, halfToSingle) },
  BF16: { bytes: 2, read: (b) => widen(b, (h) => h << 16) },
  I64: { bytes: 8, read: narrow },
  I32: { bytes: 4, read: (b) => view(Int32Array, b) },
  U8: { bytes: 1, read: (b) => b },
  BOOL: { bytes: 1, read: bits },
};

export const ELEMENT_TYPES = Object.keys(ELEMENTS) as readonly ElementType[];

export function elementBytes(type: ElementType): number {
  return ELEMENTS[type].bytes;
}

/** Elements from little-endian bytes: a copy, or if not `own` their memory. Throws `DataError` for values that do not fit. */
export function decode(
  type: ElementType,
  bytes: Uint8Array,
  what: string,
  own = true,
): ElementArray {
  const shared = !own && bytes.byteOffset % elementBytes(type) === 0;
  return ELEMENTS[type].read(shared ? bytes : new Uint8Array(bytes), what);
}

/** Types as which each kind of array can be written, its own first. */
const WRITABLE: Readonly<Record<string, readonly ElementType[]>> = {
  Float64Array: ['F64'],
  Float32Array: ['F32'],
  Int32Array: ['I32', 'I64'],
  Uint8Array: ['U8', 'BOOL'],
};

/** The type as which an array is written. Throws `OptionError` where its data do not suit it. */
export function typeOf({ data, dtype }: FileArray, what: string): ElementType {
  const kind = Object.keys(WRITABLE).find((k) => isA(data, k as 'Uint8Array'));
  const types = WRITABLE[kind as string];
  if (!types)
    throw new OptionError(`${what}: expected Float32Array, Float64Array, Int32Array or Uint8Array`);
  const type = dtype ?? (types[0] as ElementType);
  if (!types.includes(type))
    throw new OptionError(`${what}: ${types[0]} data cannot be written as ${type}`);
  return type;
}

/** Little-endian bytes of the elements: the memory of `data` itself where it holds them. */
export function encode(type: ElementType, data: ElementArray): Uint8Array {
  const view =
    type === 'I64'
      ? BigInt64Array.from(data as Int32Array, BigInt)
      : type === 'BOOL'
        ? Uint8Array.from(data, (x) => (x ? 1 : 0))
        : data;
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Number of elements; undefined unless all sizes are whole numbers and their product is exact. */
export function countOf(shape: readonly number[]): number | undefined {
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) return undefined;
  const count = shape.reduce((a, b) => a * b, 1);
  return Number.isSafeInteger(count) ? count : undefined;
}
