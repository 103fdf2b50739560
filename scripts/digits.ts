/** Draws a sheet of the synthetic digits: `node scripts/digits.ts FILE.png [SEED]`, one column a digit. */
import { writeFileSync } from 'node:fs';
import { digits } from '../src/data/synthetic/digits.ts';
import { writeSheet } from '../src/report/sheet.ts';

const [file = 'digits.png', seed = '0'] = process.argv.slice(2);
const { x, y } = digits(400, { seed: Number(seed) });
const size = 28;
const labels = Array.from(y as Int32Array);
const columns = Array.from({ length: 10 }, (_, digit) =>
  labels.flatMap((l, i) => (l === digit ? [i] : [])),
);
const order = Array.from({ length: 16 }, (_, row) =>
  columns.map((column) => column[row] as number),
).flat();
const pixels = Array.from(x.data, (v) => v / 255);
const pictures = order.map((i) => ({
  pixels: pixels.slice(i * size * size, (i + 1) * size * size),
  size: [size, size] as const,
}));
writeFileSync(file, await writeSheet(pictures, { columns: 10 }));
