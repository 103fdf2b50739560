import { isMissing } from '../formats/cells.ts';
import type { CsvOptions, Records } from '../formats/csv.ts';
import { csvBatches, readCsv } from '../formats/later.ts';
import { checkOptions } from '../runtime/errors.ts';
import type { DataSplits } from './dataset.ts';
import { fileChunks } from './file.ts';
import { type FitTableOptions, fitPreprocessing, fitTarget, targetName } from './fitTable.ts';
import { columnIndex, encode, type TablePreprocessing } from './preprocess.ts';
import { columnsOf, type Fractions, present, splitIndices, takeRecords } from './split.ts';

export function readCsvFile(path: string, options: CsvOptions = {}): Promise<Records> {
  return readCsv(fileChunks(path), { name: path, ...options });
}

export function csvFileBatches(path: string, options: CsvOptions = {}): AsyncGenerator<Records> {
  return csvBatches(fileChunks(path), { name: path, ...options });
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

export function prepareTable(records: Records, options: TableOptions = {}): TableData {
  checkOptions('prepareTable', options, ['target', 'task', 'fractions', 'seed', 'group']);
  const { fractions, seed, group, task } = options;
  const target = targetName(records, options.target);
  const at = columnIndex(records, target);
  const known = records.rows.flatMap((row, i) => (isMissing(row[at] as string) ? [] : [i]));
  const lost = records.rows.length - known.length;
  const usable = lost > 0 ? takeRecords(records, known) : records;
  const stratify =
    fitTarget(usable, { target, task }).task === 'classification' ? target : undefined;
  const parts = splitIndices(known.length, columnsOf(usable, { fractions, seed, stratify, group }));
  const features = group === undefined ? usable : withoutColumn(usable, group);
  const fitted = fitPreprocessing(features, { target, task, rows: parts.train });
  const preprocessing =
    lost > 0 ? { ...fitted, notes: [lostRows(lost, target), ...fitted.notes] } : fitted;
  const splits = present(parts, (rows) => encode(preprocessing, takeRecords(features, rows)));
  return { splits: splits as DataSplits, preprocessing };
}

/** The note on rows without a target. */
function lostRows(n: number, target: string): string {
  return `${n} ${n === 1 ? 'row' : 'rows'} without "${target}" left out`;
}

function withoutColumn({ columns, rows, ...rest }: Records, column: string): Records {
  const at = columns.indexOf(column);
  const others = (row: readonly string[]) => row.filter((_, c) => c !== at);
  return { ...rest, columns: others(columns), rows: rows.map(others) };
}
