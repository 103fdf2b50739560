import { DataError } from '../runtime/errors.ts';

/** Numbers of an IDX file with their shape. */
export interface IdxArray {
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
  readonly shape: readonly number[];
}

type Read = (view: DataView, at: number) => number;

interface Element {
  readonly bytes: number;
  readonly make: (n: number) => IdxArray['data'];
  readonly read: Read;
}

/** Element types by the third byte of the file; numbers are big-endian. */
const ELEMENTS: Readonly<Record<number, Element>> = {
  8: { bytes: 1, make: (n) => new Uint8Array(n), read: (v, at) => v.getUint8(at) },
  9: { bytes: 1, make: (n) => new Int8Array(n), read: (v, at) => v.getInt8(at) },
  11: { bytes: 2, make: (n) => new Int16Array(n), read: (v, at) => v.getInt16(at) },
  12: { bytes: 4, make: (n) => new Int32Array(n), read: (v, at) => v.getInt32(at) },
  13: { bytes: 4, make: (n) => new Float32Array(n), read: (v, at) => v.getFloat32(at) },
  14: { bytes: 8, make: (n) => new Float64Array(n), read: (v, at) => v.getFloat64(at) },
};

const GZIP = [0x1f, 0x8b];

/**
 * The array in an IDX file, the format of MNIST: two zero bytes, element type, number of axes, sizes, elements. gzip is
 * undone. Throws `DataError` naming `name` when the bytes are not such a file or are cut short.
 */
export async function readIdx(bytes: Uint8Array<ArrayBuffer>, name = 'IDX file'): Promise<IdxArray> {
  return parseIdx(GZIP.every((b, i) => bytes[i] === b) ? await gunzip(bytes, name) : bytes, name);
}

async function gunzip(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new DataError(`${name}: damaged gzip data`, { cause });
  }
}

function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const element = bytes.length >= 4 && view.getUint16(0) === 0 ? ELEMENTS[view.getUint8(2)] : undefined;
  if (!element) throw new DataError(`${name}: not an IDX file (it starts with ${hex(bytes.subarray(0, 4))})`);
  const rank = view.getUint8(3);
  const start = 4 + 4 * rank;
  if (bytes.length < start) throw new DataError(`${name}: cut short within its header`);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.reduce((a, b) => a * b, 1);
  const expected = start + count * element.bytes;
  if (bytes.length !== expected) {
    throw new DataError(`${name}: ${bytes.length} bytes, its header [${shape}] promises ${expected}`);
  }
  if (element.bytes === 1) {
    const data = element.make(count);
    data.set(bytes.subarray(start));
    return { data, shape };
  }
  const data = element.make(count);
  for (let i = 0; i < count; i++) data[i] = element.read(view, start + i * element.bytes);
  return { data, shape };
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(' ');
}
