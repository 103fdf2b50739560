import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import type { Pointer, Row } from '../../src/runtime/row.ts';
import { KernelBench } from '../support/kernel.ts';
import { BUILDS, numbers, range, runOnThreads } from '../support/threads.ts';

type Six = [number, number, number, number, number, number];
type Strided = { name: string; shape: Six; strides: Six; start?: number; size: number };

/** Places Σ i·s of a strided tensor, in the order of its contiguous copy. */
function places({ shape, strides, start = 0 }: Strided): number[] {
  return shape.reduce<number[]>(
    (at, n, d) => at.flatMap((p) => range(n).map((i) => p + i * (strides[d] as number))),
    [start],
  );
}

const whole: Strided[] = [
  { name: 'contiguous', shape: [2, 3, 1, 2, 3, 5], strides: [90, 30, 30, 15, 5, 1], size: 180 },
  { name: 'long rows', shape: [1, 1, 1, 1, 3, 700], strides: [0, 0, 0, 0, 700, 1], size: 2100 },
  { name: 'transpose', shape: [1, 1, 1, 1, 13, 10], strides: [0, 0, 0, 0, 1, 13], size: 130 },
  { name: 'small transpose', shape: [3, 1, 1, 1, 2, 3], strides: [6, 0, 0, 0, 1, 2], size: 18 },
  {
    name: 'batch of transposes',
    shape: [3, 1, 1, 2, 8, 9],
    strides: [144, 0, 0, 72, 1, 8],
    size: 432,
  },
  { name: 'permutation', shape: [4, 3, 2, 5, 3, 2], strides: [2, 8, 24, 144, 48, 1], size: 720 },
  {
    name: 'reversed',
    shape: [1, 1, 1, 3, 4, 5],
    strides: [0, 0, 0, -20, -5, -1],
    start: 59,
    size: 60,
  },
  { name: 'every second', shape: [5, 1, 1, 1, 3, 4], strides: [24, 0, 0, 0, 8, 2], size: 120 },
  {
    name: 'window',
    shape: [2, 1, 1, 4, 5, 6],
    strides: [252, 0, 0, 63, 9, 1],
    start: 10,
    size: 504,
  },
  { name: 'empty', shape: [2, 1, 1, 0, 5, 6], strides: [0, 0, 0, 0, 6, 1], size: 8 },
];
const repeated: Strided[] = [
  { name: 'rows repeated', shape: [3, 1, 1, 1, 4, 7], strides: [0, 0, 0, 0, 0, 1], size: 7 },
  { name: 'columns repeated', shape: [3, 1, 1, 1, 4, 7], strides: [4, 0, 0, 0, 1, 0], size: 12 },
  { name: 'a number repeated', shape: [2, 1, 2, 1, 3, 9], strides: [0, 0, 0, 0, 0, 0], size: 1 },
];

describe.each(BUILDS)('copy, %s', (build) => {
  test.each([...range(20), 700])('%i numbers', (n) => {
    const bench = new KernelBench(build);
    const x = numbers(n);
    const words = x.map((v) => v * 2 ** 18);
    const [y, z] = [bench.output(n), bench.buffer(n * 4)];
    const check = (row: Row, target: Pointer, expected: number[]) => {
      runOnThreads(bench, row, target);
      expect(target === y ? bench.real(y) : bench.i32(z)).toEqual(expected);
    };
    check(kernels.copy(y, bench.buffer(x), n, 1), y, x);
    check(kernels.fill(y, n, 1, -0.5), y, new Array(n).fill(-0.5));
    check(kernels.copyI32(z, bench.buffer(Int32Array.from(words)), n, 1), z, words);
  });

  test.each([...whole, ...repeated])('strided: $name', (tensor) => {
    const bench = new KernelBench(build);
    const x = numbers(tensor.size);
    const at = places(tensor);
    const { shape, strides, start = 0 } = tensor;
    const [n0, ...rest] = shape;
    const y = bench.output(at.length);
    const from = { ...bench.buffer(x) };
    from.offset += start * bench.realBytes;
    runOnThreads(bench, kernels.copyStrided(y, from, n0, 1, ...rest, ...strides), y);
    expect(bench.real(y)).toEqual(at.map((p) => x[p]));
  });

  test.each(whole)('placed: $name', (tensor) => {
    const bench = new KernelBench(build);
    const expected = numbers(tensor.size, 3);
    const at = places(tensor);
    const x = numbers(at.length);
    const { shape, strides, start = 0 } = tensor;
    const [n0, ...rest] = shape;
    const y = bench.buffer(expected);
    const target = { ...y, offset: y.offset + start * bench.realBytes };
    const row = kernels.placeStrided(target, bench.buffer(x), n0, 1, ...rest, ...strides);
    runOnThreads(bench, row, y);
    at.forEach((p, i) => {
      expected[p] = x[i] as number;
    });
    expect(bench.real(y)).toEqual(expected);
  });

  test.each([
    [0, 5],
    [1, 1],
    [3, 7],
    [4, 4],
    [5, 9],
    [16, 32],
    [37, 41],
    [130, 67],
  ])('transpose to [%i, %i]', (rows, cols) => {
    const bench = new KernelBench(build);
    const x = numbers(rows * cols);
    const y = bench.output(rows * cols);
    runOnThreads(bench, kernels.transpose(y, bench.buffer(x), rows, 1, cols), y);
    const expected = range(rows).flatMap((r) => range(cols).map((c) => x[c * rows + r]));
    expect(bench.real(y)).toEqual(expected);
  });

  test('elements set one by one, those outside left', () => {
    const bench = new KernelBench(build);
    const before = numbers(9);
    const x = bench.buffer(before);
    const place = bench.buffer(Int32Array.of(8, 0, -1, 9, 2 ** 31 - 1, 3, 3));
    const value = bench.buffer([1, 2, 3, 4, 5, 6, 7]);
    runOnThreads(bench, kernels.setElements(x, place, value, 9, 7), x);
    expect(bench.real(x)).toEqual(before.with(8, 1).with(0, 2).with(3, 7));
  });
});
