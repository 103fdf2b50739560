import { describe, expect, test } from 'vitest';
import { nameOf } from '../../src/runtime/kernelName.ts';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import type { Pointer, Row } from '../../src/runtime/row.ts';
import { KernelBench } from '../support/kernel.ts';
import { BUILDS, expectClose, numbers, range, runOnThreads } from '../support/threads.ts';

type Reduction = (x: number[], mean: number) => number;
type Shared = (y: Pointer, x: Pointer, n: number, unit: number, m: number) => Row;

const sum: Reduction = (x) => x.reduce((a, b) => a + b, 0);
const max: Reduction = (x) => Math.max(...x);
const min: Reduction = (x) => Math.min(...x);
const arg =
  (extreme: Reduction): Reduction =>
  (x) =>
    Math.max(
      0,
      x.findIndex((v) => Object.is(v, extreme(x, 0)) || v === extreme(x, 0)),
    );

const plain: [rows: Shared, columns: Shared, Reduction, indices: boolean][] = [
  [kernels.sumRows, kernels.sumColumns, sum, false],
  [kernels.maxRows, kernels.maxColumns, max, false],
  [kernels.minRows, kernels.minColumns, min, false],
  [kernels.argMaxRows, kernels.argMaxColumns, arg(max), true],
  [kernels.argMinRows, kernels.argMinColumns, arg(min), true],
];
const SHAPES = [
  ...range(21).map((n) => [3, n] as const),
  [0, 5],
  [1, 33],
  [7, 64],
  [5, 130],
  [20, 17],
  [70, 37],
  [129, 10],
  [2, 5001],
] as const;

const row = (x: number[], cols: number, r: number) => x.slice(r * cols, (r + 1) * cols);
const column = (x: number[], cols: number, c: number) =>
  range(x.length / cols).map((r) => x[r * cols + c] as number);

describe.each(BUILDS)('reductions, %s', (build) => {
  const tolerance = build === 'f64' ? 1e-12 : 1e-5;

  function check(
    make: (y: Pointer, x: Pointer) => Row,
    x: number[],
    expected: number[],
    indices = false,
  ): void {
    const bench = new KernelBench(build);
    const y = indices ? bench.buffer(expected.length * 4) : bench.output(expected.length);
    const made = make(y, bench.buffer(x));
    runOnThreads(bench, made, y);
    expectClose(indices ? bench.i32(y) : bench.real(y), expected, tolerance, nameOf(made.kernel));
  }

  test.each(SHAPES)('rows and columns of [%i, %i]', (rows, cols) => {
    const x = numbers(rows * cols);
    for (const [byRow, byColumn, f, indices] of plain) {
      const rowValues = range(rows).map((r) => f(row(x, cols, r), 0));
      const columnValues = range(cols).map((c) => f(column(x, cols, c), 0));
      check((y, p) => byRow(y, p, rows, 1, cols), x, rowValues, indices);
      check((y, p) => byColumn(y, p, cols, 3, rows), x, columnValues, indices);
    }
    const thirds = (parts: number[][]) => parts.map((part) => sum(part, 0) / 3);
    const byRow = thirds(range(rows).map((r) => row(x, cols, r)));
    const byColumn = thirds(range(cols).map((c) => column(x, cols, c)));
    check((y, p) => kernels.meanRows(y, p, rows, 2, cols, 3), x, byRow);
    check((y, p) => kernels.meanColumns(y, p, cols, 3, rows, 3), x, byColumn);
  });

  test('NaN, infinities and equal extremes', () => {
    const cols = 9;
    const rows: number[][] = [
      [1, 2, Number.NaN, 3, Number.NaN, 9, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 0, 0, Number.NaN],
      [5, 7, 7, 1, 1, 7, 5, 1, 6],
      new Array(cols).fill(-Infinity),
      new Array(cols).fill(Infinity),
      [-Infinity, 1, Infinity, 2, -0, 0, Infinity, -Infinity, 1],
    ];
    const flat = rows.flat();
    const turned = range(cols).flatMap((c) => rows.map((r) => r[c] as number));
    for (const [byRow, byColumn, f, indices] of plain) {
      const values = rows.map((r) => f(r, 0));
      check((y, x) => byRow(y, x, rows.length, 1, cols), flat, values, indices);
      check((y, x) => byColumn(y, x, rows.length, 1, cols), turned, values, indices);
    }
  });

  test.each([0, 1, 4, 7, 16, 100, 3000])('chunks of %i numbers', (n) => {
    const x = numbers(n);
    for (const [kernel, f] of [
      [kernels.sumChunks, sum],
      [kernels.maxChunks, max],
      [kernels.minChunks, min],
    ] as const) {
      const chunk = 37;
      const chunks = Math.max(1, Math.ceil(n / chunk)) + 1;
      const expected = range(chunks).map((c) => f(x.slice(c * chunk, (c + 1) * chunk), 0));
      check((y, p) => kernel(y, p, chunks, 1, chunk, n), x, expected);
    }
  });

  test.each([
    [1, 1],
    [13, 3],
    [50, 21],
    [200, 10],
  ])('chunks of columns of [%i, %i]', (rows, cols) => {
    const x = numbers(rows * cols);
    const chunk = 8;
    const chunks = Math.ceil(rows / chunk) + 1;
    const expected = (f: Reduction) =>
      range(chunks).flatMap((k) => {
        const part = x.slice(k * chunk * cols, (k + 1) * chunk * cols);
        return range(cols).map((c) => f(column(part, cols, c), 0));
      });
    for (const [kernel, f] of [
      [kernels.sumColumnChunks, sum],
      [kernels.maxColumnChunks, max],
      [kernels.minColumnChunks, min],
    ] as const)
      check((y, p) => kernel(y, p, chunks, 1, chunk, rows, cols), x, expected(f));
  });

  test('a long sum is accurate', () => {
    const n = 1_000_000;
    const bench = new KernelBench(build);
    const x = bench.buffer(new Array(n).fill(0.1));
    const y = bench.output(1);
    bench.run([kernels.sumRows(y, x, 1, 1, n)]);
    const exact = n * (bench.reals([0.1])[0] as number);
    expect(Math.abs((bench.real(y)[0] as number) / exact - 1)).toBeLessThan(1e-6);
  });
});
