import type { TypedArray } from '../compile/array.ts';
import { classOf, missingBy, numberIn, wordsOf } from '../formats/cells.ts';
import type { Records } from '../formats/csv.ts';
import { isEither, withPoint } from '../formats/decimals.ts';
import { formatShape, sizeOf } from '../graph/shape.ts';
import {
  DataError,
  MemoryError,
  nearest,
  ShapeError,
  TypeMismatchError,
} from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import type { Dataset } from './dataset.ts';
import type { ArrayData } from './table.ts';

/** A column of numbers becomes (x − mean)/std; a missing cell 0. `missing`: further texts that stand for missing. */
export interface NumberColumn {
  readonly kind: 'number';
  readonly name: string;
  readonly mean: number;
  readonly std: number;
  readonly missing: readonly string[];
  /** Numbers such as 1,234 have a decimal comma. */
  readonly decimal?: ',';
}

/**
 * A column of words becomes one 0 or 1 a category. With `unknown` one more for cells that are missing or none of them,
 * which training rows had; without it those are all 0.
 */
export interface CategoryColumn {
  readonly kind: 'category';
  readonly name: string;
  readonly categories: readonly string[];
  readonly unknown: boolean;
}

/** A column of texts becomes one 0 or 1 for each of these words, 1 where a cell has it; in small letters. */
export interface TextColumn {
  readonly kind: 'text';
  readonly name: string;
  readonly words: readonly string[];
}

export type FeatureColumn = NumberColumn | CategoryColumn | TextColumn;

/** Labels by the order of the class names, or values as (y − mean)/std. */
export type TargetColumn =
  | {
      readonly task: 'classification';
      readonly name: string;
      readonly classNames: readonly string[];
    }
  | {
      readonly task: 'regression';
      readonly name: string;
      readonly mean: number;
      readonly std: number;
      /** Values such as 1,234 have a decimal comma. */
      readonly decimal?: ',';
    };

export interface TablePreprocessing {
  readonly kind: 'table';
  readonly columns: readonly FeatureColumn[];
  readonly target: TargetColumn;
  /** Texts that stand for missing cells, where they were given. */
  readonly missing?: readonly string[];
  /** What was left out or read in an unexpected way, in words. */
  readonly notes: readonly string[];
}

export interface ImagePreprocessing {
  readonly kind: 'images';
  /** Of one image: [height, width], with a third axis for colours. */
  readonly shape: readonly number[];
  readonly scale: number;
  readonly classNames: readonly string[];
}

/** What turns raw data into a model's input and its output into words; plain JSON, kept with the model. */
export type Preprocessing = TablePreprocessing | ImagePreprocessing;

export function imagePreprocessing({ name, x, classNames }: Dataset): ImagePreprocessing {
  if (!classNames) throw new DataError(`${name}: images without class names`);
  return { kind: 'images', shape: x.shape.slice(1), scale: x.scale ?? 1, classNames };
}

export function encodeImages(
  { shape, scale }: ImagePreprocessing,
  images: ArrayData,
  name = 'images',
): ArrayData {
  const given = images.shape.slice(1);
  if (formatShape(given) !== formatShape(shape)) {
    throw new ShapeError(
      `${name}: images of ${formatShape(given)}, the model expects ${formatShape(shape)}`,
    );
  }
  const bytes = isA(images.data, 'Uint8Array', 'Uint8ClampedArray');
  if (scale !== 1 && !bytes) {
    throw new TypeMismatchError(
      `${name}: ${images.data.constructor.name}, the model expects pixels as Uint8Array`,
    );
  }
  return { data: images.data, shape: images.shape, ...(scale === 1 ? {} : { scale }) };
}

export function recordsFrom(
  objects: readonly Readonly<Record<string, unknown>>[],
  name = 'records',
): Records {
  const columns = [...new Set(objects.flatMap((o) => Object.keys(o)))];
  const cell = (value: unknown) =>
    value === null || value === undefined ? '' : String(value).trim();
  return { name, columns, rows: objects.map((o) => columns.map((c) => cell(o[c]))) };
}

/** Where a row stands, for errors. */
export function placeOf({ name, lines }: Records, row: number): string {
  return lines ? `${name} line ${lines[row]}` : `${name} row ${row + 1}`;
}

/** Index of a column. Throws `DataError` with the nearest name where there is none. */
export function columnIndex(
  { name, columns }: Pick<Records, 'name' | 'columns'>,
  column: string,
): number {
  const index = columns.indexOf(column);
  if (index >= 0) return index;
  const near = nearest(column, columns);
  const shown = columns.slice(0, 20).join(', ') + (columns.length > 20 ? ', …' : '');
  throw new DataError(
    `${name}: no column "${column}"${near ? `; did you mean "${near}"?` : '.'} Columns: ${shown}`,
  );
}

/** Inputs of the model that a column gives. */
export function widthOf(column: FeatureColumn): number {
  if (column.kind === 'number') return 1;
  if (column.kind === 'text') return column.words.length;
  return column.categories.length + (column.unknown ? 1 : 0);
}

/** Names of the model's inputs: columns, and `column=category` for words. */
export function featureNames({ columns }: TablePreprocessing): string[] {
  return columns.flatMap((column) => {
    if (column.kind === 'number') return [column.name];
    if (column.kind === 'text') return column.words.map((w) => `${column.name}:${w}`);
    const names = column.categories.map((c) => `${column.name}=${c}`);
    return column.unknown ? [...names, `${column.name}=?`] : names;
  });
}

/** Writes what a cell stands for into `x` from `at` on, where zeros are. */
type CellEncoder = (x: Float32Array, at: number, cell: string, row: number) => void;

function encoderOf(
  column: FeatureColumn,
  missing: readonly string[] | undefined,
  records: Records,
): CellEncoder {
  switch (column.kind) {
    case 'number':
      return numberEncoder(column, missing, records);
    case 'category':
      return categoryEncoder(column);
    case 'text':
      return textEncoder(column);
  }
}

function numberEncoder(
  column: NumberColumn,
  missing: readonly string[] | undefined,
  records: Records,
): CellEncoder {
  const { name, mean, std } = column;
  const isMissing = missingBy(missing);
  const further = new Set(column.missing);
  const read = reader(column.decimal);
  return (x, at, cell, row) => {
    if (isMissing(cell) || further.has(cell)) return;
    const value = read(cell);
    if (Number.isNaN(value)) {
      throw new DataError(
        `${placeOf(records, row)}: column "${name}" is "${cell}", expected a number`,
      );
    }
    x[at] = (value - mean) / std;
  };
}

/** Reads a number, also with a decimal comma, unless it may be one of thousands and the column has no such commas. */
function reader(decimal: ',' | undefined): (cell: string) => number {
  return (cell) => {
    const value = numberIn(cell);
    const comma = Number.isNaN(value) && (decimal !== undefined || !isEither(cell));
    return comma ? numberIn(withPoint(cell)) : value;
  };
}

function categoryEncoder({ categories, unknown }: CategoryColumn): CellEncoder {
  const numbers = new Map(categories.map((c, i) => [c, i]));
  return (x, at, cell) => {
    const known = numbers.get(cell) ?? numbers.get(withPoint(cell));
    if (known !== undefined || unknown) x[at + (known ?? categories.length)] = 1;
  };
}

function textEncoder({ words }: TextColumn): CellEncoder {
  const numbers = new Map(words.map((w, i) => [w, i]));
  return (x, at, cell) => {
    for (const word of wordsOf(cell)) {
      const known = numbers.get(word);
      if (known !== undefined) x[at + known] = 1;
    }
  };
}

/** Numbers that one array can hold. */
const MOST = 2 ** 31;

export function encodeInputs(preprocessing: TablePreprocessing, records: Records): ArrayData {
  const { columns, missing } = preprocessing;
  const [n, width] = [records.rows.length, columns.reduce((sum, c) => sum + widthOf(c), 0)];
  if (n * width > MOST)
    throw new MemoryError(`${records.name}: ${n} rows of ${width} numbers are too many at once`);
  const data = new Float32Array(n * width);
  let from = 0;
  for (const column of columns) {
    const index = columnIndex(records, column.name);
    const encode = encoderOf(column, missing, records);
    for (let row = 0; row < n; row++)
      encode(data, row * width + from, records.rows[row]?.[index] as string, row);
    from += widthOf(column);
  }
  return { data, shape: [n, width] };
}

function encodeTarget(target: TargetColumn, records: Records): Dataset['y'] {
  const index = columnIndex(records, target.name);
  const encode = target.task === 'classification' ? labelOf(target.classNames) : scaledBy(target);
  const numbers = records.rows.map((cells, row) => {
    const cell = cells[index] as string;
    const number = encode(cell);
    if (number !== undefined) return number;
    const found = cell === '' ? 'missing' : `"${cell}"`;
    const expected =
      target.task === 'regression'
        ? 'a number'
        : `one of ${target.classNames.slice(0, 10).join(', ')}`;
    throw new DataError(
      `${placeOf(records, row)}: target "${target.name}" is ${found}, expected ${expected}`,
    );
  });
  if (target.task === 'classification') return Int32Array.from(numbers);
  return { data: Float32Array.from(numbers), shape: [numbers.length, 1] };
}

function labelOf(classNames: readonly string[]): (cell: string) => number | undefined {
  const labels = new Map(classNames.map((name, i) => [name, i]));
  const number = (cell: string) => classOf(withPoint(cell));
  return (cell) => labels.get(cell) ?? labels.get(number(cell) ?? '');
}

function scaledBy({
  mean,
  std,
  decimal,
}: Extract<TargetColumn, { task: 'regression' }>): (cell: string) => number | undefined {
  const read = reader(decimal);
  return (cell) => {
    const value = read(cell);
    return Number.isNaN(value) ? undefined : (value - mean) / std;
  };
}

export function encode(preprocessing: TablePreprocessing, records: Records): Dataset {
  const { target } = preprocessing;
  return {
    name: records.name,
    task: target.task,
    x: encodeInputs(preprocessing, records),
    y: encodeTarget(target, records),
    featureNames: featureNames(preprocessing),
    ...(target.task === 'classification' ? { classNames: target.classNames } : {}),
  };
}

/** What an output of the model says, in the words and units of the data. */
export type Prediction =
  | { readonly class: string; readonly probabilities: Readonly<Record<string, number>> }
  | { readonly value: number };

export function describePrediction(
  preprocessing: Preprocessing,
  output: ArrayLike<number>,
): Prediction {
  const target = preprocessing.kind === 'table' ? preprocessing.target : undefined;
  if (target?.task === 'regression')
    return { value: (output[0] as number) * target.std + target.mean };
  const names =
    preprocessing.kind === 'table'
      ? (target as { classNames: readonly string[] }).classNames
      : preprocessing.classNames;
  const single = output.length === 1 && names.length === 2;
  const p = single ? [1 - (output[0] as number), output[0] as number] : Array.from(output);
  if (p.length !== names.length) {
    throw new ShapeError(`prediction: ${p.length} numbers for ${names.length} classes`);
  }
  const best = p.reduce((b, value, i) => (value > (p[b] as number) ? i : b), 0);
  return {
    class: names[best] as string,
    probabilities: Object.fromEntries(names.map((n, i) => [n, p[i] as number])),
  };
}

/** Row i of an output. */
export function outputRow(
  { data, shape }: { data: TypedArray; shape: readonly number[] },
  i: number,
): TypedArray {
  const width = sizeOf(shape.slice(1));
  return data.subarray(i * width, (i + 1) * width);
}
