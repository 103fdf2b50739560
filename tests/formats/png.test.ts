import { crc32, inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { writePng } from '../../src/formats/png.ts';
import { randomRotation } from '../../src/nn/index.ts';
import { augmentationSheet } from '../../src/report/sheet.ts';

/** Size, colour type and lines of a PNG, its checksums being right. */
function read(file: Uint8Array) {
  const bytes = Buffer.from(file);
  expect([...bytes.subarray(0, 8)]).toEqual([137, 80, 78, 71, 13, 10, 26, 10]);
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const body = bytes.subarray(at + 4, at + 8 + length);
    expect(bytes.readUInt32BE(at + 8 + length)).toBe(crc32(body));
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
    at += 12 + length;
  }
  expect([...chunks.keys()]).toEqual(['IHDR', 'IDAT', 'IEND']);
  const header = chunks.get('IHDR') as Buffer;
  const lines = inflateSync(chunks.get('IDAT') as Buffer);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const row = lines.length / height;
  const pixels = Array.from({ length: height }, (_, i) => [
    ...lines.subarray(i * row + 1, (i + 1) * row),
  ]);
  return { width, height, kind: [...header.subarray(8)], pixels };
}

test.each([
  [1, 1, 1, 0],
  [3, 2, 1, 0],
  [2, 3, 3, 2],
  [300, 200, 3, 2],
] as const)('%i × %i pixels of %i channels', async (width, height, channels, type) => {
  const row = width * channels;
  const pixels = Uint8Array.from({ length: row * height }, (_, i) => (i * 37) % 251);
  const picture = read(await writePng(pixels, width, height, channels));
  expect(picture).toMatchObject({ width, height, kind: [8, type, 0, 0, 0] });
  expect(picture.pixels.flat()).toEqual([...pixels]);
});

test('a sheet shows each image as it is and changed', async () => {
  const x = {
    data: Uint8Array.from([0, 50, 100, 250, 0, 0, 255, 10]),
    shape: [2, 2, 2],
    scale: 1 / 255,
  };
  const half = randomRotation([0.5, 0.5]);
  const { width, height, pixels } = read(
    await augmentationSheet(half, x, { rows: 5, columns: 3, zoom: 1 }),
  );
  expect([width, height]).toEqual([9, 6]);
  expect(pixels[0]).toEqual([0, 50, 96, 250, 100, 96, 250, 100, 96]);
  expect(pixels[4]).toEqual([255, 10, 96, 0, 0, 96, 0, 0, 96]);
});

test.each([
  [{ rows: 0 }, [2, 2, 2], /rows is 0, expected a whole number/],
  [{}, [2, 4], /images \[2,4\], expected \[n,H,W\]/],
])('refuses a sheet of %o', async (options, shape, message) => {
  const x = { data: new Float32Array(8), shape };
  await expect(augmentationSheet(randomRotation(0.1), x, options)).rejects.toThrow(message);
});
