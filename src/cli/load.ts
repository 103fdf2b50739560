import { resolve } from 'node:path';
import { prepareTable, readCsvFile } from '../data/csvFile.ts';
import type { DataSplits, Dataset } from '../data/dataset.ts';
import { baseName } from '../data/file.ts';
import { readIdxFolder } from '../data/idxFolder.ts';
import { readImageFolder } from '../data/imageFolder.ts';
import { imagePreprocessing, type Preprocessing } from '../data/preprocess.ts';
import { recommendSplit, splitDataset } from '../data/split.ts';
import { digits } from '../data/synthetic/index.ts';
import { DataError } from '../runtime/errors.ts';
import { dataKind } from './kind.ts';
import { UsageError } from './values.ts';

/** Data ready to train on. */
export interface LoadedData {
  readonly name: string;
  readonly splits: DataSplits;
  readonly preprocessing: Preprocessing;
  /** What was left out or read in an unexpected way. */
  readonly notes: readonly string[];
}

export interface LoadOptions {
  readonly target?: string | undefined;
  readonly task: 'auto' | 'classification' | 'regression';
  readonly seed: number;
}

export const BUILT_IN = 'digits';
const BUILT_IN_EXAMPLES = 12_000;

/** What the data at a path are called. */
export function dataName(path: string | undefined): string {
  return path === undefined
    ? BUILT_IN
    : baseName(resolve(path)).replace(/(\.(csv|tsv|txt))?(\.gz)?$/i, '');
}

/** Reads the data at a path, or makes the built-in digits. Throws `DataError` naming the file. */
export async function loadData(
  path: string | undefined,
  options: LoadOptions,
): Promise<LoadedData> {
  if (path === undefined) {
    checkImages('the built-in digits', options);
    return withParts(
      BUILT_IN,
      splitDataset(digits(BUILT_IN_EXAMPLES, { seed: options.seed }), options),
    );
  }
  const kind = await dataKind(path);
  if (kind === 'csv') return loadTable(path, options);
  checkImages(path, options);
  if (kind === 'idxFolder')
    return withParts(dataName(path), withDev(await readIdxFolder(path), options.seed));
  if (kind === 'imageFolder')
    return withParts(dataName(path), withDev(await readImageFolder(path), options.seed));
  const expected =
    'expected a folder with images and labels in IDX files, or a folder for each class';
  throw new DataError(`${path}: images without classes; ${expected}`);
}

function checkImages(what: string, { target, task }: LoadOptions): void {
  if (target !== undefined) throw new UsageError(`--target ${target}: ${what} has no columns`);
  if (task === 'regression') throw new UsageError(`--task regression: ${what} has classes`);
}

async function loadTable(path: string, { target, task, seed }: LoadOptions): Promise<LoadedData> {
  const records = await readCsvFile(path);
  const { splits, preprocessing } = prepareTable(records, { target, task, seed });
  return { name: dataName(path), splits, preprocessing, notes: preprocessing.notes };
}

function withParts(name: string, splits: DataSplits): LoadedData {
  const { train } = splits;
  return { name, splits, preprocessing: imagePreprocessing(train), notes: [] };
}

/** Holds back a development set from the training examples; and a test set where there is none. */
function withDev(splits: DataSplits, seed: number): DataSplits {
  const { train, dev: given, test } = splits;
  if (given) return splits;
  if (!test) return splitDataset(train, { seed });
  const [n, all] = [examplesOf(train), examplesOf(train) + examplesOf(test)];
  const dev = Math.min(0.2, (recommendSplit(all).dev * all) / n);
  return { ...splitDataset(train, { seed, fractions: { train: 1 - dev, dev, test: 0 } }), test };
}

export function examplesOf(data: Dataset | undefined): number {
  return data?.x.shape[0] ?? 0;
}
