import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { KernelBench } from '../support/kernel.ts';
import { BUILDS, expectClose, numbers, range, runOnThreads } from '../support/threads.ts';

function moments(x: readonly number[]): { mean: number; variance: number } {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return { mean, variance: x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length };
}

const row = (x: readonly number[], cols: number, r: number) => x.slice(r * cols, (r + 1) * cols);
const column = (x: readonly number[], cols: number, c: number) =>
  range(x.length / cols).map((r) => x[r * cols + c] as number);

describe.each(BUILDS)('mean and variance, %s', (build) => {
  const tolerance = build === 'f64' ? 1e-12 : 2e-6;

  function run(x: readonly number[], parts: readonly number[][], rows: (b: Setup) => void): void {
    const bench = new KernelBench(build);
    const expected = parts.map(moments);
    const at = { bench, x: bench.buffer(x), mean: bench.output(parts.length) };
    const setup = { ...at, variance: bench.output(parts.length) };
    rows(setup);
    const means = expected.map((m) => m.mean);
    const variances = expected.map((m) => m.variance);
    expectClose(bench.real(setup.mean), means, tolerance, 'mean');
    expectClose(bench.real(setup.variance), variances, tolerance, 'variance');
  }

  type Setup = Record<'x' | 'mean' | 'variance', ReturnType<KernelBench['output']>> & {
    bench: KernelBench;
  };

  const shapes = [...range(20).map((n) => [3, n + 1]), [1, 33], [129, 10], [70, 67], [5, 130]];
  test.each(shapes as [number, number][])('of [%i, %i]', (rows, cols) => {
    const x = numbers(rows * cols);
    const columns = range(cols).map((c) => column(x, cols, c));
    run(
      x,
      range(rows).map((r) => row(x, cols, r)),
      ({ bench, x, mean, variance }) =>
        runOnThreads(bench, kernels.momentRows(mean, variance, x, rows, 1, cols), variance),
    );
    run(x, columns, ({ bench, x, mean, variance }) =>
      runOnThreads(bench, kernels.momentColumns(mean, variance, x, cols, 3, rows), variance),
    );
    for (const chunk of [1, 2, 7, 200]) {
      const chunks = Math.ceil(rows / chunk);
      run(x, columns, ({ bench, x, mean, variance }) => {
        const p = bench.output(2 * chunks * cols);
        runOnThreads(bench, kernels.momentColumnChunks(p, x, chunks, 1, chunk, rows, cols), p);
        const combine = kernels.combineMoments(mean, variance, p, cols, 4, chunks, chunk, rows);
        runOnThreads(bench, combine, variance);
      });
    }
  });

  test.each([1, 5, 64, 1000, 5000])('of chunks of %i numbers', (n) => {
    const x = numbers(n);
    const chunks = Math.ceil(n / 37);
    run(x, [x], ({ bench, x, mean, variance }) => {
      const p = bench.output(2 * chunks);
      runOnThreads(bench, kernels.momentChunks(p, x, chunks, 1, 37, n), p);
      bench.run([kernels.combineMoments(mean, variance, p, 1, 1, chunks, 37, n)]);
    });
  });

  test('a mean much larger than the deviation, and an outlier in front, lose nothing', () => {
    const x = range(4096).map((i) => 1000 + (i % 2));
    const outlier = [1e4, ...range(4095).map((i) => i % 2)];
    for (const data of [x, outlier]) {
      const bench = new KernelBench(build);
      const [mean, variance, p] = [bench.output(1), bench.output(1), bench.output(64)];
      bench.run([
        kernels.momentColumnChunks(p, bench.buffer(data), 32, 1, 128, 4096, 1),
        kernels.combineMoments(mean, variance, p, 1, 1, 32, 128, 4096),
      ]);
      const expected = moments(data);
      expect((bench.real(mean)[0] as number) / expected.mean).toBeCloseTo(1, 6);
      expect((bench.real(variance)[0] as number) / expected.variance).toBeCloseTo(1, 5);
    }
  });

  test('NaN and infinities', () => {
    const bench = new KernelBench(build);
    const x = bench.buffer([1, Number.NaN, 3, Number.POSITIVE_INFINITY, 5, 6]);
    const [mean, variance] = [bench.output(3), bench.output(3)];
    bench.run([kernels.momentRows(mean, variance, x, 3, 1, 2)]);
    expect(bench.real(mean)).toEqual([Number.NaN, Number.POSITIVE_INFINITY, 5.5]);
    expect(bench.real(variance)).toEqual([Number.NaN, Number.NaN, 0.25]);
  });
});
