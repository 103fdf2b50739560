import { expect, test } from 'vitest';
import { prepareTable, readCsvFile } from '../../src/data/csvFile.ts';
import { openCsvStream } from '../../src/data/csvStream.ts';
import { fromImageData } from '../../src/data/images.ts';
import { readCsv } from '../../src/formats/csv.ts';
import { readIdx, writeIdx } from '../../src/formats/idx.ts';
import { expectQuietConsole } from './support/page.ts';

expectQuietConsole();

const text = `x,"a, b",y\n${Array.from({ length: 50 }, (_, i) => `${(i * 7) % 11},"""${i % 2}"", é",${i % 2 ? 'p' : 'q'}`).join('\n')}\n`;

test('CSV from a File: quotes, preprocessing, batches', async () => {
  const file = new File([text], 't.csv');
  const records = await readCsv(file, { name: file.name });
  expect([records.columns, records.rows[1]]).toEqual([
    ['x', 'a, b', 'y'],
    ['7', '"1", é', 'p'],
  ]);
  const { splits } = prepareTable(records);
  expect([splits.train.x.shape, splits.train.classNames]).toEqual([
    [30, 3],
    ['p', 'q'],
  ]);
  const stream = await openCsvStream(() => file);
  for await (const { x } of stream.batches('train', { batchSize: 8 })()) {
    expect(x.shape).toEqual([8, 3]);
    break;
  }
  await expect(
    readCsv(new File(['a,b\n"1",2\n3,"4\n'], 'u.csv'), { name: 'u.csv' }),
  ).rejects.toThrow('u.csv line 3: a quote is opened');
});

test('IDX with gzip', async () => {
  const array = { data: Uint8Array.of(1, 2, 3, 4), shape: [2, 2] };
  const bytes = await writeIdx(array, { gzip: true });
  expect(await readIdx(bytes)).toEqual(array);
  await expect(readIdx(bytes.slice(0, -4))).rejects.toThrow('damaged gzip data');
});

test('what is drawn on a canvas', () => {
  const canvas = new OffscreenCanvas(4, 4);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no 2d context');
  context.fillRect(0, 0, 2, 4);
  expect(fromImageData(canvas, { size: 2 })).toEqual({
    data: Uint8Array.of(0, 255, 0, 255),
    shape: [1, 2, 2],
    scale: 1 / 255,
  });
  expect(fromImageData([context.getImageData(0, 0, 1, 1)]).shape).toEqual([1, 1, 1]);
});

test('files are for Node', async () => {
  await expect(readCsvFile('t.csv')).rejects.toThrow('only Node can');
});
