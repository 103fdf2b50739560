import type { Bytes } from '../formats/gzip.ts';
import { DataError } from '../runtime/errors.ts';

const COMPRESSION = 259;
const SAMPLE_FORMAT = 339;
const FLOAT = 3;
/** None, CCITT, LZW, JPEG, deflate, PackBits: what jimp reads; of others it makes black images. */
const BY_JIMP: readonly number[] = [1, 2, 3, 4, 5, 6, 7, 8, 32946, 32773];

/** Throws `DataError` for a TIFF file of which a package would make other pixels: of floats, or packed in a way that jimp does not know. */
export function checkTiff(bytes: Bytes, by: 'sharp' | 'jimp'): void {
  const order = String.fromCharCode(...bytes.subarray(0, 2));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = order === 'II';
  if (!(little || order === 'MM') || view.getUint16(2, little) !== 42) return;
  if (firstOf(view, little, SAMPLE_FORMAT) === FLOAT)
    throw new DataError('a TIFF file of floats, expected whole numbers of 8 or 16 bits');
  const compression = firstOf(view, little, COMPRESSION) ?? 1;
  if (by === 'jimp' && !BY_JIMP.includes(compression))
    throw new DataError(`TIFF compression ${compression}, which jimp does not know`);
}

/** The first value of a tag of the first page, for tags of 16 bits. */
function firstOf(view: DataView, little: boolean, tag: number): number | undefined {
  const page = view.getUint32(4, little);
  const tags = view.getUint16(page, little);
  for (let at = page + 2; at < page + 2 + 12 * tags; at += 12) {
    if (view.getUint16(at, little) !== tag) continue;
    const inside = view.getUint32(at + 4, little) <= 2;
    return view.getUint16(inside ? at + 8 : view.getUint32(at + 8, little), little);
  }
  return undefined;
}
