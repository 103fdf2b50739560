import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { NONE } from '../../src/runtime/row.ts';
import { KernelBench } from '../support/kernel.ts';
import { BUILDS, expectClose, numbers, range, runOnThreads, stepRow } from '../support/threads.ts';

const i32 = (x: readonly number[]) => Int32Array.from(x);
const rowOf = (x: readonly number[], cols: number, r: number) => x.slice(r * cols, (r + 1) * cols);
const COLUMNS = [...range(21), 33, 64, 100, 784, 1030];

describe.each(BUILDS)('gather, %s', (build) => {
  test.each(COLUMNS)('rows of %i', (cols) => {
    const bench = new KernelBench(build);
    const data = numbers(5 * cols);
    const index = [4, -1, 0, 0, 5, 3, 2147483647];
    const y = bench.output(index.length * cols);
    const [table, at] = [bench.buffer(data), bench.buffer(i32(index))];
    runOnThreads(bench, kernels.gatherRows(y, table, at, index.length, 1, cols, 5), y);
    const nan = new Array(cols).fill(Number.NaN);
    const rows = index.flatMap((i) => (i < 0 || i > 4 ? nan : rowOf(data, cols, i)));
    expect(bench.real(y)).toEqual(rows);
  });

  test.each(COLUMNS)('rows of %i scattered', (cols) => {
    const bench = new KernelBench(build);
    const index = [4, 1, -1, 1, 7, 0, 4, 4];
    const dy = numbers(index.length * cols);
    const [tableRows, expected] = [6, new Array(6 * cols).fill(0)];
    index.forEach((i, r) => {
      if (i < 0 || i >= tableRows) return;
      rowOf(dy, cols, r).forEach((v, c) => {
        expected[i * cols + c] += v;
      });
    });
    const y = bench.output(tableRows * cols);
    const [from, at] = [bench.buffer(dy), bench.buffer(i32(index))];
    runOnThreads(bench, kernels.scatterAddRows(y, from, at, tableRows, 1, cols, index.length), y);
    expectClose(bench.real(y), expected, build === 'f64' ? 1e-15 : 1e-6);
  });

  test.each(COLUMNS)('batches of %i columns', (cols) => {
    const bench = new KernelBench(build);
    const [rows, offset, n] = [4, 3, 9];
    const data = numbers(n * cols);
    const words = i32(data.map((v) => v * 2 ** 18));
    const bytes = Uint8Array.from(words, (v) => v & 255);
    const step = stepRow(bench, { offset });
    const orders = [
      { pointer: NONE, order: range(n) },
      {
        pointer: bench.buffer(i32([8, 0, 3, 2, 1, 7, 5, 6, 4])),
        order: [8, 0, 3, 2, 1, 7, 5, 6, 4],
      },
    ];
    const [reals, integers, pixels] = [
      bench.buffer(data),
      bench.buffer(words),
      bench.buffer(bytes),
    ];
    for (const { pointer, order } of orders) {
      const picked = order.slice(offset, offset + rows);
      const of = (x: readonly number[]) => picked.flatMap((i) => rowOf(x, cols, i));
      const [y, z] = [bench.output(rows * cols), bench.buffer(rows * cols * 4)];
      runOnThreads(bench, kernels.gatherBatch(y, reals, pointer, step, rows, 1, cols), y);
      expect(bench.real(y)).toEqual(of(data));
      runOnThreads(bench, kernels.gatherBatchI32(z, integers, pointer, step, rows, 1, cols), z);
      expect(bench.i32(z)).toEqual(of([...words]));
      const scaled = kernels.gatherBatchU8(y, pixels, pointer, step, rows, 1, cols, 1 / 255, -0.5);
      runOnThreads(bench, scaled, y);
      const expected = of([...bytes]).map((v) => v / 255 - 0.5);
      expectClose(bench.real(y), expected, build === 'f64' ? 1e-15 : 1e-7);
    }
  });

  test.each(range(12))('one-hot rows of %i and picks', (cols) => {
    const bench = new KernelBench(build);
    const index = [0, cols - 1, 2, -1, cols, 1];
    const rows = index.length;
    const at = bench.buffer(i32(index));
    const y = bench.output(rows * cols);
    runOnThreads(bench, kernels.oneHot(y, at, rows, 1, cols, 2, -3), y);
    expect(bench.real(y)).toEqual(index.flatMap((i) => range(cols).map((c) => (c === i ? 2 : -3))));
    const x = numbers(rows * cols);
    const z = bench.output(rows);
    runOnThreads(bench, kernels.pick(z, bench.buffer(x), at, rows, 1, cols), z);
    expect(bench.real(z)).toEqual(index.map((i, r) => rowOf(x, cols, r)[i] ?? Number.NaN));
  });
});
