import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import type { Pointer } from '../../src/runtime/row.ts';
import { difference } from '../support/difference.ts';
import { KernelBench } from '../support/kernel.ts';
import { BUILDS, numbers, range } from '../support/threads.ts';

/** Images [B, H, W, C] with zeros around them, filters [3, 3, C, N]. */
interface Conv {
  readonly B: number;
  readonly H: number;
  readonly W: number;
  readonly C: number;
  readonly N: number;
  /** Top, bottom, left, right. */
  readonly pads: readonly [number, number, number, number];
  readonly activation?: number;
}

const SIDE = 4;
const PLANES = 36;
const PARTS = 2;

function sizesOf({ B, H, W, C, N, pads }: Conv, bench: KernelBench) {
  const [OH, OW] = [H + pads[0] + pads[1] - 2, W + pads[2] + pads[3] - 2];
  const [MR, NR] = [bench.exports.tileRows(), bench.exports.tileColumns()];
  const gap = 64 / bench.realBytes;
  const columns = Math.ceil(N / NR) * NR;
  const block = 2 * MR;
  return {
    ...{ OH, OW, NR, columns, block },
    filter: (columns / NR) * PLANES * (C * NR + gap),
    slot: PLANES * (block * (C + NR) + 2 * gap) + C + NR,
    sizes: [H, W, C, OH, OW, N, pads[0], pads[2]] as const,
    inputs: [B * H * W * C, 9 * C * N, B * OH * OW * N] as const,
  };
}

/** y [B, OH, OW, N]; threads share images, or the rows of tiles. */
function forward(bench: KernelBench, c: Conv, threads: number, x: number[], byRows = false) {
  const { B, C, N } = c;
  const { OH, OW, NR, columns, block, filter, slot, sizes, inputs } = sizesOf(c, bench);
  const [y, u] = [bench.output(inputs[2]), bench.output(filter)];
  const [places, scratch] = [bench.buffer(8 * block), bench.output(threads * slot)];
  const [images, w, bias] = [x, numbers(inputs[1], 2), numbers(N, 3)].map((v) =>
    bench.buffer(v),
  ) as [Pointer, Pointer, Pointer];
  const down = Math.ceil(OH / SIDE);
  const share = [B * down, byRows ? 1 : down, block, slot] as const;
  const kernel = byRows ? kernels.winogradRows : kernels.winograd;
  bench.run(
    [
      kernels.placeRows(places, block, block, 1, 1, C, 0, 0, NR, 0, 0),
      kernels.winogradFilter(u, w, columns, NR, N, C, 3 * C * N, C * N, N, 1),
      kernel(y, images, u, bias, places, scratch, ...share, ...sizes, c.activation ?? 0),
    ],
    threads,
  );
  return { data: bench.real(y), OH, OW };
}

/** dw [3, 3, C, N] of sums over two parts of the images. */
function backward(bench: KernelBench, c: Conv, threads: number): number[] {
  const { B, C, N } = c;
  const { NR, columns, block, filter, slot, sizes, inputs } = sizesOf(c, bench);
  const [x, dy] = [bench.buffer(numbers(inputs[0], 1)), bench.buffer(numbers(inputs[2], 4))];
  const [dw, du] = [bench.output(inputs[1]), bench.output(PARTS * filter)];
  const [places, scratch] = [bench.buffer(8 * C), bench.output(threads * slot)];
  const share = [PARTS, 1, B, block, slot] as const;
  bench.run(
    [
      kernels.placeRows(places, C, C, 1, 1, 1, 0, 0, NR, 0, 0),
      kernels.winogradFilterGrad(du, x, dy, places, scratch, ...share, ...sizes),
      kernels.winogradFilterSum(dw, du, columns, NR, N, C, PARTS),
    ],
    threads,
  );
  return bench.real(dw);
}

/** Calls `visit` with the flat indices of each product: of y, x and w. */
function walk(c: Conv, OH: number, OW: number, visit: (y: number, x: number, w: number) => void) {
  const { B, H, W, C, N, pads } = c;
  for (const p of range(B * OH * OW)) {
    const [b, i, j] = [Math.floor(p / OH / OW), Math.floor(p / OW) % OH, p % OW];
    for (const tap of range(9)) {
      const [h, v] = [i + Math.floor(tap / 3) - pads[0], j + (tap % 3) - pads[2]];
      if (h < 0 || h >= H || v < 0 || v >= W) continue;
      for (let k = 0; k < C * N; k++) {
        const channel = Math.floor(k / N);
        visit(p * N + (k % N), ((b * H + h) * W + v) * C + channel, tap * C * N + k);
      }
    }
  }
}

const ACTIVATIONS = [
  (z: number) => z,
  (z: number) => Math.max(z, 0),
  (z: number) => 1 / (1 + Math.exp(-z)),
];

/** Heights and widths of y from 1 to 20, parts of panels, blocks that end within an image. */
const CONVS: readonly Conv[] = [
  ...range(20).map((i): Conv => {
    const pads = [i % 4, (i + 1) % 3, (i + 2) % 3, i % 2] as const;
    const [OH, OW] = [i + 1, ((i * 7) % 20) + 1];
    const [H, W] = [OH + 2 - pads[0] - pads[1], OW + 2 - pads[2] - pads[3]];
    const [C, N] = [4 * ((i % 3) + 1), 4 * ((i % 5) + 1)];
    return { B: (i % 3) + 2, H: Math.max(H, 1), W: Math.max(W, 1), C, N, pads, activation: i % 3 };
  }),
  { B: 5, H: 14, W: 14, C: 16, N: 32, pads: [1, 1, 1, 1], activation: 1 },
];

describe.each(BUILDS)('%s', (build) => {
  /** Relative to the largest number; the sums by definition have up to 5e-7 of it in f32. */
  const bound = build === 'f64' ? 1e-14 : 3e-6;

  test.each(CONVS)('%o', (c) => {
    const bench = new KernelBench(build);
    const { inputs, OH, OW } = sizesOf(c, bench);
    const [x, w, dy] = [numbers(inputs[0], 1), numbers(inputs[1], 2), numbers(inputs[2], 4)];
    const bias = numbers(c.N, 3);
    const y = dy.map((_, i) => bias[i % c.N] as number);
    const dw = w.map(() => 0);
    walk(c, OH, OW, (yi, xi, wi) => {
      (y[yi] as number) += (x[xi] as number) * (w[wi] as number);
      (dw[wi] as number) += (x[xi] as number) * (dy[yi] as number);
    });
    const expected = y.map(ACTIVATIONS[c.activation ?? 0] as (z: number) => number);
    const alone = forward(bench, c, 1, x).data;
    const gradient = backward(bench, c, 1);
    expect(difference(alone, expected)).toBeLessThan(c.activation === 2 ? 1e-4 : bound);
    expect(difference(gradient, dw)).toBeLessThan(bound);
    for (const threads of [2, 3, 8]) {
      expect(forward(new KernelBench(build), c, threads, x).data).toEqual(alone);
      expect(forward(new KernelBench(build), c, threads, x, true).data).toEqual(alone);
      expect(backward(new KernelBench(build), c, threads)).toEqual(gradient);
    }
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])(
    '%f stays within the tiles that read it',
    (v) => {
      const c: Conv = { B: 2, H: 9, W: 10, C: 4, N: 8, pads: [1, 1, 1, 1] };
      const x = numbers(sizesOf(c, new KernelBench(build)).inputs[0], 1);
      const place = 6 * c.W + 2;
      const marred = x.with(place * c.C, v);
      const { data, OW } = forward(new KernelBench(build), c, 1, marred);
      const clean = forward(new KernelBench(build), c, 1, x).data;
      data.forEach((number, i) => {
        const pixel = Math.floor(i / c.N);
        const [row, column] = [Math.floor(pixel / OW), pixel % OW];
        const within = row >= 4 && row < 8 && column < 4;
        if (Math.abs(row - 6) <= 1 && Math.abs(column - 2) <= 1) expect(number).not.toBe(clean[i]);
        else if (!within) expect(number).toBe(clean[i]);
      });
      expect(data.some((n) => !Number.isFinite(n))).toBe(true);
    },
  );

  test('nothing to do for no images', () => {
    const c: Conv = { B: 0, H: 8, W: 8, C: 4, N: 4, pads: [1, 1, 1, 1] };
    expect(forward(new KernelBench(build), c, 2, []).data).toEqual([]);
  });
});
