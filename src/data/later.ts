import type { CsvOptions, Records } from '../formats/csv.ts';
import { later } from '../runtime/later.ts';
import type { Fold } from './folds.ts';
import type { SplitOptions } from './split.ts';

const csvFile = () => import('./csvFile.ts');
const idxFolder = () => import('./idxFolder.ts');
const preprocess = () => import('./preprocess.ts');
const split = () => import('./split.ts');

/**
 * The data set in a folder with the file names of MNIST (`train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, the same
 * with `t10k`; with or without `.gz`). Pixels stay bytes with scale 1/255. Class names: lines of `labels.txt`; those of
 * MNIST and Fashion-MNIST as distributed are known; else the numbers. The files of `t10k` may both be absent. Node only.
 */
export const readIdxFolder = later(idxFolder, 'readIdxFolder');

/**
 * Writes images and labels as `readIdxFolder` reads them, with `labels.txt`. The folder must not exist; it appears when it
 * is complete. Node only.
 */
export const writeIdxFolder = later(idxFolder, 'writeIdxFolder');

/**
 * Images in a folder for each class, brought to one size: PNG, JPEG, GIF and TIFF by the package sharp or jimp, WebP and AVIF
 * by sharp, BMP by jimp (the first picture of several). `notes` say which files were not read and which classes are missing. Folders called `train`, `dev` (or `val`) and `test`
 * that hold the classes' folders become the parts; else all is `train`. Pixels stay bytes with scale 1/255. Node only.
 */
export const readImageFolder = later(() => import('./imageFolder.ts'), 'readImageFolder');

/** Rows of a CSV file, `.gz` or plain. Node only; `readCsv` takes text, bytes, a `File` or a stream anywhere. */
export const readCsvFile = later(csvFile, 'readCsvFile');

/** The same some rows at a time, for files larger than memory. Without `decimal` a first pass finds the columns with decimal commas. */
export async function* csvFileBatches(
  path: string,
  options: CsvOptions = {},
): AsyncGenerator<Records> {
  yield* (await csvFile()).csvFileBatches(path, options);
}

/**
 * From rows to training, development and test set: rows without a target left out with a note, split (by class, or by
 * group), preprocessing fitted on the training rows, all encoded.
 */
export const prepareTable = later(csvFile, 'prepareTable');

/**
 * A CSV file larger than memory: its path (Node), or a function that gives its text anew for each pass, such as
 * `() => file` for a `File` of the browser. Reads it twice: to find decimal commas (not if `decimal` is given), and to find kinds, means
 * and categories.
 */
export const openCsvStream = later(() => import('./csvStream.ts'), 'openCsvStream');

/**
 * How to turn rows into numbers. What a column holds is decided by all rows with a target; means, deviations and
 * categories come from the training rows `rows` alone (default all). Columns that are constant, that count the rows and are called so, or
 * of words that differ in more than half of the rows are left out, with a note. Dates are read as words. `types`, `decimal` and
 * `missing` overrule all of this.
 *
 * Throws `DataError` for a target that is missing or constant, has one class only, or differs in nearly every row, and for columns
 * that cannot be read as `types` say.
 */
export const fitPreprocessing = later(() => import('./fitTable.ts'), 'fitPreprocessing');

/** Rows as text from objects, as they come from lines of JSON. */
export const recordsFrom = later(preprocess, 'recordsFrom');

/**
 * Rows of a table as numbers. Throws `DataError` naming line and column for cells that `preprocessing` cannot encode, and
 * for missing targets.
 */
export const encode = later(preprocess, 'encode');

/** The model's input [n, features] for rows of a table, which need no target. */
export const encodeInputs = later(preprocess, 'encodeInputs');

/**
 * The meaning of one row of the model's output: the class of the largest probability (the first of equal ones; a single
 * number is the probability of the second of two classes), or the value in the target's units.
 */
export const describePrediction = later(preprocess, 'describePrediction');

/** The preprocessing of a data set of images. */
export const imagePreprocessing = later(preprocess, 'imagePreprocessing');

/** Images as the model that was trained with `preprocessing` expects them. */
export const encodeImages = later(preprocess, 'encodeImages');

/**
 * 60/20/20 up to 10,000 examples, 98/1/1 at a million, 99.5/0.25/0.25 from four million on. In between the development and
 * the test set grow evenly from 2,000 to 10,000 examples each. Without a test set its share goes to the others: 70/30 up to 10,000,
 * else to training.
 */
export const recommendSplit = later(split, 'recommendSplit');

/** Random parts of the examples 0 … n − 1, each in random order. */
export const splitIndices = later(split, 'splitIndices');

/** Training, development and test set; every class in each of them in proportion. Parts without examples are left out. */
export const splitDataset = later(split, 'splitDataset');

/** The same of a table's rows. */
export const splitRecords = later(split, 'splitRecords');

/** A data set of the chosen examples, copied. */
export const takeExamples = later(split, 'takeExamples');

/** The chosen rows of a table. */
export const takeRecords = later(split, 'takeRecords');

/**
 * k-fold cross-validation of the examples 0 … n − 1: each is in the development part of exactly one fold. With `labels`
 * every fold has its share of each class; with `groups` those stay together, the largest first to the smallest fold.
 * Throws `OptionError` for k outside 2 … n, `DataError` for too few groups or lists of another length.
 */
export async function* kFold(
  n: number,
  k: number,
  options: Omit<SplitOptions, 'fractions'> = {},
): AsyncGenerator<Fold> {
  yield* (await import('./folds.ts')).kFold(n, k, options);
}

/** `ImageData` or canvases as a model's input; `encodeImages` checks that a model was trained on such. */
export const fromImageData = later(() => import('./images.ts'), 'fromImageData');
