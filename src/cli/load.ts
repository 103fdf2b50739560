import { prepareTable, readCsvFile } from '../data/csvFile.ts';
import type { DataSplits, Dataset } from '../data/dataset.ts';
import { baseName, kindOf, listFolder } from '../data/file.ts';
import { isIdxFolder, readIdxFolder } from '../data/idxFolder.ts';
import { imagePreprocessing, type Preprocessing } from '../data/preprocess.ts';
import { recommendSplit, splitDataset } from '../data/split.ts';
import { digits } from '../data/synthetic/index.ts';
import { DataError } from '../runtime/errors.ts';
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

/** What lies at a path. */
export type DataKind = 'csv' | 'idxFolder' | 'idxFile' | 'imageFolder';

/** Reads the data at a path, or makes the built-in digits. Throws `DataError` naming the file. */
export async function loadData(
  path: string | undefined,
  options: LoadOptions,
): Promise<LoadedData> {
  if (path === undefined) {
    checkImages('the built-in digits', options);
    return withParts(splitDataset(digits(BUILT_IN_EXAMPLES, { seed: options.seed }), options));
  }
  switch (await dataKind(path)) {
    case 'csv':
      return loadTable(path, options);
    case 'idxFolder':
      checkImages(path, options);
      return withParts(withDev(await readIdxFolder(path), options.seed));
    case 'idxFile':
      throw new DataError(`${path}: a single IDX file; give the folder with images and labels`);
    case 'imageFolder':
      throw new DataError(`${path}: image folders are not supported yet`);
  }
}

const IDX_FILE = /[-.]idx\d-ubyte(\.gz)?$/;

/** Tells what a file or folder is by names alone. */
export async function dataKind(path: string): Promise<DataKind> {
  if ((await kindOf(path)) === 'file') return IDX_FILE.test(path) ? 'idxFile' : 'csv';
  const entries = await listFolder(path);
  if (isIdxFolder(entries.filter((e) => !e.folder).map((e) => e.name))) return 'idxFolder';
  if (entries.some((e) => e.folder)) return 'imageFolder';
  throw new DataError(
    `${path}: neither IDX files (train-images-idx3-ubyte and others) nor a folder of images for each class`,
  );
}

function checkImages(what: string, { target, task }: LoadOptions): void {
  if (target !== undefined) throw new UsageError(`--target ${target}: ${what} has no columns`);
  if (task === 'regression') throw new UsageError(`--task regression: ${what} has classes`);
}

async function loadTable(path: string, { target, task, seed }: LoadOptions): Promise<LoadedData> {
  const records = await readCsvFile(path);
  const { splits, preprocessing } = prepareTable(records, { target, task, seed });
  const name = baseName(path)
    .replace(/\.(gz|csv|tsv|txt)$/i, '')
    .replace(/\.(csv|tsv|txt)$/i, '');
  return { name, splits, preprocessing, notes: preprocessing.notes };
}

function withParts(splits: DataSplits): LoadedData {
  const { train } = splits;
  return { name: train.name, splits, preprocessing: imagePreprocessing(train), notes: [] };
}

/** Holds back a development set from the training examples; and a test set where there is none. */
function withDev({ train, test }: DataSplits, seed: number): DataSplits {
  if (!test) return splitDataset(train, { seed });
  const [n, all] = [examplesOf(train), examplesOf(train) + examplesOf(test)];
  const dev = Math.min(0.2, (recommendSplit(all).dev * all) / n);
  return { ...splitDataset(train, { seed, fractions: { train: 1 - dev, dev, test: 0 } }), test };
}

export function examplesOf(data: Dataset | undefined): number {
  return data?.x.shape[0] ?? 0;
}
