import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { address, type Pointer, type Row } from '../../src/runtime/row.ts';
import { KernelBench } from '../support/kernel.ts';
import { BUILDS, numbers } from '../support/threads.ts';

/** Kernels that touch what they will read next: x of [rows, cols], y of `size` numbers. */
const cases: [
  string,
  [rows: number, cols: number, size: number][],
  (y: Pointer, x: Pointer, rows: number, cols: number) => Row,
][] = [
  [
    'exp',
    [1, 511, 1023, 1024, 1025, 2047, 2048, 2049, 5000].map((n) => [n, 1, n]),
    (y, x, n) => kernels.exp(y, x, n, 16),
  ],
  [
    'softmax',
    [1, 7, 64, 1000, 1024, 3000].map((n) => [3, n, 3 * n]),
    (y, x, rows, cols) => kernels.softmax(y, x, rows, 1, cols),
  ],
  [
    'momentColumnChunks',
    [15, 16, 17, 32, 40].flatMap((rows) =>
      [1, 16, 33, 64, 80].map((n): [number, number, number] => [rows, n, 6 * n]),
    ),
    (y, x, rows, cols) => kernels.momentColumnChunks(y, x, Math.ceil(rows / 16), 1, 16, rows, cols),
  ],
];

describe.each(BUILDS)('%s, operands at the end of the memory', (build) => {
  test.each(cases)('%s', (_name, shapes, kernel) => {
    for (const [rows, cols, size] of shapes) {
      const bench = new KernelBench(build);
      const x = numbers(rows * cols);
      const [inside, y, z] = [bench.buffer(x), bench.output(size), bench.output(size)];
      const { buffer } = bench.memory;
      const atEnd = address(buffer.byteLength - inside.bytes, inside.bytes);
      new Uint8Array(buffer).copyWithin(atEnd.offset, inside.offset, inside.offset + inside.bytes);
      bench.run([kernel(y, inside, rows, cols), kernel(z, atEnd, rows, cols)], 1);
      expect(bench.real(y), `[${rows}, ${cols}]`).not.toContain(Number.NaN);
      expect(bench.real(z), `[${rows}, ${cols}]`).toEqual(bench.real(y));
    }
  });
});
