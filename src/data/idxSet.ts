import { readIdx } from '../formats/idx.ts';
import { checkOptions, DataError } from '../runtime/errors.ts';
import type { DataSplits, Dataset } from './dataset.ts';
import { DOWNLOAD_OPTIONS, type DownloadOptions, download, type RemoteFile } from './download.ts';

/** A data set of images and labels in four IDX files. */
export interface IdxSet {
  readonly name: string;
  readonly baseUrl: string;
  readonly classNames: readonly string[];
  readonly train: { readonly images: RemoteFile; readonly labels: RemoteFile };
  readonly test: { readonly images: RemoteFile; readonly labels: RemoteFile };
}

/** The names that MNIST gave its files, with their checksums. */
export function idxFiles(
  sums: readonly [trainImages: string, trainLabels: string, testImages: string, testLabels: string],
) {
  const [trainImages, trainLabels, testImages, testLabels] = sums;
  const part = (name: string, images: string, labels: string) => ({
    images: { file: `${name}-images-idx3-ubyte.gz`, sha256: images },
    labels: { file: `${name}-labels-idx1-ubyte.gz`, sha256: labels },
  });
  return {
    train: part('train', trainImages, trainLabels),
    test: part('t10k', testImages, testLabels),
  };
}

/** Reads the set from the cache, downloading what is not there. */
export async function loadIdxSet(set: IdxSet, options: DownloadOptions = {}): Promise<DataSplits> {
  checkOptions(set.name, options, DOWNLOAD_OPTIONS);
  const train = await loadPart(set, set.train, options);
  return { train, test: await loadPart(set, set.test, options) };
}

async function loadPart(
  set: IdxSet,
  { images, labels }: IdxSet['train'],
  options: DownloadOptions,
): Promise<Dataset> {
  const { name, classNames, baseUrl } = set;
  const load = async (remote: RemoteFile) =>
    readIdx(
      await download(name, remote, options.baseUrl ?? baseUrl, options),
      `${name}/${remote.file}`,
    );
  const [x, y] = [await load(images), await load(labels)];
  const examples = x.shape[0] ?? 0;
  if (x.shape.length !== 3 || y.shape.length !== 1 || y.shape[0] !== examples) {
    throw new DataError(
      `${name}: images [${x.shape}] and labels [${y.shape}], expected [n, height, width] and [n]`,
    );
  }
  return {
    name,
    task: 'classification',
    x: { data: x.data, shape: x.shape, scale: 1 / 255 },
    y: Int32Array.from(y.data),
    classNames,
  };
}
