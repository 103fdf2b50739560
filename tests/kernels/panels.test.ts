import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { KernelBench } from '../support/kernel.ts';

const builds = ['simd', 'relaxed', 'f64'] as const;

/** Eighths between −1 and 1, whose sums of products are exact. */
function eighths(n: number, seed: number): number[] {
  return Array.from({ length: n }, (_, i) => (((i + seed) * 7919) % 17) / 8 - 1);
}

function product(a: number[], b: number[], M: number, N: number, K: number): number[] {
  return Array.from({ length: M * N }, (_, i) => {
    const [m, n] = [Math.floor(i / N), i % N];
    let sum = 0;
    for (let k = 0; k < K; k++) sum += (a[m * K + k] as number) * (b[k * N + n] as number);
    return sum;
  });
}

function transposed(x: number[], rows: number, columns: number): number[] {
  return x.map((_, i) => x[(i % rows) * columns + Math.floor(i / rows)] as number);
}

/** x[rows, N] in panels of NR columns. */
function panels(x: number[], rows: number, N: number, NR: number): number[] {
  return x.map((_, i) => {
    const [panel, row, n] = [Math.floor(i / (rows * NR)), Math.floor(i / NR) % rows, i % NR];
    return x[row * N + panel * NR + n] as number;
  });
}

const SHAPES = [
  [1, 1, 1],
  [5, 2, 3],
  [6, 3, 7],
  [13, 4, 18],
  [19, 5, 33],
  [24, 9, 600],
] as const;
const THREADS = [1, 2, 3];
const cases = builds.flatMap((build) =>
  SHAPES.flatMap(([M, count, K]) =>
    THREADS.map((threads) => [build, M, count, K, threads] as const),
  ),
);

describe('weights in panels', () => {
  test.each(cases)('%s: %i rows, %i panels, K %i, %i threads', (build, M, count, K, threads) => {
    const bench = new KernelBench(build);
    const [MR, NR] = [bench.exports.tileRows(), bench.exports.tileColumns()];
    const N = count * NR;
    const [a, b] = [eighths(M * K, 1), eighths(K * N, 5)];
    const stored = bench.buffer(panels(b, K, N, NR));
    const ap = bench.output(Math.ceil(M / MR) * MR * K);
    const c = bench.output(M * N);
    const rows = bench.output(K * N);
    bench.run([kernels.packA(ap, bench.buffer(a), M, MR, K, K)], threads);
    bench.run([kernels.gemmPanels(c, ap, stored, N, NR, M, K, 1, MR)], threads);
    bench.run([kernels.unpackB(rows, stored, N, NR, K, N)], threads);
    expect(bench.real(c)).toEqual(panels(product(a, b, M, N, K), M, N, NR));
    expect(bench.real(rows)).toEqual(b);

    const wide = Math.ceil(K / NR) * NR;
    const turned = bench.output(wide * N);
    const packed = bench.output(wide * N);
    bench.run([kernels.packPanelsT(turned, stored, K, NR, N)], threads);
    bench.run([kernels.packBT(packed, bench.buffer(b), K, NR, N, N)], threads);
    expect(bench.real(turned)).toEqual(bench.real(packed));

    const [x, dy, bias] = [eighths(K, 2), eighths(N, 3), eighths(N, 4)];
    const [y, dx] = [bench.output(N), bench.output(K)];
    const relu = 1;
    bench.run(
      [kernels.gemvPanels(y, bench.buffer(x), stored, bench.buffer(bias), N, NR, K, relu)],
      threads,
    );
    bench.run([kernels.gemvPanelsT(dx, bench.buffer(dy), stored, K, 3, N)], threads);
    const sums = product(x, b, 1, N, K).map((v, n) => Math.max(0, v + (bias[n] as number)));
    expect(bench.real(y)).toEqual(sums);
    expect(bench.real(dx)).toEqual(product(dy, transposed(b, K, N), 1, K, N));
  });
});
