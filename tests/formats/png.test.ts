import { expect, test } from 'vitest';
import { writePng } from '../../src/formats/png.ts';
import { readPng } from '../support/png.ts';

test.each([
  [1, 1, 1, 0],
  [3, 2, 1, 0],
  [2, 3, 3, 2],
  [300, 200, 3, 2],
] as const)('%i × %i pixels of %i channels', async (width, height, channels, type) => {
  const row = width * channels;
  const pixels = Uint8Array.from({ length: row * height }, (_, i) => (i * 37) % 251);
  const picture = readPng(await writePng(pixels, width, height, channels));
  expect(picture).toMatchObject({ width, height, kind: [8, type, 0, 0, 0] });
  expect(picture.lines.flat()).toEqual([...pixels]);
});
