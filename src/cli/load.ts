import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { prepareTable, readCsvFile } from '../data/csvFile.ts';
import { openCsvStream } from '../data/csvStream.ts';
import type { DataSplits, Dataset } from '../data/dataset.ts';
import { baseName } from '../data/file.ts';
import { readIdxFolder } from '../data/idxFolder.ts';
import { readImageFolder } from '../data/imageFolder.ts';
import { imagePreprocessing, type Preprocessing } from '../data/preprocess.ts';
import { recommendSplit, splitDataset } from '../data/split.ts';
import { digits } from '../data/synthetic/index.ts';
import { DataError } from '../runtime/errors.ts';
import type { BatchPass } from '../train/source.ts';
import { dataKind } from './kind.ts';
import type { TableFlags } from './tableFlags.ts';
import { UsageError } from './values.ts';

/** Data ready to train on. */
export interface LoadedData {
  readonly name: string;
  /** Training examples. */
  readonly examples: number;
  /** `train` is a sample where the data are larger than memory. */
  readonly splits: DataSplits;
  /** All training examples of such data, batch by batch. */
  readonly stream?: (batchSize: number) => BatchPass;
  readonly preprocessing: Preprocessing;
  /** What was left out or read in an unexpected way. */
  readonly notes: readonly string[];
}

export interface LoadOptions {
  readonly target?: string | undefined;
  readonly task: 'auto' | 'classification' | 'regression';
  readonly table?: TableFlags;
  readonly seed: number;
  /** Bytes from which on a CSV file is not held in memory. */
  readonly streamFrom?: number;
}

const STREAM_FROM = 256 * 2 ** 20;
/** How much larger text is than its gzip, about. */
const GZIP_RATIO = 5;
/** Bytes of text in the development set and in the test set of a stream, at most; rows in its sample. */
const HELD_BYTES = 32 * 2 ** 20;
const SAMPLE_ROWS = 10_000;

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
    checkImages(options);
    const { seed } = options;
    return withParts(BUILT_IN, splitDataset(digits(BUILT_IN_EXAMPLES, { seed }), { seed }));
  }
  const kind = await dataKind(path);
  if (kind === 'csv') return loadTable(path, options);
  checkImages(options);
  if (kind === 'idxFolder')
    return withParts(dataName(path), withDev(await readIdxFolder(path), options.seed));
  if (kind === 'imageFolder')
    return withParts(dataName(path), withDev(await readImageFolder(path), options.seed));
  const expected =
    'expected a folder with images and labels in IDX files, or a folder for each class';
  throw new DataError(`${path}: images without classes; ${expected}`);
}

function checkImages({ target, task, table = {} }: LoadOptions): void {
  const [flag] = target === undefined ? Object.keys(table) : [`target ${target}`];
  if (flag !== undefined) throw new UsageError(`--${flag}: images have no columns, only tables do`);
  if (task === 'regression') throw new UsageError(`--task regression: images have classes`);
}

async function loadTable(path: string, options: LoadOptions): Promise<LoadedData> {
  const { target, task, table, seed, streamFrom = STREAM_FROM } = options;
  const bytes = (await stat(path)).size * (path.endsWith('.gz') ? GZIP_RATIO : 1);
  if (bytes >= streamFrom) return openTable(path, bytes, options);
  const decimal = table?.decimal === undefined ? {} : { decimal: table.decimal };
  const { splits, preprocessing } = prepareTable(await readCsvFile(path, decimal), {
    target,
    task,
    seed,
    ...table,
  });
  return {
    name: dataName(path),
    examples: examplesOf(splits.train),
    splits,
    preprocessing,
    notes: preprocessing.notes,
  };
}

/** A table that is read anew in each epoch. */
async function openTable(path: string, bytes: number, options: LoadOptions): Promise<LoadedData> {
  const { target, task, table: flags, seed } = options;
  const held = Math.min(0.1, HELD_BYTES / bytes);
  const fractions = { train: 1 - 2 * held, dev: held, test: held };
  const table = await openCsvStream(path, { target, task, seed, fractions, ...flags });
  const { preprocessing } = table;
  const [dev, test] = [await table.dataset('dev'), await table.dataset('test')];
  const sample = table.batches('train', { batchSize: SAMPLE_ROWS })();
  const { value: train } = await sample.next();
  await sample.return(undefined);
  return {
    name: dataName(path),
    examples: table.sizes.train,
    splits: { train: { ...dev, ...train }, dev, test },
    stream: (batchSize) => table.batches('train', { batchSize }),
    preprocessing,
    notes: [
      `a large file (about ${Math.round(bytes / 2 ** 20)} MB): read anew in each epoch; results on the training set are those of a sample`,
      ...preprocessing.notes,
    ],
  };
}

function withParts(name: string, splits: DataSplits): LoadedData {
  const { train } = splits;
  const preprocessing = imagePreprocessing(train);
  const { notes = [] } = splits;
  return { name, examples: examplesOf(train), splits, preprocessing, notes };
}

/** Holds back a development set from the training examples; and a test set where there is none. */
function withDev(splits: DataSplits, seed: number): DataSplits {
  const { train, dev: given, test } = splits;
  if (given) return splits;
  const notes = splits.notes && { notes: splits.notes };
  if (!test) return { ...splitDataset(train, { seed }), ...notes };
  const [n, all] = [examplesOf(train), examplesOf(train) + examplesOf(test)];
  const dev = Math.min(0.2, (recommendSplit(all).dev * all) / n);
  return {
    ...splitDataset(train, { seed, fractions: { train: 1 - dev, dev, test: 0 } }),
    test,
    ...notes,
  };
}

export function examplesOf(data: Dataset | undefined): number {
  return data?.x.shape[0] ?? 0;
}

/** The part on which mistakes are shown: the one that training saw least of. */
export function heldOut({ train, dev, test }: DataSplits): ['train' | 'dev' | 'test', Dataset] {
  if (test) return ['test', test];
  return dev ? ['dev', dev] : ['train', train];
}

/** Examples in each part. */
export function sizesOf({ examples, splits: { dev, test } }: LoadedData) {
  return { train: examples, dev: examplesOf(dev), test: examplesOf(test) };
}
