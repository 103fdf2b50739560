import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { type Decoder, readImageFolder } from '../../src/data/imageFolder.ts';
import { fromImageData, type ImageOptions, type Pixels } from '../../src/data/images.ts';
import { DataError, OptionError } from '../../src/runtime/errors.ts';

/** An image of [r, g, b, a] pixels. */
const image = (width: number, ...pixels: number[][]): Pixels => ({
  data: Uint8Array.from(pixels.flat()),
  width,
  height: pixels.length / width,
});
const grey = (width: number, ...values: number[]) =>
  image(width, ...values.map((v) => [v, v, v, 255]));

test.each<[string, Pixels, ImageOptions, number[], number[]]>([
  ['grey as it is', grey(2, 0, 9, 100, 255), {}, [1, 2, 2], [0, 9, 100, 255]],
  ['grey as RGB', grey(1, 7), { channels: 3 }, [1, 1, 1, 3], [7, 7, 7]],
  ['colours', image(1, [1, 2, 3, 255]), {}, [1, 1, 1, 3], [1, 2, 3]],
  [
    'colours to grey',
    image(1, [100, 0, 0, 255], [0, 100, 0, 255], [0, 0, 100, 255]),
    { channels: 1 },
    [1, 3, 1],
    [30, 59, 11],
  ],
  ['transparent on white', image(1, [0, 0, 0, 0]), {}, [1, 1, 1], [255]],
  ['half transparent on black', image(1, [200, 200, 200, 51]), { background: 0 }, [1, 1, 1], [40]],
  [
    'to half the size',
    grey(4, 0, 10, 20, 30, 10, 20, 30, 40),
    { size: [1, 2] },
    [1, 1, 2],
    [10, 30],
  ],
  ['to two thirds', grey(3, 0, 90, 180), { size: [1, 2] }, [1, 1, 2], [30, 150]],
  ['to twice the size', grey(2, 0, 100), { size: [1, 4] }, [1, 1, 4], [0, 25, 75, 100]],
  ['from one pixel', grey(1, 42), { size: 3 }, [1, 3, 3], Array(9).fill(42)],
  ['at most 64', grey(100, ...Array(10_000).fill(5)), {}, [1, 64, 64], Array(64 * 64).fill(5)],
])('%s', (_, pixels, options, shape, data) => {
  expect(fromImageData(pixels, options)).toEqual({
    data: Uint8Array.from(data),
    shape,
    scale: 1 / 255,
  });
});

test('several images take the size of the first; one colour gives all three channels', () => {
  const { shape, data } = fromImageData([grey(1, 5), image(2, [0, 0, 9, 255], [0, 0, 9, 255])]);
  expect([shape, [...data]]).toEqual([
    [2, 1, 1, 3],
    [5, 5, 5, 0, 0, 9],
  ]);
});

test.each<[string, () => unknown, new (m: string) => Error, string]>([
  [
    'bytes missing',
    () => fromImageData({ data: new Uint8Array(7), width: 2, height: 1 }),
    DataError,
    'image 0: 7 bytes for 2 × 1 pixels',
  ],
  [
    'no pixels',
    () => fromImageData({ data: new Uint8Array(0), width: 0, height: 1 }),
    DataError,
    'image 0: 0 bytes for 0 × 1',
  ],
  ['size', () => fromImageData(grey(1, 1), { size: 0 }), OptionError, 'image size is 0 × 0'],
])('%s', (_, read, type, message) => {
  expect(read).toThrow(type);
  expect(read).toThrow(message);
});

const root = await mkdtemp(`${tmpdir()}/wasmgrad-`);
afterAll(() => rm(root, { recursive: true }));

/** A file holds width and grey values. */
const decode: Decoder = async ([width = 0, ...values]) => {
  if (width === 0) throw new Error('bad signature');
  return grey(width, ...values);
};

async function folder(name: string, files: Record<string, number[]>): Promise<string> {
  for (const [path, bytes] of Object.entries(files)) {
    const full = `${root}/${name}/${path}`;
    await mkdir(full.slice(0, full.lastIndexOf('/')), { recursive: true });
    await writeFile(full, Uint8Array.from(bytes));
  }
  return `${root}/${name}`;
}

const pets = {
  'dog/b.JPG': [1, 4],
  'dog/a.png': [1, 3],
  'cat/1.jpeg': [1, 2],
  'cat/Thumbs.db': [0],
  'cat/.DS_Store': [0],
  '__MACOSX/x.png': [0],
  '.hidden/x.png': [0],
};

test('a folder a class', async () => {
  const path = await folder('pets', pets);
  const { train, ...rest } = await readImageFolder(path, { decode });
  expect(rest).toEqual({});
  expect(train).toEqual({
    name: 'pets',
    task: 'classification',
    classNames: ['cat', 'dog'],
    y: Int32Array.of(0, 1, 1),
    x: { data: Uint8Array.of(2, 3, 4), shape: [3, 1, 1], scale: 1 / 255 },
  });
});

test('a folder a part, of one size', async () => {
  const path = await folder('parts', {
    'val/a/1.png': [2, 7, 9],
    'val/b/1.png': [1, 8],
    'train/a/1.png': [1, 5],
    'train/b/1.png': [1, 6],
  });
  const { train, dev, ...rest } = await readImageFolder(path, { decode });
  expect([train.x.data, dev?.x.data, rest]).toEqual([Uint8Array.of(5, 6), Uint8Array.of(8, 8), {}]);
});

test.each<[string, Record<string, number[]>, string]>([
  [
    'no images',
    { 'a/note.txt': [0], '1.png': [1, 1] },
    'no images, expected a folder of PNG or JPEG files for each class',
  ],
  ['one class', { 'a/1.png': [1, 1] }, 'images of one class only ("a")'],
  [
    'one class that can be read',
    { 'a/1.png': [1, 1], 'b/1.heic': [1] },
    'images of one class only ("a"); class "b" is missing: nothing in b could be read; 1 file not read: b/1.heic',
  ],
  [
    'damaged',
    { 'a/1.png': [1, 1], 'b/2.png': [0] },
    'b/2.png: not a PNG or JPEG that can be read (bad signature)',
  ],
  [
    'a part without images',
    { 'train/a/1.png': [1, 1], 'train/b/1.png': [1, 1], 'test/a/x.txt': [0] },
    'no images for test',
  ],
  [
    'two validation sets',
    { 'train/a/1.png': [1], 'dev/a/1.png': [1], 'val/a/1.png': [1] },
    'two folders for one part (dev, train, val)',
  ],
])('%s: refused in one line', async (name, files, message) => {
  await expect(readImageFolder(await folder(name, files), { decode })).rejects.toThrow(message);
});

test('without a package to read them: its name', async () => {
  await expect(readImageFolder(await folder('pets', pets))).rejects.toThrow(
    'npm install sharp (faster) or npm install jimp',
  );
});

test('webp, avif and gif are images; what is not read is counted and named', async () => {
  const path = await folder('kinds', {
    'a/1.webp': [1, 1],
    'a/2.heic': [1, 9],
    'b/1.avif': [1, 2],
    'b/2.GIF': [1, 3],
    'c/1.heic': [1, 9],
    'c/list.txt': [0],
  });
  const { train, notes } = await readImageFolder(path, { decode });
  expect([train.classNames, train.x.data]).toEqual([['a', 'b'], Uint8Array.of(1, 2, 3)]);
  expect(notes).toEqual([
    'class "c" is missing: nothing in c could be read',
    '2 files not read: a/2.heic, c/1.heic',
    '1 file that is no image: c/list.txt',
  ]);
});

test('images where none are looked for, and files that are no images, are counted and named', async () => {
  const lists = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`train/a/${i}.json`, [0]]));
  const path = await folder('strewn', {
    ...lists,
    'train/a/1.png': [1, 1],
    'train/a/deep/er/2.png': [1, 1],
    'train/b/1.jfif': [1, 2],
    'train/3.png': [1, 3],
    'test/a/1.png': [1, 4],
    'test/b/1.heic': [1, 4],
    '4.png': [1, 5],
    'README.md': [0],
  });
  const { train, test, notes } = await readImageFolder(path, { decode });
  expect([train.x.data, test?.x.data]).toEqual([Uint8Array.of(1, 2), Uint8Array.of(4)]);
  const json = [0, 1, 2, 3, 4, 5, 6].map((i) => `train/a/${i}.json`).join(', ');
  expect(notes).toEqual([
    'class "b" is missing: nothing in test/b could be read',
    '4 files not read: 4.png, train/3.png, train/a/deep/er/2.png, test/b/1.heic',
    `10 files that are no images: README.md, ${json}, …`,
  ]);
});

test('a link to a folder is a class', async () => {
  const path = await folder('linked', { 'a/1.png': [1, 1], 'b/1.png': [1, 2] });
  await symlink(`${path}/b`, `${path}/c`);
  const { train, ...rest } = await readImageFolder(path, { decode });
  expect([train.classNames, train.y, rest]).toEqual([['a', 'b', 'c'], Int32Array.of(0, 1, 2), {}]);
});

const SHARP = 'npm install sharp (faster)';
const JIMP = 'npm install jimp (without native code)';

/** What sharp 0.35 and jimp 1.6 read, tried with files by Pillow 9.4 and sharp. */
test.each([
  ['webp', `WEBP files needs a package: ${SHARP}`],
  ['avif', `AVIF files needs a package: ${SHARP}`],
  ['bmp', `BMP files needs a package: ${JIMP}`],
  ['gif', `GIF files needs a package: ${SHARP} or ${JIMP}`],
  ['tif', `TIF files needs a package: ${SHARP} or ${JIMP}`],
  ['jfif', `PNG and JPEG files needs a package: ${SHARP} or ${JIMP}`],
])('%s without its package: the name of the one that reads it', async (ending, message) => {
  const path = await folder(`only-${ending}`, { [`a/1.${ending}`]: [1], [`b/1.${ending}`]: [1] });
  const { message: found } = await readImageFolder(path).then(
    () => new Error('was read'),
    (error: Error) => error,
  );
  const withoutCauses = found.replace(/ \((sharp|jimp): .*/, '');
  expect(withoutCauses).toBe(`${path}/a/1.${ending}: reading ${message}`);
});
