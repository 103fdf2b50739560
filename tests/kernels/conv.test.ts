import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { NONE } from '../../src/runtime/row.ts';
import { range } from '../cases/case.ts';
import { KernelBench } from '../support/kernel.ts';

const builds = ['simd', 'relaxed', 'f64'] as const;
const THREADS = [1, 2, 3, 8];

/** Eighths between −1 and 1: sums of their products are exact in f32, so results must be equal. */
function eighths(n: number, seed: number): number[] {
  let state = seed;
  return range(n).map(() => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >>> 16) % 17) / 8 - 1;
  });
}

/** A convolution without padding: images [B, H, W, groups·depth], filter [KH, KW, depth, groups·N]. */
interface Conv {
  readonly B: number;
  readonly H: number;
  readonly W: number;
  readonly KH: number;
  readonly KW: number;
  readonly depth: number;
  readonly N: number;
  readonly groups: number;
  readonly stride: number;
}

const sizes = ({ H, W, KH, KW, depth, N, groups, stride }: Conv) => ({
  C: groups * depth,
  F: groups * N,
  OH: Math.floor((H - KH) / stride) + 1,
  OW: Math.floor((W - KW) / stride) + 1,
  K: KH * KW * depth,
});

/** Columns 1 … 20 of a tile, few and many pixels, one and several groups. */
const CONVS: readonly Conv[] = [
  ...range(20).map((i) => ({
    B: (i % 3) + 1,
    H: (i % 5) + 3,
    W: ((i * 7) % 9) + 3,
    KH: (i % 3) + 1,
    KW: ((i + 1) % 3) + 1,
    depth: ((i * 3) % 7) + 1,
    N: i + 1,
    groups: (i % 4) + 1,
    stride: (i % 2) + 1,
  })),
  { B: 0, H: 3, W: 3, KH: 2, KW: 2, depth: 2, N: 3, groups: 1, stride: 1 },
];

/** Calls `visit` with the flat indices of each product: of y, x and w. */
function walk(c: Conv, visit: (y: number, x: number, w: number) => void): void {
  const { C, F, OH, OW } = sizes(c);
  for (const p of range(c.B * OH * OW)) {
    const [b, i, j] = [Math.floor(p / OH / OW), Math.floor(p / OW) % OH, p % OW];
    for (const k of range(c.KH * c.KW)) {
      const [h, v] = [i * c.stride + Math.floor(k / c.KW), j * c.stride + (k % c.KW)];
      for (const f of range(F))
        for (const d of range(c.depth)) {
          const channel = Math.floor(f / c.N) * c.depth + d;
          visit(p * F + f, ((b * c.H + h) * c.W + v) * C + channel, (k * c.depth + d) * F + f);
        }
    }
  }
}

function run(bench: KernelBench, c: Conv, threads: number, bias: number[] | null): number[] {
  const { C, F, OH, OW, K } = sizes(c);
  const { B, H, W, KH, KW, depth, N, groups, stride } = c;
  const nr = bench.exports.tileColumns();
  const columns = groups * Math.ceil(N / nr) * nr;
  const x = bench.buffer(eighths(B * H * W * C, 1));
  const w = bench.buffer(eighths(K * F, 2));
  const [y, bp] = [bench.output(B * OH * OW * F), bench.output(columns * K)];
  const places = bench.buffer(8 * OH * OW);
  const row = W * C;
  const b = bias ? bench.buffer(bias) : NONE;
  const pixels = [1, OW, stride * row, 0, stride * C, OW * F, 0, F] as const;
  const filter = [N, KH, KW, depth, N, KW * depth * F, depth * F, F, 1] as const;
  bench.run(
    [
      kernels.placeRows(places, OH * OW, 4, ...pixels),
      kernels.packFilter(bp, w, columns, nr, ...filter),
      kernels.conv(
        ...([y, x, bp, b, places, B * OH, 2, OH, OW, OH * OW * F, H * row, groups, N] as const),
        ...([KH, row, KW, C, depth, 1] as const),
      ),
    ],
    threads,
  );
  return bench.real(y);
}

function runFilter(bench: KernelBench, c: Conv, threads: number, parts: number): number[] {
  const { C, F, OH, OW, K } = sizes(c);
  const { B, H, W, KW, depth, N, groups, stride } = c;
  const mr = bench.exports.tileRows();
  const x = bench.buffer(eighths(B * H * W * C, 1));
  const dy = bench.buffer(eighths(B * OH * OW * F, 3));
  const [dw, places] = [bench.output(parts * K * F), bench.buffer(8 * K)];
  const row = W * C;
  const rows = [KW, depth, row, C, 1, KW * depth * F, depth * F, F] as const;
  bench.run(
    [
      kernels.placeRows(places, K, 4, ...rows),
      kernels.convFilter(
        ...([dw, x, dy, places, parts * K, parts > 1 ? K : mr, K, B, OH, OW, 2] as const),
        ...([H * row, stride * row, stride * C, groups, N, depth] as const),
      ),
    ],
    threads,
  );
  const data = bench.real(dw);
  return range(K * F).map((i) =>
    range(parts).reduce((sum, p) => sum + (data[p * K * F + i] as number), 0),
  );
}

/** The same with `pads` zeros above and on the left, one less below and on the right, taps on them left out. */
function runInside(bench: KernelBench, c: Conv, threads: number, pads: number): number[] {
  const { B, H, W, KH, KW, depth, N } = c;
  const [OH, OW] = [H + 2 * pads - KH, W + 2 * pads - KW];
  const nr = bench.exports.tileColumns();
  const columns = Math.ceil(N / nr) * nr;
  const K = KH * KW * depth;
  const x = bench.buffer(eighths(B * H * W * depth, 1));
  const w = bench.buffer(eighths(K * N, 2));
  const [y, bp] = [bench.output(B * OH * OW * N), bench.output(columns * K)];
  const group = 2;
  const places = bench.buffer(8 * group * OH * OW);
  const sizes = [H, W, depth, OH, OW, N, KH, KW, pads, pads] as const;
  bench.run(
    [
      kernels.packFilter(bp, w, columns, nr, N, KH, KW, depth, 0, KW * depth * N, depth * N, N, 1),
      kernels.placeInside(places, group, ...sizes),
      kernels.convInside(y, x, bp, NONE, places, B, 1, group, ...sizes, 0),
    ],
    threads,
  );
  return bench.real(y);
}

/** Σ x·w of each output by its definition. */
function expectedInside({ B, H, W, KH, KW, depth, N }: Conv, pads: number): number[] {
  const [OH, OW] = [H + 2 * pads - KH, W + 2 * pads - KW];
  const x = eighths(B * H * W * depth, 1);
  const w = eighths(KH * KW * depth * N, 2);
  return range(B * OH * OW * N).map((i) => {
    const [n, j, p] = [i % N, Math.floor(i / N) % OW, Math.floor(i / N / OW)];
    const [b, row] = [Math.floor(p / OH), p % OH];
    return range(KH * KW * depth).reduce((sum, k) => {
      const [c, tap] = [k % depth, Math.floor(k / depth)];
      const [h, v] = [row + Math.floor(tap / KW) - pads, j + (tap % KW) - pads];
      if (h < 0 || h >= H || v < 0 || v >= W) return sum;
      const value = x[((b * H + h) * W + v) * depth + c] as number;
      return sum + value * (w[k * N + n] as number);
    }, 0);
  });
}

describe.each(builds)('%s', (build) => {
  test.each(range(20))('taps inside of %i-th images', (i) => {
    const size = { KH: (i % 3) + 3, KW: ((i + 1) % 3) + 3, stride: 1, groups: 1 };
    const [H, W] = [(i % 5) + 2, ((i * 7) % 9) + 2];
    const c = { B: (i % 4) + 1, H, W, depth: ((i * 3) % 7) + 1, N: i + 1, ...size };
    for (const threads of THREADS)
      expect(runInside(new KernelBench(build), c, threads, 2)).toEqual(expectedInside(c, 2));
  });

  test.each(CONVS)('conv %o', (c) => {
    const { C, F, OH, OW, K } = sizes(c);
    const bias = eighths(F, 5);
    const [x, w] = [eighths(c.B * c.H * c.W * C, 1), eighths(K * F, 2)];
    const sums = range(c.B * OH * OW * F).map((i) => bias[i % F] as number);
    walk(c, (y, xi, wi) => {
      (sums[y] as number) += (x[xi] as number) * (w[wi] as number);
    });
    const expected = sums.map((v) => (v > 0 ? v : 0));
    for (const threads of THREADS)
      expect(run(new KernelBench(build), c, threads, bias)).toEqual(expected);
  });

  test.each(CONVS)('convFilter %o', (c) => {
    const { C, F, OH, OW, K } = sizes(c);
    const [x, dy] = [eighths(c.B * c.H * c.W * C, 1), eighths(c.B * OH * OW * F, 3)];
    const expected = new Array<number>(K * F).fill(0);
    walk(c, (y, xi, wi) => {
      (expected[wi] as number) += (x[xi] as number) * (dy[y] as number);
    });
    for (const threads of THREADS)
      for (const parts of [1, Math.max(1, c.B)])
        expect(runFilter(new KernelBench(build), c, threads, parts)).toEqual(expected);
  });

  const strides = [1, 2, 3].flatMap((stride) => [1, 2, 3, 4].map((KW) => [stride, KW] as const));
  test.each(range(9).flatMap((i) => strides.map(([stride, KW]) => [i + 1, stride, KW] as const)))(
    'depthwise, %i channels, stride %i, %i taps a row',
    (C, stride, KW) => {
      const c = { B: 2, H: 7, W: 6 + 2 * C, KH: 3, KW, depth: 1, N: 1, groups: C, stride };
      const { OH, OW } = sizes(c);
      const row = c.W * C;
      const [x, w] = [eighths(2 * 7 * row, 1), eighths(3 * KW * C, 2)];
      const dy = eighths(2 * OH * OW * C, 3);
      const [y, dw] = [new Array<number>(dy.length).fill(0), new Array<number>(w.length).fill(0)];
      walk(c, (yi, xi, wi) => {
        (y[yi] as number) += (x[xi] as number) * (w[wi] as number);
        (dw[wi] as number) += (x[xi] as number) * (dy[yi] as number);
      });
      for (const threads of THREADS) {
        const bench = new KernelBench(build);
        const [px, pw, pdy] = [bench.buffer(x), bench.buffer(w), bench.buffer(dy)];
        const [py, pdw] = [bench.output(y.length), bench.output(w.length)];
        const from = [7 * row, stride * row, stride * C] as const;
        bench.run(
          [
            kernels.depthwise(
              ...([py, px, pw, NONE, 2 * OH, 1, OH, OW, C, OH * OW * C, OW * C, C] as const),
              ...([...from, 3, row, KW, C, KW * C, C, 0] as const),
            ),
            kernels.depthwiseFilter(
              ...([pdw, px, pdy, C, 4, 3, row, KW, C, 2, OH, OW, 2, ...from] as const),
            ),
          ],
          threads,
        );
        expect(bench.real(py)).toEqual(y);
        expect(bench.real(pdw)).toEqual(dw);
      }
    },
  );

  test('a NaN reaches the pixels whose window has it, and no others', () => {
    const bench = new KernelBench(build);
    const nr = bench.exports.tileColumns();
    const x = eighths(36, 1).with(14, Number.NaN);
    const [bp, y, places] = [bench.output(4 * nr), bench.output(25), bench.buffer(8 * 25)];
    bench.run([
      kernels.placeRows(places, 25, 25, 1, 5, 6, 0, 1, 5, 0, 1),
      kernels.packFilter(bp, bench.buffer([1, 2, 3, 4]), nr, nr, 1, 2, 2, 1, 1, 2, 1, 1, 1),
      kernels.conv(
        ...([y, bench.buffer(x), bp, NONE, places, 5, 5, 5, 5, 25, 36, 1, 1] as const),
        ...([2, 6, 1, 2, 2, 0] as const),
      ),
    ]);
    const nan = bench.real(y).flatMap((v, i) => (Number.isNaN(v) ? [i] : []));
    expect(nan).toEqual([6, 7, 11, 12]);
  });
});
