import { DataError, OptionError } from '../runtime/errors.ts';
import {
  countOf,
  decode,
  type ElementType,
  elementBytes,
  encode,
  type FileArray,
  typeOf,
} from './elements.ts';
import { checkBytes } from './gzip.ts';

const MAGIC = '\x93NUMPY';
const ALIGNMENT = 64;
const MAX_HEADER = 0xffff;
/** Bytes before the header in version 1. */
const START = 10;

/** NumPy's names of element types, without the byte order. */
const CODES: Readonly<Record<string, ElementType>> = {
  f8: 'F64',
  f4: 'F32',
  f2: 'F16',
  i8: 'I64',
  i4: 'I32',
  u1: 'U8',
  b1: 'BOOL',
};

export function readNpy(
  bytes: Uint8Array,
  file = 'npy file',
): FileArray & { readonly dtype: ElementType } {
  checkBytes(bytes, file);
  const { text, end } = readHeader(bytes, file);
  const { dtype, swapped, fortran, shape } = parseHeader(text, file);
  const size = elementBytes(dtype);
  const body = bytes.subarray(end);
  const expected = (countOf(shape) ?? Number.POSITIVE_INFINITY) * size;
  if (body.length !== expected)
    throw new DataError(
      `${file}: ${body.length} bytes of data, its header [${shape}] promises ${expected}`,
    );
  const data = decode(dtype, swapped ? swapBytes(body, size) : body, file);
  return { data: fortran ? toRowMajor(data, shape) : data, shape, dtype };
}

function readHeader(bytes: Uint8Array, file: string): { text: string; end: number } {
  const isNpy = [...MAGIC].every((c, i) => bytes[i] === c.charCodeAt(0));
  if (!isNpy) {
    const zip = bytes[0] === 0x50 && bytes[1] === 0x4b;
    throw new DataError(
      `${file}: not a .npy file${zip ? ' but an archive (.npz?); unpack it first' : ''}`,
    );
  }
  const major = bytes[6] ?? 0;
  if (major < 1 || major > 3)
    throw new DataError(`${file}: version ${major} of the .npy format, expected 1 to 3`);
  const start = major === 1 ? START : 12;
  if (bytes.length < start) throw new DataError(`${file}: cut short within its header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const end = start + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (end > bytes.length || end - start > MAX_HEADER)
    throw new DataError(
      `${file}: a header of ${end - start} bytes is promised, ${bytes.length - start} are there`,
    );
  return { text: new TextDecoder('latin1').decode(bytes.subarray(start, end)), end };
}

const FIELDS = {
  descr: /'descr'\s*:\s*'([^']*)'/,
  fortran: /'fortran_order'\s*:\s*(True|False)/,
  shape: /'shape'\s*:\s*\(((?:\s*\d+L?\s*,)*(?:\s*\d+L?)?\s*)\)/,
};

/** Throws for elements that are records of several fields. */
function checkPlain(text: string, file: string): void {
  const [, fields] = text.match(/'descr'\s*:\s*\[(.*)\]\s*,/) ?? [];
  if (fields === undefined) return;
  const names = [...fields.matchAll(/\(\s*'([^']*)'/g)].map(([, name]) => name);
  throw new DataError(
    `${file}: a structured array with the fields ${names.join(', ')}, expected plain numbers; save each field alone`,
  );
}

/** The header is a Python dictionary with these three keys in any order. */
function parseHeader(text: string, file: string) {
  checkPlain(text, file);
  let rest = text;
  const take = (pattern: RegExp): string => {
    const found = rest.match(pattern);
    if (!found)
      throw new DataError(
        `${file}: damaged header ${JSON.stringify(text.slice(0, 120).trimEnd())}`,
      );
    rest = rest.replace(pattern, '');
    return found[1] as string;
  };
  const [descr, fortran, sizes] = [take(FIELDS.descr), take(FIELDS.fortran), take(FIELDS.shape)];
  take(/^\s*\{([\s,]*)\}\s*$/);
  const shape = sizes
    .split(',')
    .filter((n) => n.trim())
    .map((n) => Number.parseInt(n, 10));
  if (shape.length === 1 && !sizes.includes(','))
    throw new DataError(`${file}: the shape (${sizes}) is not a tuple`);
  const [, order, code = ''] = descr.match(/^([<>|=])(\w+)$/) ?? [];
  const dtype = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  if (!dtype) {
    throw new DataError(
      `${file}: elements of type ${JSON.stringify(descr)}, expected one of ${Object.keys(CODES).join(', ')}`,
    );
  }
  return { dtype, swapped: order === '>', fortran: fortran === 'True', shape };
}

function swapBytes(bytes: Uint8Array, size: number): Uint8Array {
  return Uint8Array.from(bytes, (_, i) => bytes[i - (i % size) + size - 1 - (i % size)] as number);
}

/** From the order in which the first axis runs fastest. */
function toRowMajor<A extends FileArray['data']>(data: A, shape: readonly number[]): A {
  const result = data.slice() as A;
  const index = shape.map(() => 0);
  const strides = shape.map((_, i) => shape.slice(0, i).reduce((a, b) => a * b, 1));
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from] as number;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const [size, stride] = [shape[axis] as number, strides[axis] as number];
      from += stride;
      index[axis] = (index[axis] as number) + 1;
      if (index[axis] !== size) break;
      index[axis] = 0;
      from -= size * stride;
    }
  }
  return result;
}

export function writeNpy(array: FileArray): Uint8Array<ArrayBuffer> {
  const { data, shape } = array;
  const dtype = typeOf(array, 'npy');
  if (countOf(shape) !== data.length)
    throw new DataError(`npy: ${data.length} numbers for shape [${shape}]`);
  const code = Object.keys(CODES).find((c) => CODES[c] === dtype) as string;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dictionary = `{'descr': '${code.endsWith('1') ? '|' : '<'}${code}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const end = Math.ceil((START + dictionary.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = `${dictionary.padEnd(end - START - 1)}\n`;
  if (header.length > MAX_HEADER) throw new OptionError(`npy: ${shape.length} axes are too many`);
  const body = encode(dtype, data);
  const file = new Uint8Array(end + body.length);
  const view = new DataView(file.buffer);
  const put = (text: string, at: number) =>
    file.set(
      Uint8Array.from(text, (c) => c.charCodeAt(0)),
      at,
    );
  put(MAGIC, 0);
  file[6] = 1;
  view.setUint16(8, header.length, true);
  put(header, START);
  file.set(body, end);
  return file;
}
