import { DataError, OptionError } from '../runtime/errors.ts';
import { atOnce, copying, inTurns, type Work } from '../runtime/turns.ts';
import {
  countOf,
  decode,
  ELEMENT_TYPES,
  type ElementType,
  elementBytes,
  encode,
  type FileArray,
  typeOf,
} from './elements.ts';
import { checkBytes } from './gzip.ts';
import { type JsonReader, parseJson } from './json.ts';

/** What a safetensors file holds. */
export interface Safetensors {
  /** By name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, FileArray & { readonly dtype: ElementType }>;
  readonly metadata: Readonly<Record<string, string>>;
}

const METADATA = '__metadata__';
/** Limit of the format. */
const MAX_HEADER = 100_000_000;
const OPEN = '{'.charCodeAt(0);

interface Entry {
  readonly name: string;
  readonly dtype: ElementType;
  readonly shape: number[];
  readonly begin: number;
  readonly end: number;
}

/** `own`: the tensors are copies, not the memory of `bytes`. */
export function readSafetensors(
  bytes: Uint8Array,
  file = 'safetensors file',
  own = true,
): Safetensors {
  checkBytes(bytes, file);
  const header = readHeader(bytes, file);
  const body = bytes.subarray(header.end);
  const fields = header.json.entries();
  const entries = fields
    .filter(([name]) => name !== METADATA)
    .map(([name, field]) => readEntry(name, field));
  checkOffsets(entries, body.length, file);
  const tensors = entries.map(({ name, dtype, shape, begin, end }) => {
    const data = decode(dtype, body.subarray(begin, end), title(file, name), own);
    return [name, { data, shape, dtype }] as const;
  });
  const given = fields.find(([name]) => name === METADATA)?.[1].entries() ?? [];
  return {
    tensors: new Map(tensors),
    metadata: Object.fromEntries(given.map(([key, value]) => [key, value.text()])),
  };
}

function title(file: string, tensor: string): string {
  return `${file}: tensor ${JSON.stringify(tensor)}`;
}

function readHeader(bytes: Uint8Array, file: string): { json: JsonReader; end: number } {
  if (bytes.length < 8)
    throw new DataError(`${file}: ${bytes.length} bytes are too few for a safetensors file`);
  const size = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (size > MAX_HEADER || size > bytes.length - 8) {
    throw new DataError(
      `${file}: a header of ${size} bytes is promised, the file has ${bytes.length}: not safetensors, or cut short`,
    );
  }
  const end = 8 + Number(size);
  if (bytes[8] !== OPEN || end === 8)
    throw new DataError(`${file}: the header does not start with "{": not a safetensors file`);
  return { json: parseJson(bytes.subarray(8, end), file), end };
}

function readEntry(name: string, field: JsonReader): Entry {
  const dtype = field.get('dtype').oneOf(ELEMENT_TYPES);
  const shape = field.get('shape').shape();
  const offsets = field
    .get('data_offsets')
    .list()
    .map((n) => n.count());
  const [begin = 0, end = 0] = offsets;
  if (offsets.length !== 2 || begin > end)
    return field.fail(`data_offsets [${offsets}], expected [begin, end]`);
  const count = countOf(shape) ?? field.fail(`shape [${shape}] is too large`);
  const expected = count * elementBytes(dtype);
  if (end - begin === expected) return { name, dtype, shape, begin, end };
  return field.fail(
    `${dtype} [${shape}] needs ${expected} bytes, data_offsets [${offsets}] give ${end - begin}`,
  );
}

/** Throws unless the tensors lie one behind the other and fill the body. */
function checkOffsets(entries: readonly Entry[], size: number, file: string): void {
  let at = 0;
  for (const { name, begin, end } of entries.toSorted(
    (a, b) => a.begin - b.begin || a.end - b.end,
  )) {
    if (end > size)
      throw new DataError(
        `${title(file, name)} ends at byte ${end} of ${size}: the file is cut short`,
      );
    if (begin !== at)
      throw new DataError(
        `${title(file, name)} begins at byte ${begin}, expected ${at}: tensors ${begin < at ? 'overlap' : 'leave a gap'}`,
      );
    at = end;
  }
  if (at !== size) throw new DataError(`${file}: ${size - at} bytes belong to no tensor`);
}

type Written = [
  tensors: Iterable<readonly [name: string, array: FileArray]>,
  metadata?: Readonly<Record<string, string>>,
];

export function writeSafetensors(...file: Written): Uint8Array<ArrayBuffer> {
  return atOnce(writing(...file));
}

/** The same in turns with the host's events. */
export function writeInTurns(...file: Written): Promise<Uint8Array<ArrayBuffer>> {
  return inTurns(writing(...file));
}

function* writing(...[tensors, metadata = {}]: Written): Work<Uint8Array<ArrayBuffer>> {
  const parts = [...tensors].map(([name, array]) => toPart(name, array));
  // Wide elements first, so that all are aligned.
  parts.sort((a, b) => elementBytes(b.dtype) - elementBytes(a.dtype));
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set(METADATA, metadata);
  let end = 0;
  for (const { name, dtype, shape, bytes } of parts) {
    if (header.has(name) || name === METADATA)
      throw new OptionError(`safetensors: the name ${JSON.stringify(name)} is taken`);
    header.set(name, { dtype, shape, data_offsets: [end, end + bytes.length] });
    end += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const file = new Uint8Array(start + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.fill(' '.charCodeAt(0), 8, start);
  file.set(json, 8);
  let at = start;
  for (const { bytes } of parts) {
    yield* copying(bytes, file, at);
    yield;
    at += bytes.length;
  }
  return file;
}

function toPart(name: string, array: FileArray) {
  const what = `safetensors: tensor ${JSON.stringify(name)}`;
  const dtype = typeOf(array, what);
  const { data, shape } = array;
  if (countOf(shape) !== data.length)
    throw new DataError(`${what}: ${data.length} numbers for shape [${shape}]`);
  return { name, dtype, shape, bytes: encode(dtype, data) };
}
