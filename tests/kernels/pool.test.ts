import { describe, test } from 'vitest';
import { geometryOf, slidingWindows } from '../../src/ops/windows.ts';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { KernelBench } from '../support/kernel.ts';
import { BUILDS, expectClose, numbers, range, runOnThreads } from '../support/threads.ts';

const IMAGES = 3;
/** [height, width, channels], size and stride. */
const SHAPES = [
  ...range(10).map((c) => [4, 4, c + 1, 2, 2] as const),
  [5, 7, 5, 3, 2],
  [5, 5, 6, 2, 2],
  [3, 4, 3, 3, 1],
  [2, 2, 9, 2, 2],
] as const;

describe.each(BUILDS)('pooling, %s', (build) => {
  const tolerance = build === 'f64' ? 1e-13 : 1e-6;

  test.each(SHAPES)('[%i, %i, %i] by %i every %i', (H, W, C, size, stride) => {
    const bench = new KernelBench(build);
    const windows = [H, W].map((n) => slidingWindows(n, size, stride, [0, 0]));
    const [{ small, tiles, whole }, table] = geometryOf([H, W, C], windows);
    const geometry = bench.buffer(Int32Array.from(table.attrs.data));
    const [OH, OW] = small as [number, number, number];
    const n = IMAGES * H * W * C;
    const m = IMAGES * OH * OW * C;
    const [x, u, dy] = [numbers(n), numbers(n, 2), numbers(m, 3)];
    const bytes = OH * OW * C * bench.realBytes;
    const args = [geometry, IMAGES, 2, bytes] as const;
    const flag = (on: boolean) => (on ? 1 : 0);

    /** Places of the elements of the window of pooled element i. */
    const places = (i: number) => {
      const [c, ow, oh] = [i % C, Math.floor(i / C) % OW, Math.floor(i / C / OW) % OH];
      const b = Math.floor(i / C / OW / OH);
      return range(size * size).map((k) => {
        const [h, w] = [oh * stride + Math.floor(k / size), ow * stride + (k % size)];
        return ((b * H + h) * W + w) * C + c;
      });
    };
    const most = range(m).map((i) => Math.max(...places(i).map((p) => x[p] as number)));
    const first = range(m).map((i) => places(i).find((p) => x[p] === most[i]) as number);
    const mean = range(m).map(
      (i) => places(i).reduce((sum, p) => sum + (x[p] as number), 0) / (size * size),
    );
    const scattered = (to: (i: number) => readonly number[], share: number) => {
      const dx = new Array<number>(n).fill(0);
      for (const i of range(m))
        for (const p of to(i)) dx[p] = (dx[p] as number) + (dy[i] as number) * share;
      return dx;
    };

    const [px, pu, pd] = [bench.buffer(x), bench.buffer(u), bench.buffer(dy)];
    const [y, z] = [bench.output(m), bench.output(m)];
    const dx = bench.output(n);
    runOnThreads(bench, kernels.averagePool(y, px, ...args, 1, flag(whole)), y);
    expectClose(bench.real(y), mean, tolerance, 'averagePool');
    runOnThreads(bench, kernels.averagePoolGrad(dx, pd, ...args, 1, flag(tiles)), dx);
    expectClose(bench.real(dx), scattered(places, 1 / (size * size)), tolerance, 'averagePoolGrad');
    runOnThreads(bench, kernels.maxPool(y, px, ...args, flag(whole)), y);
    expectClose(bench.real(y), most, 0, 'maxPool');
    runOnThreads(bench, kernels.maxPoolGrad(dx, pd, px, y, ...args, flag(tiles)), dx);
    const expected = scattered((i) => [first[i] as number], 1);
    expectClose(bench.real(dx), expected, tolerance, 'maxPoolGrad');
    runOnThreads(bench, kernels.maxPoolPick(z, pu, px, y, ...args), z);
    expectClose(
      bench.real(z),
      first.map((p) => u[p] as number),
      0,
      'maxPoolPick',
    );
  });
});
