import {
  encodeInputs,
  type ImagePreprocessing,
  type Preprocessing,
  type TablePreprocessing,
} from '../data/preprocess.ts';
import type { ArrayData } from '../data/table.ts';
import { isExact } from '../formats/cells.ts';
import { sizeOf } from '../graph/shape.ts';
import { DataError, nearest } from '../runtime/errors.ts';

const NAME = 'standard input';
const LONGEST = 1 << 26;

interface Line {
  readonly number: number;
  readonly text: string;
}

/** Model inputs from lines of JSON, as many at a time as arrive together. Throws `DataError` naming the line. */
export async function* jsonLineBatches(
  source: AsyncIterable<Uint8Array>,
  preprocessing: Preprocessing,
): AsyncGenerator<ArrayData> {
  const encode = (lines: readonly Line[]) =>
    preprocessing.kind === 'table'
      ? tableInputs(preprocessing, lines)
      : imageInputs(preprocessing, lines);
  for await (const lines of lineBatches(source)) {
    const filled = lines.filter(({ text }) => text.trim() !== '');
    if (filled.length > 0) yield* untilBad(filled, encode);
  }
}

/** All lines at once; when one of them is bad, those before it first. */
function* untilBad(
  lines: readonly Line[],
  encode: (lines: readonly Line[]) => ArrayData,
): Generator<ArrayData> {
  try {
    yield encode(lines);
  } catch (error) {
    if (lines.length === 1) throw error;
    for (const line of lines) yield encode([line]);
  }
}

async function* lineBatches(source: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const decoder = new TextDecoder();
  let rest = '';
  let number = 0;
  for await (const chunk of source) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() as string;
    if (rest.length > LONGEST)
      throw new DataError(`${NAME} line ${number + 1}: longer than ${LONGEST} characters`);
    yield lines.map((text) => ({ number: ++number, text }));
  }
  yield [{ number: number + 1, text: rest + decoder.decode() }];
}

const LONG_NUMBER = /\d{16}/;

/** Whole numbers that f64 cannot hold, such as long ids, stay text. */
function asWritten(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' && !isExact(value) ? (context?.source ?? value) : value;
}

function parse({ number, text }: Line): unknown {
  try {
    return LONG_NUMBER.test(text) ? JSON.parse(text, asWritten) : JSON.parse(text);
  } catch (cause) {
    throw new DataError(`${NAME} line ${number}: not JSON`, { cause });
  }
}

function tableInputs(preprocessing: TablePreprocessing, lines: readonly Line[]): ArrayData {
  const columns = preprocessing.columns.map((c) => c.name);
  const rows = lines.map((line) => cells(parse(line), columns, line.number));
  return encodeInputs(preprocessing, {
    name: NAME,
    columns,
    rows,
    lines: lines.map((l) => l.number),
  });
}

/** One row as text, from an object by column or an array in the order of the columns. */
function cells(value: unknown, columns: readonly string[], line: number): string[] {
  if (Array.isArray(value)) {
    if (value.length === columns.length)
      return value.map((cell, i) => textOf(cell, columns[i] as string, line));
    throw new DataError(
      `${NAME} line ${line}: ${value.length} values, expected ${columns.length} (${columns.join(', ')})`,
    );
  }
  if (typeof value !== 'object' || value === null) {
    throw new DataError(`${NAME} line ${line}: expected an object of columns or an array`);
  }
  return columns.map((column) => {
    if (Object.hasOwn(value, column))
      return textOf((value as Record<string, unknown>)[column], column, line);
    const near = nearest(column, Object.keys(value));
    const hint = near ? `, only "${near}"` : '';
    throw new DataError(
      `${NAME} line ${line}: no "${column}"${hint} (null stands for a missing value)`,
    );
  });
}

function textOf(cell: unknown, column: string, line: number): string {
  if (cell === null) return '';
  if (typeof cell !== 'object') return String(cell).trim();
  throw new DataError(`${NAME} line ${line}: "${column}" is no single value`);
}

function imageInputs({ shape, scale }: ImagePreprocessing, lines: readonly Line[]): ArrayData {
  const size = sizeOf(shape);
  const bytes = scale !== 1;
  const data = new (bytes ? Uint8Array : Float32Array)(lines.length * size);
  lines.forEach((line, i) => {
    const given = parse(line);
    const pixels: unknown[] = Array.isArray(given) ? given.flat(shape.length) : [];
    if (pixels.length !== size) {
      throw new DataError(
        `${NAME} line ${line.number}: ${pixels.length} pixels, expected an array of ${shape.join(' × ')}`,
      );
    }
    const wrong = pixels.find(
      (p) => typeof p !== 'number' || (bytes && !(Number.isInteger(p) && p >= 0 && p <= 255)),
    );
    if (wrong !== undefined) {
      const expected = bytes ? 'whole numbers from 0 to 255' : 'numbers';
      throw new DataError(
        `${NAME} line ${line.number}: pixel ${JSON.stringify(wrong)}, expected ${expected}`,
      );
    }
    data.set(pixels as number[], i * size);
  });
  return { data, shape: [lines.length, ...shape], ...(bytes ? { scale } : {}) };
}
