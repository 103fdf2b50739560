import { describe, expect, test } from 'vitest';
import { nameOf } from '../../src/runtime/kernelName.ts';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import type { Pointer, Row } from '../../src/runtime/row.ts';
import { KernelBench } from '../support/kernel.ts';
import { BUILDS, expectClose, numbers, range, runOnThreads } from '../support/threads.ts';

const sum = (x: readonly number[]) => x.reduce((a, b) => a + b, 0);

function softmax(x: readonly number[]): number[] {
  const most = Math.max(...x);
  const e = x.map((v) => Math.exp(v - most));
  return e.map((v) => v / sum(e));
}

function logSumExp(x: readonly number[]): number {
  const most = Math.max(...x);
  return most + Math.log(sum(x.map((v) => Math.exp(v - most))));
}

const softplus = (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const crossEntropy = (x: number, t: number) => softplus(x) - x * t;

type Kernel3 = (
  y: Pointer,
  a: Pointer,
  b: Pointer,
  rows: number,
  unit: number,
  cols: number,
) => Row;
type Reference = (a: number[], b: number[]) => number[];

/** Kernels from two [rows, cols] tensors to one. */
const maps: [Kernel3, Reference][] = [
  [(y, a, _b, ...n) => kernels.softmax(y, a, ...n), softmax],
  [(y, a, _b, ...n) => kernels.logSoftmax(y, a, ...n), (x) => x.map((v) => v - logSumExp(x))],
  [
    kernels.softmaxGrad,
    (dy, y) =>
      y.map((v, i) => v * ((dy[i] as number) - sum(dy.map((d, k) => d * (y[k] as number))))),
  ],
  [kernels.logSoftmaxGrad, (dy, y) => dy.map((d, i) => d - Math.exp(y[i] as number) * sum(dy))],
  [
    (y, a, b, rows, unit, cols) => kernels.sigmoidCrossEntropy(y, a, b, rows * cols, unit),
    (x, t) => x.map((v, i) => crossEntropy(v, t[i] as number)),
  ],
];

const SHAPES = [
  ...range(20).map((n) => [3, n + 1] as const),
  [0, 5],
  [5, 0],
  [8, 10],
  [2, 255],
  [2, 257],
  [3, 1024],
  [1, 3001],
] as const;

describe.each(BUILDS)('softmax, %s', (build) => {
  const tolerance = build === 'f64' ? 1e-12 : 1e-5;
  const rowsOf = (x: number[], rows: number, cols: number) =>
    range(rows).map((r) => x.slice(r * cols, (r + 1) * cols));

  test.each(SHAPES)('maps of [%i, %i], also in place', (rows, cols) => {
    const a = numbers(rows * cols, 1).map((v) => v * 4);
    const b = numbers(rows * cols, 2).map((v) => v / Math.max(1, cols));
    for (const [kernel, reference] of maps) {
      const bench = new KernelBench(build);
      const rowsOfB = rowsOf(b, rows, cols);
      const expected = rowsOf(a, rows, cols).flatMap((row, r) => reference(row, rowsOfB[r] ?? []));
      const [y, pa, pb] = [bench.output(rows * cols), bench.buffer(a), bench.buffer(b)];
      const row = kernel(y, pa, pb, rows, 1, cols);
      runOnThreads(bench, row, y);
      expectClose(bench.real(y), expected, tolerance, nameOf(row.kernel));
      const bits = bench.bytes(y);
      for (const target of [pa, pb]) {
        const [a2, b2] = [bench.buffer(a), bench.buffer(b)];
        const place = target === pa ? a2 : b2;
        bench.run([kernel(place, a2, b2, rows, 1, cols)], 2);
        expect(bench.bytes(place), `${nameOf(row.kernel)} in place`).toEqual(bits);
      }
    }
  });

  test.each(SHAPES)('cross-entropies of [%i, %i]', (rows, cols) => {
    if (cols === 0) return;
    const bench = new KernelBench(build);
    const x = numbers(rows * cols).map((v) => v * 5);
    const t = numbers(rows * cols, 3).map(Math.abs);
    const d = numbers(rows, 4);
    const labels = range(rows).map((r) => (r * 7) % cols);
    const [xs, ts] = [rowsOf(x, rows, cols), rowsOf(t, rows, cols)];
    const [px, pt, pd] = [bench.buffer(x), bench.buffer(t), bench.buffer(d)];
    const pl = bench.buffer(Int32Array.from(labels));
    const [loss, dx] = [bench.output(rows), bench.output(rows * cols)];
    const check = (row: Row, y: Pointer, expected: number[]) => {
      runOnThreads(bench, row, y);
      expectClose(bench.real(y), expected, tolerance, nameOf(row.kernel));
    };
    const grads = (target: (r: number, c: number) => number) =>
      xs.flatMap((row, r) => {
        const total = sum(range(cols).map((c) => target(r, c)));
        return softmax(row).map((p, c) => (d[r] as number) * (p * total - target(r, c)));
      });
    check(
      kernels.softmaxCrossEntropy(loss, px, pl, rows, 1, cols),
      loss,
      xs.map((row, r) => logSumExp(row) - (row[labels[r] as number] as number)),
    );
    check(
      kernels.softmaxCrossEntropyDense(loss, px, pt, rows, 1, cols),
      loss,
      xs.map((row, r) => sum(row.map((v, c) => (ts[r]?.[c] as number) * (logSumExp(row) - v)))),
    );
    const sparse = kernels.softmaxCrossEntropyGrad;
    check(
      sparse(dx, pd, px, pl, rows, 1, cols),
      dx,
      grads((r, c) => +(c === labels[r])),
    );
    const dense = kernels.softmaxCrossEntropyDenseGrad;
    check(
      dense(dx, pd, px, pt, rows, 1, cols),
      dx,
      grads((r, c) => ts[r]?.[c] as number),
    );
    check(
      dense(pt, pd, px, pt, rows, 1, cols),
      pt,
      grads((r, c) => ts[r]?.[c] as number),
    );
    check(
      sparse(px, pd, px, pl, rows, 1, cols),
      px,
      grads((r, c) => +(c === labels[r])),
    );
  });

  test('labels out of range give NaN and touch nothing else', () => {
    const bench = new KernelBench(build);
    const labels = bench.buffer(Int32Array.of(-1, 3, 2, 2147483647, -2147483648));
    const [x, d] = [bench.buffer(numbers(15)), bench.buffer([1, 1, 1, 1, 1])];
    const [loss, dx] = [bench.output(5), bench.output(15)];
    bench.run([
      kernels.softmaxCrossEntropy(loss, x, labels, 5, 1, 3),
      kernels.softmaxCrossEntropyGrad(dx, d, x, labels, 5, 1, 3),
    ]);
    expect(bench.real(loss).map(Number.isNaN)).toEqual([true, true, false, true, true]);
    const bad = bench.real(dx).map(Number.isNaN);
    expect(bad).toEqual(range(15).map((i) => Math.floor(i / 3) !== 2));
  });

  test('large and infinite logits', () => {
    const x = [1e4, -1e4, 0, 0, -Infinity, 0, -Infinity, -Infinity, 3, Number.NaN, 0, 0];
    const bench = new KernelBench(build);
    const y = bench.output(12);
    bench.run([kernels.softmax(y, bench.buffer(x), 4, 1, 3)]);
    const nan = Number.NaN;
    expectClose(bench.real(y), [1, 0, 0, 0.5, 0, 0.5, 0, 0, 1, nan, nan, nan], tolerance);
    const loss = bench.output(4);
    const [logits, t] = [
      [100, -100, 1e3, -1e3],
      [1, 1, 0, 1],
    ];
    bench.run([kernels.sigmoidCrossEntropy(loss, bench.buffer(logits), bench.buffer(t), 4, 1)]);
    expectClose(bench.real(loss), [0, 100, 1e3, 1e3], tolerance);
  });

  test.each([0, 89, -1e3, 1048575, 1048577, -1048577, 1e7, -3e38, 3e38])(
    'softmax around %d',
    (at) => {
      const near = [...numbers(21, 7).map((v) => v * 8), -80, -86, -88, -100, -200, -1e4, 9];
      const x = near.map((v) => (build === 'f64' ? at + v : Math.fround(at + v)));
      const bench = new KernelBench(build);
      const [y, dx] = [bench.output(x.length), bench.output(x.length)];
      const inputs = [bench.buffer([1]), bench.buffer(x), bench.buffer(Int32Array.of(3))] as const;
      bench.run([
        kernels.softmax(y, inputs[1], 1, 1, x.length),
        kernels.softmaxCrossEntropyGrad(dx, ...inputs, 1, 1, x.length),
      ]);
      const expected = softmax(x);
      const expectedGradient = expected.map((p, i) => p - Number(i === 3));
      expectClose(bench.real(y), expected, tolerance);
      expectClose(bench.real(dx), expectedGradient, tolerance);
    },
  );

  test.each(range(13))('gradient of %i sigmoid cross-entropies', (n) => {
    const bench = new KernelBench(build);
    const [d, x, t] = [numbers(n, 1), numbers(n, 2).map((v) => v * 9), numbers(n, 3)];
    const dx = bench.output(n);
    const inputs = [d, x, t].map((v) => bench.buffer(v)) as [Pointer, Pointer, Pointer];
    runOnThreads(bench, kernels.sigmoidCrossEntropyGrad(dx, ...inputs, n, 1), dx);
    const expected = x.map((v, i) => (d[i] as number) * (sigmoid(v) - (t[i] as number)));
    expectClose(bench.real(dx), expected, tolerance);
  });
});
