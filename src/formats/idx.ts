import { checkOptions, DataError, ShapeError, TypeMismatchError } from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import {
  type Bytes,
  checkBytes,
  chunksOf,
  GZIP_LIMIT,
  gunzip,
  gzip,
  isGzip,
  joinBytes,
} from './gzip.ts';

/** Numbers of an IDX file with their shape. */
export interface IdxArray {
  readonly data: Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
  readonly shape: readonly number[];
}

type Numbers = IdxArray['data'];

interface Element {
  readonly code: number;
  readonly bytes: number;
  readonly form: new (n: number) => Numbers;
  readonly read: (view: DataView, at: number) => number;
  readonly write: (view: DataView, at: number, value: number) => void;
}

/** Element types by the third byte of the file; numbers are big-endian. */
const ELEMENTS: readonly Element[] = [
  {
    code: 8,
    bytes: 1,
    form: Uint8Array,
    read: (v, at) => v.getUint8(at),
    write: (v, at, x) => v.setUint8(at, x),
  },
  {
    code: 9,
    bytes: 1,
    form: Int8Array,
    read: (v, at) => v.getInt8(at),
    write: (v, at, x) => v.setInt8(at, x),
  },
  {
    code: 11,
    bytes: 2,
    form: Int16Array,
    read: (v, at) => v.getInt16(at),
    write: (v, at, x) => v.setInt16(at, x),
  },
  {
    code: 12,
    bytes: 4,
    form: Int32Array,
    read: (v, at) => v.getInt32(at),
    write: (v, at, x) => v.setInt32(at, x),
  },
  {
    code: 13,
    bytes: 4,
    form: Float32Array,
    read: (v, at) => v.getFloat32(at),
    write: (v, at, x) => v.setFloat32(at, x),
  },
  {
    code: 14,
    bytes: 8,
    form: Float64Array,
    read: (v, at) => v.getFloat64(at),
    write: (v, at, x) => v.setFloat64(at, x),
  },
];

export async function readIdx(bytes: Bytes, name = 'IDX file'): Promise<IdxArray> {
  checkBytes(bytes, name);
  return parse(isGzip(bytes) ? await unpack(bytes, name) : bytes, name);
}

interface Header {
  readonly element: Element;
  readonly shape: readonly number[];
  /** Where the elements start. */
  readonly start: number;
  readonly count: number;
  /** Bytes of the whole file. */
  readonly size: number;
}

/** The header, or how many bytes it needs. */
function headerOf(bytes: Uint8Array, name: string): Header | number {
  if (bytes.length < 4) return 4;
  const element = ELEMENTS.find((e) => e.code === bytes[2]);
  if (!element || bytes[0] !== 0 || bytes[1] !== 0) throw notIdx(bytes, name);
  const rank = bytes[3] as number;
  const start = 4 + 4 * rank;
  if (bytes.length < start) return start;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = shape.includes(0) ? 0 : shape.reduce((a, b) => a * b, 1);
  return { element, shape, start, count, size: start + count * element.bytes };
}

function notIdx(bytes: Uint8Array, name: string): DataError {
  const found = [...bytes.subarray(0, 4)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  return new DataError(
    `${name}: not an IDX file (${found ? `it starts with ${found}` : 'it is empty'})`,
  );
}

function mismatch({ shape, size }: Header, held: string, name: string): DataError {
  const promised = Number.isSafeInteger(size) ? size : 'far more';
  return new DataError(`${name}: ${held} bytes, its header [${shape}] promises ${promised}`);
}

/** Undoes gzip into memory of the size that the header promises. */
async function unpack(bytes: Bytes, name: string): Promise<Bytes> {
  let head: Bytes = new Uint8Array(0);
  let header: Header | undefined;
  let out: Bytes = head;
  let at = 0;
  for await (let chunk of gunzip(chunksOf(new Blob([bytes]).stream()), name)) {
    if (!header) {
      chunk = joinBytes(head, chunk);
      const found = headerOf(chunk, name);
      if (typeof found === 'number') {
        head = chunk;
        continue;
      }
      header = found;
      if (header.size > bytes.length * GZIP_LIMIT)
        throw mismatch(header, `too few (${bytes.length}) compressed`, name);
      out = new Uint8Array(header.size);
    }
    if (at + chunk.length > out.length)
      throw mismatch(header, `at least ${at + chunk.length}`, name);
    out.set(chunk, at);
    at += chunk.length;
  }
  return header ? out.subarray(0, at) : head;
}

function parse(bytes: Uint8Array, name: string): IdxArray {
  const header = headerOf(bytes, name);
  if (typeof header === 'number') {
    if (bytes.length < 4) throw notIdx(bytes, name);
    throw new DataError(`${name}: cut short within its header`);
  }
  const { element, shape, start, count, size } = header;
  if (bytes.length !== size) throw mismatch(header, `${bytes.length}`, name);
  const data = new element.form(count);
  if (element.bytes === 1) {
    data.set(bytes.subarray(start));
    return { data, shape };
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let i = 0; i < count; i++) data[i] = element.read(view, start + i * element.bytes);
  return { data, shape };
}

export interface WriteIdxOptions {
  /** Compress with gzip, default false. */
  readonly gzip?: boolean;
}

export async function writeIdx(
  { data, shape }: IdxArray,
  options: WriteIdxOptions = {},
): Promise<Bytes> {
  checkOptions('writeIdx', options, ['gzip']);
  const element = ELEMENTS.find((e) => isA(data, e.form.name as 'Uint8Array'));
  if (!element) {
    const forms = ELEMENTS.map((e) => e.form.name).join(', ');
    throw new TypeMismatchError(
      `IDX has no element type for ${data.constructor.name}, expected ${forms}`,
    );
  }
  const sizes =
    shape.every((n) => Number.isInteger(n) && n >= 0 && n < 2 ** 32) && shape.length < 256;
  if (!sizes || shape.reduce((a, b) => a * b, 1) !== data.length) {
    throw new ShapeError(`IDX: ${data.length} numbers for shape [${shape}]`);
  }
  const start = 4 + 4 * shape.length;
  const bytes = new Uint8Array(start + data.length * element.bytes);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, element.code, shape.length]);
  shape.forEach((n, i) => {
    view.setUint32(4 + 4 * i, n);
  });
  if (element.bytes === 1)
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.length), start);
  else
    for (let i = 0; i < data.length; i++)
      element.write(view, start + i * element.bytes, data[i] as number);
  return options.gzip ? gzip(bytes) : bytes;
}
