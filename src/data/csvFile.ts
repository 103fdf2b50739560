import type { CsvOptions, Records } from '../formats/csv.ts';
import { decimalMarks, withPoints } from '../formats/decimals.ts';
import { csvBatches, readCsv } from '../formats/later.ts';
import { OptionError } from '../runtime/errors.ts';
import type { DataSplits } from './dataset.ts';
import { fileChunks } from './file.ts';
import { fitPreprocessing, fitTarget, lostRows, targetName } from './fitTable.ts';
import { columnIndex, encode, type TablePreprocessing } from './preprocess.ts';
import { columnsOf, type Fractions, present, splitIndices, takeRecords } from './split.ts';
import { checkFit, FIT_OPTIONS, type FitTableOptions, targetMissing } from './tableOptions.ts';

export function readCsvFile(path: string, options: CsvOptions = {}): Promise<Records> {
  return readCsv(fileChunks(path), { name: path, ...options });
}

export async function* csvFileBatches(
  path: string,
  options: CsvOptions = {},
): AsyncGenerator<Records> {
  const pass = (more: CsvOptions) =>
    csvBatches(fileChunks(path), { name: path, ...options, ...more });
  const decimal = options.decimal ?? (await decimalMarks(pass({}))).commas;
  yield* pass({ decimal });
}

export interface TableOptions extends FitTableOptions {
  /** Default: `recommendSplit` of the number of rows. */
  readonly fractions?: Partial<Fractions> | undefined;
  readonly seed?: number | undefined;
  /** A column whose equal cells must stay in one part. It is no feature then. */
  readonly group?: string | undefined;
}

export interface TableData {
  readonly splits: DataSplits;
  readonly preprocessing: TablePreprocessing;
}

export function prepareTable(given: Records, options: TableOptions = {}): TableData {
  checkFit('prepareTable', options, [...FIT_OPTIONS, 'fractions', 'seed', 'group']);
  const { fractions, seed, group, ...asked } = options;
  const records = withPoints(given, options.decimal);
  const target = targetName(records, options.target);
  const at = columnIndex(records, target);
  const missing = targetMissing(options);
  const known = records.rows.flatMap((row, i) => (missing(row[at] as string) ? [] : [i]));
  const lost = records.rows.length - known.length;
  const usable = lost > 0 ? takeRecords(records, known) : records;
  const fit = { ...asked, target, decimal: '.' } as const;
  const stratify = fitTarget(usable, fit).task === 'classification' ? target : undefined;
  const parts = splitIndices(known.length, columnsOf(usable, { fractions, seed, stratify, group }));
  const features = group === undefined ? usable : withoutGroup(usable, group, options);
  const fitted = fitPreprocessing(features, { ...fit, rows: parts.train });
  const preprocessing =
    lost > 0 ? { ...fitted, notes: [lostRows(lost, target), ...fitted.notes] } : fitted;
  const splits = present(parts, (rows) => encode(preprocessing, takeRecords(features, rows)));
  return { splits: splits as DataSplits, preprocessing };
}

function withoutGroup(records: Records, group: string, { types = {} }: TableOptions): Records {
  if (Object.hasOwn(types, group))
    throw new OptionError(`types: "${group}" is the group, which is no feature`);
  const { columns, rows, ...rest } = records;
  const at = columns.indexOf(group);
  const others = (row: readonly string[]) => row.filter((_, c) => c !== at);
  return { ...rest, columns: others(columns), rows: rows.map(others) };
}
