import { expect, test } from 'vitest';
import { randomRotation } from '../../src/nn/index.ts';
import { augmentationSheet } from '../../src/report/sheet.ts';
import { readPng } from '../support/png.ts';

test('a sheet shows each image as it is and changed', async () => {
  const x = {
    data: Uint8Array.from([0, 50, 100, 250, 0, 0, 255, 10]),
    shape: [2, 2, 2],
    scale: 1 / 255,
  };
  const half = randomRotation([0.5, 0.5]);
  const { width, height, lines } = readPng(
    await augmentationSheet(half, x, { rows: 5, columns: 3, zoom: 1 }),
  );
  expect([width, height]).toEqual([8, 5]);
  expect(lines[0]).toEqual([0, 50, 96, 250, 100, 96, 250, 100]);
  expect(lines[4]).toEqual([255, 10, 96, 0, 0, 96, 0, 0]);
});

test.each([
  [{ rows: 0 }, [2, 2, 2], /rows is 0, expected a whole number/],
  [{}, [2, 4], /images \[2,4\], expected \[n,H,W\]/],
])('refuses a sheet of %o', async (options, shape, message) => {
  const x = { data: new Float32Array(8), shape };
  await expect(augmentationSheet(randomRotation(0.1), x, options)).rejects.toThrow(message);
});
