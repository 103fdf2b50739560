import { crc32, deflateSync } from 'node:zlib';

/** A grey picture [height, width] as PNG. */
export function encodePng(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const lines = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) {
    lines.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(lines)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Pictures [n, size, size] side by side, `columns` in a row, each pixel `zoom` wide. */
export function sheet(images: Uint8Array, size: number, columns: number, zoom = 1): Uint8Array {
  const n = images.length / (size * size);
  const width = columns * size * zoom;
  const height = Math.ceil(n / columns) * size * zoom;
  const pixels = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [row, column] = [Math.floor(y / zoom), Math.floor(x / zoom)];
      const image = Math.floor(row / size) * columns + Math.floor(column / size);
      pixels[y * width + x] = images[(image * size + (row % size)) * size + (column % size)] ?? 0;
    }
  }
  return encodePng(pixels, width, height);
}
