import type { TypedArray } from '../compile/array.ts';
import { isMissing, numberIn } from '../formats/cells.ts';
import type { Records } from '../formats/csv.ts';
import { formatShape, sizeOf } from '../graph/shape.ts';
import { DataError, nearest, ShapeError, TypeMismatchError } from '../runtime/errors.ts';
import type { Dataset } from './dataset.ts';
import type { ArrayData } from './table.ts';

/** A column of numbers becomes (x − mean)/std; a missing cell 0. `missing`: further texts that stand for missing. */
export interface NumberColumn {
  readonly kind: 'number';
  readonly name: string;
  readonly mean: number;
  readonly std: number;
  readonly missing: readonly string[];
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

export type FeatureColumn = NumberColumn | CategoryColumn;

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
    };

export interface TablePreprocessing {
  readonly kind: 'table';
  readonly columns: readonly FeatureColumn[];
  readonly target: TargetColumn;
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
  const bytes = images.data instanceof Uint8Array || images.data instanceof Uint8ClampedArray;
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

function widthOf(column: FeatureColumn): number {
  return column.kind === 'number' ? 1 : column.categories.length + (column.unknown ? 1 : 0);
}

/** Names of the model's inputs: columns, and `column=category` for words. */
export function featureNames({ columns }: TablePreprocessing): string[] {
  return columns.flatMap((column) => {
    if (column.kind === 'number') return [column.name];
    const names = column.categories.map((c) => `${column.name}=${c}`);
    return column.unknown ? [...names, `${column.name}=?`] : names;
  });
}

/** Writes one column of all rows into `x` from position `at` of each row. */
function encodeColumn(
  column: FeatureColumn,
  records: Records,
  x: Float32Array,
  width: number,
  at: number,
): void {
  const index = columnIndex(records, column.name);
  const categories =
    column.kind === 'category' ? new Map(column.categories.map((c, i) => [c, i])) : undefined;
  records.rows.forEach((cells, row) => {
    const cell = cells[index] as string;
    if (column.kind === 'number') x[row * width + at] = encodeNumber(column, cell, records, row);
    else {
      const known = categories?.get(cell) ?? (column.unknown ? column.categories.length : -1);
      if (known >= 0) x[row * width + at + known] = 1;
    }
  });
}

function encodeNumber(
  { name, mean, std, missing }: NumberColumn,
  cell: string,
  records: Records,
  row: number,
): number {
  if (isMissing(cell) || missing.includes(cell)) return 0;
  const value = numberIn(cell);
  if (Number.isNaN(value)) {
    throw new DataError(
      `${placeOf(records, row)}: column "${name}" is "${cell}", expected a number`,
    );
  }
  return (value - mean) / std;
}

export function encodeInputs(preprocessing: TablePreprocessing, records: Records): ArrayData {
  const { columns } = preprocessing;
  const width = columns.reduce((n, c) => n + widthOf(c), 0);
  const data = new Float32Array(records.rows.length * width);
  let at = 0;
  for (const column of columns) {
    encodeColumn(column, records, data, width, at);
    at += widthOf(column);
  }
  return { data, shape: [records.rows.length, width] };
}

function encodeTarget(target: TargetColumn, records: Records): Dataset['y'] {
  const index = columnIndex(records, target.name);
  const encode =
    target.task === 'classification'
      ? labelOf(target.classNames)
      : scaledBy(target.mean, target.std);
  const numbers = records.rows.map((cells, row) => {
    const cell = cells[index] as string;
    const number = encode(cell);
    if (number !== undefined) return number;
    const found = isMissing(cell) ? 'missing' : `"${cell}"`;
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
  return (cell) => labels.get(cell) ?? labels.get(String(numberIn(cell)));
}

function scaledBy(mean: number, std: number): (cell: string) => number | undefined {
  return (cell) => {
    const value = numberIn(cell);
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
