import { expect, test } from 'vitest';
import { checkTiff } from '../../src/data/tiff.ts';

/** The head of a TIFF file (TIFF 6.0, section 2): compression and format of three samples, which lie behind the tags. */
function tiff(little: boolean, compression: number, format: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(44));
  view.setUint16(0, little ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, 2, little);
  const tag = (at: number, name: number, count: number) => {
    view.setUint16(at, name, little);
    view.setUint16(at + 2, 3, little);
    view.setUint32(at + 4, count, little);
  };
  tag(10, 259, 1);
  view.setUint16(18, compression, little);
  tag(22, 339, 3);
  view.setUint32(30, 38, little);
  for (const at of [38, 40, 42]) view.setUint16(at, format, little);
  return new Uint8Array(view.buffer);
}

test.each([true, false])('TIFF files that come out wrong are refused (little endian: %s)', (le) => {
  const zstd = 50000;
  expect(() => checkTiff(tiff(le, zstd, 1), 'jimp')).toThrow('TIFF compression 50000, which jimp');
  for (const by of ['sharp', 'jimp'] as const)
    expect(() => checkTiff(tiff(le, 1, 3), by)).toThrow('a TIFF file of floats');
});

test('others are left to the package', () => {
  for (const compression of [1, 4, 5, 7, 8, 32773])
    expect(() => checkTiff(tiff(true, compression, 1), 'jimp')).not.toThrow();
  expect(() => checkTiff(tiff(false, 50001, 1), 'sharp')).not.toThrow();
  expect(() => checkTiff(Uint8Array.from([137, 80, 78, 71, 13, 10]), 'jimp')).not.toThrow();
  expect(() => checkTiff(new Uint8Array(0), 'jimp')).not.toThrow();
});
