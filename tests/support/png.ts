import { crc32, inflateSync } from 'node:zlib';

interface Png {
  readonly width: number;
  readonly height: number;
  /** Bits, colour type, compression, filter, interlacing. */
  readonly kind: readonly number[];
  /** Bytes of each line. */
  readonly lines: readonly (readonly number[])[];
}

/** A PNG with unfiltered lines in one piece. Throws where a checksum is wrong. */
export function readPng(file: Uint8Array): Png {
  const bytes = Buffer.from(file);
  if (bytes.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') throw new Error('no PNG signature');
  const chunks = new Map<string, Buffer>();
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const body = bytes.subarray(at + 4, at + 8 + length);
    if (bytes.readUInt32BE(at + 8 + length) !== crc32(body)) throw new Error('wrong checksum');
    chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
    at += 12 + length;
  }
  const names = [...chunks.keys()].join();
  if (names !== 'IHDR,IDAT,IEND') throw new Error(`chunks ${names}`);
  const header = chunks.get('IHDR') as Buffer;
  const data = inflateSync(chunks.get('IDAT') as Buffer);
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const row = data.length / height;
  const lines = Array.from({ length: height }, (_, i) => [
    ...data.subarray(i * row + 1, (i + 1) * row),
  ]);
  return { width, height, kind: [...header.subarray(8)], lines };
}
