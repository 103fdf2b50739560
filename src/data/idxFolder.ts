import { type IdxArray, readIdx, writeIdx } from '../formats/idx.ts';
import { checkOptions, DataError, OptionError } from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import type { DataSplits, Dataset } from './dataset.ts';
import { sha256 } from './download.ts';
import { baseName, fileBytes, listFolder, nodeFiles, withPath } from './file.ts';
import { knownClasses } from './mnist.ts';
import type { ArrayData } from './table.ts';

/** Names of the files of MNIST and its relatives, by what they begin with. */
const SPLITS = { train: 'train', test: 't10k' } as const;
type Split = keyof typeof SPLITS;

const LABELS_FILE = 'labels.txt';

function pattern(split: Split, what: 'images' | 'labels'): RegExp {
  const rank = what === 'images' ? 3 : 1;
  return new RegExp(`^${SPLITS[split]}-${what}[-.]idx${rank}-ubyte(\\.gz)?$`);
}

function fileName(split: Split, what: 'images' | 'labels'): string {
  return `${SPLITS[split]}-${what}-idx${what === 'images' ? 3 : 1}-ubyte`;
}

/** Whether a folder's file names are those of an IDX data set. */
export function isIdxFolder(files: readonly string[]): boolean {
  return files.some((f) => /^(train|t10k)-(images|labels)[-.]idx[13]-ubyte(\.gz)?$/.test(f));
}

export async function readIdxFolder(folder: string): Promise<DataSplits> {
  const files = (await listFolder(folder)).filter((e) => !e.folder).map((e) => e.name);
  if (!isIdxFolder(files))
    throw new DataError(
      `${folder}: no IDX files, expected ${fileName('train', 'images')} and others`,
    );
  const train = await readPair(folder, files, 'train');
  if (!train)
    throw new DataError(
      `${folder}: ${fileName('train', 'images')} is missing (with or without .gz)`,
    );
  const test = await readPair(folder, files, 'test');
  const labels = [train.labels, ...(test ? [test.labels] : [])];
  const classNames = files.includes(LABELS_FILE)
    ? await readNames(folder, labels)
    : (knownClasses(train.sum) ?? numbered(labels));
  if (test && String(test.x.shape.slice(1)) !== String(train.x.shape.slice(1))) {
    throw new DataError(
      `${folder}: test images are [${test.x.shape.slice(1)}], training images [${train.x.shape.slice(1)}]`,
    );
  }
  const dataset = ({ x, labels }: Pair): Dataset => ({
    name: baseName(folder),
    task: 'classification',
    x,
    y: labels,
    classNames,
  });
  return { train: dataset(train), ...(test ? { test: dataset(test) } : {}) };
}

interface Pair {
  readonly x: ArrayData;
  readonly labels: Int32Array;
  /** SHA-256 of the file of labels. */
  readonly sum: string;
}

async function readPair(
  folder: string,
  files: readonly string[],
  split: Split,
): Promise<Pair | undefined> {
  const [images, labels] = (['images', 'labels'] as const).map((what) => {
    const found = files.filter((f) => pattern(split, what).test(f));
    return found.find((f) => !f.endsWith('.gz')) ?? found[0];
  });
  if (!images && !labels) return undefined;
  if (!images || !labels) {
    throw new DataError(
      `${folder}: ${fileName(split, images ? 'labels' : 'images')} is missing (with or without .gz)`,
    );
  }
  const [imagesPath, labelsPath] = [`${folder}/${images}`, `${folder}/${labels}`];
  const bytes = await fileBytes(labelsPath);
  const pair = pairOf(
    await readIdx(await fileBytes(imagesPath), imagesPath),
    await readIdx(bytes, labelsPath),
    imagesPath,
    labelsPath,
  );
  return { ...pair, sum: await sha256(bytes) };
}

function pairOf(
  images: IdxArray,
  labels: IdxArray,
  imagesName: string,
  labelsName: string,
): Omit<Pair, 'sum'> {
  if (images.shape.length < 2)
    throw new DataError(
      `${imagesName}: shape [${images.shape}], expected images behind one another`,
    );
  if (labels.shape.length !== 1)
    throw new DataError(`${labelsName}: shape [${labels.shape}], expected one label an image`);
  if (images.shape[0] !== labels.shape[0]) {
    throw new DataError(
      `${imagesName} has ${images.shape[0]} images, ${labelsName} ${labels.shape[0]} labels`,
    );
  }
  if (images.data.length === 0) throw new DataError(`${imagesName}: no images`);
  const wrong = labels.data.findIndex((n) => !Number.isInteger(n) || n < 0 || n > 0xffff);
  if (wrong >= 0)
    throw new DataError(
      `${labelsName}: label ${labels.data[wrong]} of image ${wrong}, expected a whole number from 0`,
    );
  const scale = isA(images.data, 'Uint8Array') ? { scale: 1 / 255 } : {};
  return {
    x: { data: images.data, shape: images.shape, ...scale },
    labels: Int32Array.from(labels.data),
  };
}

function highest(labels: readonly Int32Array[]): number {
  return labels.reduce((max, list) => list.reduce((m, n) => Math.max(m, n), max), 0);
}

function numbered(labels: readonly Int32Array[]): string[] {
  return Array.from({ length: highest(labels) + 1 }, (_, i) => String(i));
}

async function readNames(folder: string, labels: readonly Int32Array[]): Promise<string[]> {
  const path = `${folder}/${LABELS_FILE}`;
  const text = new TextDecoder().decode(await fileBytes(path));
  const names = text.split(/\r?\n/).map((line) => line.trim());
  while (names.at(-1) === '') names.pop();
  const needed = highest(labels) + 1;
  if (names.length < needed)
    throw new DataError(`${path}: ${names.length} names, the labels need ${needed}`);
  const twin = names.findIndex((n, i) => n === '' || names.indexOf(n) < i);
  if (twin >= 0)
    throw new DataError(
      `${path} line ${twin + 1}: "${names[twin]}", expected names, all different`,
    );
  return names;
}

export interface WriteIdxFolderOptions {
  /** Default true. */
  readonly gzip?: boolean;
}

export async function writeIdxFolder(
  folder: string,
  { train, dev, test }: DataSplits,
  options: WriteIdxFolderOptions = {},
): Promise<void> {
  checkOptions('writeIdxFolder', options, ['gzip']);
  const { gzip = true } = options;
  if (dev) throw new OptionError('writeIdxFolder: got dev, expected train and test only');
  const fs = nodeFiles('writeIdxFolder');
  const files: [string, Uint8Array | string][] = [];
  for (const [split, dataset] of Object.entries({ train, test }) as [
    Split,
    Dataset | undefined,
  ][]) {
    if (!dataset) continue;
    for (const [what, array] of [
      ['images', imagesOf(dataset)],
      ['labels', labelsOf(dataset)],
    ] as const) {
      files.push([`${fileName(split, what)}${gzip ? '.gz' : ''}`, await writeIdx(array, { gzip })]);
    }
  }
  files.push([LABELS_FILE, `${(train.classNames ?? []).join('\n')}\n`]);
  if (await fs.stat(folder).catch(() => undefined))
    throw new DataError(`${folder}: exists already`);
  await withPath(folder, async () => {
    const temporary = await fs.mkdtemp(`${folder}.`);
    try {
      for (const [name, bytes] of files) await fs.writeFile(`${temporary}/${name}`, bytes);
      await fs.rename(temporary, folder);
    } catch (error) {
      await fs.rm(temporary, { recursive: true, force: true });
      throw error;
    }
  });
}

function imagesOf({ name, x }: Dataset): IdxArray {
  if (isA(x.data, 'Uint16Array', 'Uint32Array')) {
    throw new DataError(`${name}: IDX has no ${x.data.constructor.name}`);
  }
  const data = isA(x.data, 'Uint8ClampedArray') ? Uint8Array.from(x.data) : x.data;
  return { data, shape: x.shape };
}

function labelsOf({ name, y, classNames }: Dataset): IdxArray {
  if (!isA(y, 'Int32Array') || !classNames)
    throw new DataError(`${name}: an IDX folder holds labels with class names`);
  return { data: classNames.length <= 256 ? Uint8Array.from(y) : y, shape: [y.length] };
}
