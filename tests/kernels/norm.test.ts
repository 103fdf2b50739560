import { describe, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { KernelBench } from '../support/kernel.ts';
import { BUILDS, expectClose, numbers, range, runOnThreads } from '../support/threads.ts';

const EPSILON = 1e-3;
const SHAPES = [
  ...range(18).map((cols) => [5, 2, cols + 1] as const),
  [1, 1, 4],
  [3, 70, 6],
  [13, 1, 9],
  [0, 3, 4],
] as const;

const total = (x: readonly number[]) => x.reduce((a, b) => a + b, 0);
const mean = (x: readonly number[]) => total(x) / x.length;
const variance = (x: readonly number[]) => {
  const center = mean(x);
  return mean(x.map((v) => (v - center) ** 2));
};

describe.each(BUILDS)('normalisation, %s', (build) => {
  const tolerance = build === 'f64' ? 1e-12 : 3e-5;

  test.each(SHAPES)('columns of [%i, %i, %i]', (images, rows, cols) => {
    const bench = new KernelBench(build);
    const all = images * rows;
    const x = numbers(all * cols);
    const dy = numbers(all * cols, 2);
    const [scale, offset, means] = [numbers(cols, 3), numbers(cols, 4), numbers(2 * cols, 5)];
    const column = (t: readonly number[], c: number, from = 0, count = all) =>
      range(count).map((r) => t[(from + r) * cols + c] as number);
    const [px, pd] = [bench.buffer(x), bench.buffer(dy)];
    const chunk = 4;
    const chunks = Math.ceil(all / chunk);
    const counts = range(chunks).map((k) => Math.min(chunk, all - k * chunk));

    const partial = bench.output(chunks * 2 * cols);
    const made = kernels.momentsChunks(partial, px, chunks, 1, chunk, all, cols);
    runOnThreads(bench, made, partial);
    const expected = counts.flatMap((n, k) =>
      [mean, variance].flatMap((f) => range(cols).map((c) => f(column(x, c, k * chunk, n)))),
    );
    expectClose(bench.real(partial), expected, tolerance, 'momentsChunks');
    if (all === 0) return;

    const moments = bench.output(2 * cols);
    runOnThreads(
      bench,
      kernels.momentsJoin(moments, partial, cols, 3, chunks, chunk, all),
      moments,
    );
    const found = [mean, variance].flatMap((f) => range(cols).map((c) => f(column(x, c))));
    expectClose(bench.real(moments), found, tolerance, 'momentsJoin');

    const sigma = range(cols).map((c) => Math.sqrt((found[cols + c] as number) + EPSILON));
    const z = x.map((v, i) => (v - (found[i % cols] as number)) / (sigma[i % cols] as number));
    const [ps, po] = [bench.buffer(scale), bench.buffer(offset)];
    const y = bench.output(all * cols);
    runOnThreads(
      bench,
      kernels.normalize(y, px, moments, ps, po, images, 2, rows, cols, 0, 0, EPSILON),
      y,
    );
    const at = (t: readonly number[], i: number) => t[i % cols] as number;
    expectClose(
      bench.real(y),
      z.map((v, i) => v * at(scale, i) + at(offset, i)),
      tolerance,
      'normalize',
    );

    const sums = bench.output(chunks * 2 * cols);
    runOnThreads(
      bench,
      kernels.normalizeSums(sums, pd, px, moments, chunks, 1, chunk, all, cols, 0, EPSILON),
      sums,
    );
    const products = dy.map((v, i) => v * (z[i] as number));
    const wanted = counts.flatMap((n, k) =>
      [dy, products].flatMap((t) => range(cols).map((c) => total(column(t, c, k * chunk, n)))),
    );
    expectClose(bench.real(sums), wanted, tolerance, 'normalizeSums');

    const dx = bench.output(all * cols);
    const pm = bench.buffer(means);
    runOnThreads(
      bench,
      kernels.normalizeGrad(dx, pd, px, moments, ps, pm, images, 2, rows, cols, 0, 0, EPSILON),
      dx,
    );
    const slopes = dy.map((v, i) => {
      const rest = at(means, i) + (z[i] as number) * (means[cols + (i % cols)] as number);
      return (v * at(scale, i) - rest) / at(sigma, i);
    });
    expectClose(bench.real(dx), slopes, tolerance * 10, 'normalizeGrad');
  });

  test.each([true, false])('rows, centered %s', (centered) => {
    for (const [rows, cols] of [...range(18).map((n) => [5, n + 1] as const), [3, 300] as const]) {
      const bench = new KernelBench(build);
      const x = numbers(rows * cols);
      const dy = numbers(rows * cols, 2);
      const [scale, offset] = [numbers(cols, 3), numbers(cols, 4)];
      const row = (t: readonly number[], r: number) => t.slice(r * cols, (r + 1) * cols);
      const stats = range(rows).map((r) => {
        const center = centered ? mean(row(x, r)) : 0;
        return [
          center,
          Math.sqrt(mean(row(x, r).map((v) => (v - center) ** 2)) + EPSILON),
        ] as const;
      });
      const statsOf = (i: number) => stats[Math.floor(i / cols)] as readonly [number, number];
      const z = x.map((v, i) => (v - statsOf(i)[0]) / statsOf(i)[1]);
      const at = (t: readonly number[], i: number) => t[i % cols] as number;
      const [px, pd, ps] = [bench.buffer(x), bench.buffer(dy), bench.buffer(scale)];
      const flag = centered ? 1 : 0;

      const y = bench.output(rows * cols);
      const po = bench.buffer(offset);
      runOnThreads(bench, kernels.layerNorm(y, px, ps, po, rows, 2, cols, flag, EPSILON), y);
      const expected = z.map((v, i) => v * at(scale, i) + at(offset, i));
      expectClose(bench.real(y), expected, tolerance, 'layerNorm');

      const dx = bench.output(rows * cols);
      runOnThreads(bench, kernels.layerNormGrad(dx, pd, px, ps, rows, 2, cols, flag, EPSILON), dx);
      const g = dy.map((v, i) => v * at(scale, i));
      const slopes = range(rows).flatMap((r) => {
        const [gr, zr] = [row(g, r), row(z, r)];
        const m0 = centered ? mean(gr) : 0;
        const m1 = mean(gr.map((v, c) => v * (zr[c] as number)));
        return gr.map((v, c) => (v - m0 - (zr[c] as number) * m1) / statsOf(r * cols)[1]);
      });
      expectClose(bench.real(dx), slopes, tolerance * 10, 'layerNormGrad');

      const sums = bench.output(3 * 2 * cols);
      const chunk = Math.ceil(rows / 3);
      const chunked = kernels.layerNormSums(sums, pd, px, 3, 1, chunk, rows, cols, flag, EPSILON);
      runOnThreads(bench, chunked, sums);
      const products = dy.map((v, i) => v * (z[i] as number));
      const wanted = range(3).flatMap((k) =>
        [dy, products].flatMap((t) =>
          range(cols).map((c) =>
            total(range(chunk).map((i) => t[(k * chunk + i) * cols + c] ?? 0)),
          ),
        ),
      );
      expectClose(bench.real(sums), wanted, tolerance, 'layerNormSums');
    }
  });
});
