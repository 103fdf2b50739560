import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import type { Dataset } from '../../src/data/dataset.ts';
import { readIdxFolder, writeIdxFolder } from '../../src/data/idxFolder.ts';
import { writeIdx } from '../../src/formats/idx.ts';
import { DataError } from '../../src/runtime/errors.ts';

const root = await mkdtemp(`${tmpdir()}/wasmgrad-`);
afterAll(() => rm(root, { recursive: true }));

const images = (n: number): Dataset => ({
  name: 'good',
  task: 'classification',
  x: {
    data: Uint8Array.from({ length: n * 6 }, (_, i) => i % 256),
    shape: [n, 2, 3],
    scale: 1 / 255,
  },
  y: Int32Array.from({ length: n }, (_, i) => i % 3),
  classNames: ['cat', 'dog', 'owl'],
});
const good = { train: images(50), test: images(9) };
await writeIdxFolder(`${root}/good`, good);

test.each([true, false])('a folder is read as written, gzip %s', async (gzip) => {
  const folder = `${root}/gzip-${gzip}`;
  await writeIdxFolder(folder, good, { gzip });
  const { train, test: held } = await readIdxFolder(folder);
  expect({ train, test: held }).toEqual({
    train: { ...good.train, name: `gzip-${gzip}` },
    test: { ...good.test, name: `gzip-${gzip}` },
  });
});

test('an existing folder is not touched, and nothing else appears', async () => {
  await expect(writeIdxFolder(`${root}/good`, good)).rejects.toThrow('good: exists already');
  await expect(writeIdxFolder(`${root}/none/new`, good)).rejects.toThrow(
    'none/new: no such file or folder',
  );
  expect((await readdir(root)).filter((f) => f.startsWith('good') || f.startsWith('none'))).toEqual(
    ['good'],
  );
});

const GZ = '-ubyte.gz';
type Damage = (folder: string) => Promise<unknown>;
const idx = (data: Uint8Array | Float32Array, shape: number[]) => writeIdx({ data, shape });

test.each<[string, Damage, string]>([
  [
    'train images missing',
    (f) => rm(`${f}/train-images-idx3${GZ}`),
    'train-images-idx3-ubyte is missing (with or without .gz)',
  ],
  [
    'test labels missing',
    (f) => rm(`${f}/t10k-labels-idx1${GZ}`),
    't10k-labels-idx1-ubyte is missing',
  ],
  [
    'train missing',
    async (f) => {
      await rm(`${f}/train-images-idx3${GZ}`);
      await rm(`${f}/train-labels-idx1${GZ}`);
    },
    'train-images-idx3-ubyte is missing',
  ],
  [
    'no files',
    async (f) => {
      await rm(f, { recursive: true });
      await mkdir(f);
    },
    'no IDX files, expected train-images-idx3-ubyte',
  ],
  ['no folder', (f) => rm(f, { recursive: true }), 'no such file or folder'],
  [
    'a file',
    async (f) => {
      await rm(f, { recursive: true });
      await writeFile(f, '');
    },
    'is a file, expected a folder',
  ],
  [
    'cut short',
    (f) => truncate(`${f}/train-images-idx3${GZ}`, 40),
    `train-images-idx3${GZ}: damaged gzip data`,
  ],
  [
    'other counts',
    (f) =>
      rename(`${f}/t10k-labels-idx1${GZ}`, `${f}/train-labels-idx1${GZ}`).then(() =>
        rm(`${f}/t10k-images-idx3${GZ}`),
      ),
    'has 50 images',
  ],
  [
    'labels as images',
    (f) => cp(`${f}/train-labels-idx1${GZ}`, `${f}/train-images-idx3${GZ}`),
    'shape [50], expected images',
  ],
  [
    'images as labels',
    (f) => cp(`${f}/train-images-idx3${GZ}`, `${f}/train-labels-idx1${GZ}`),
    'shape [50,2,3], expected one label an image',
  ],
  [
    'images of other sizes',
    async (f) => {
      await rm(`${f}/t10k-images-idx3${GZ}`);
      await writeFile(`${f}/t10k-images-idx3-ubyte`, await idx(new Uint8Array(36), [9, 2, 2]));
    },
    'test images are [2,2], training images [2,3]',
  ],
  [
    'fractions as labels',
    async (f) => {
      await rm(`${f}/t10k-labels-idx1${GZ}`);
      await writeFile(`${f}/t10k-labels.idx1-ubyte`, await idx(new Float32Array(9).fill(0.5), [9]));
    },
    'label 0.5 of image 0, expected a whole number',
  ],
  [
    'too few names',
    (f) => writeFile(`${f}/labels.txt`, 'cat\ndog\n'),
    'labels.txt: 2 names, the labels need 3',
  ],
  [
    'names given twice',
    (f) => writeFile(`${f}/labels.txt`, 'cat\ndog\ndog\n'),
    'labels.txt line 3: "dog"',
  ],
])('%s: refused in one line', async (_, damage, message) => {
  const folder = `${root}/damaged`;
  await rm(folder, { recursive: true, force: true });
  await cp(`${root}/good`, folder, { recursive: true });
  await damage(folder);
  const error = await readIdxFolder(folder).catch((e: unknown) => e as Error);
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).toContain(folder);
});

test('without labels.txt the classes are numbers; without t10k there is no test set; plain goes before .gz', async () => {
  const folder = `${root}/plain`;
  await mkdir(folder);
  await writeFile(`${folder}/train-images.idx3-ubyte`, await idx(new Uint8Array(8), [2, 2, 2]));
  await writeFile(`${folder}/train-images-idx3-ubyte.gz`, 'not read');
  await writeFile(`${folder}/train-labels-idx1-ubyte`, await idx(Uint8Array.of(3, 0), [2]));
  const { train, ...rest } = await readIdxFolder(folder);
  expect([train.classNames, rest]).toEqual([['0', '1', '2', '3'], {}]);
});

const MNIST = '../shared/data/mnist';
test.skipIf(!existsSync(MNIST))('MNIST', async () => {
  const { train, test: held } = await readIdxFolder(MNIST);
  expect([train.x.shape, held?.x.shape, train.classNames?.length]).toEqual([
    [60_000, 28, 28],
    [10_000, 28, 28],
    10,
  ]);
  expect([...(train.y as Int32Array).subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
});

const FASHION = '../shared/data/fashion-mnist';
test.skipIf(!existsSync(FASHION))('Fashion-MNIST has names', async () => {
  const { train, test: held } = await readIdxFolder(FASHION);
  expect([train.classNames?.[0], held?.classNames?.[9]]).toEqual(['T-shirt/top', 'Ankle boot']);
});
