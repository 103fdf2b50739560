import * as ops from '../../src/ops/index.ts';
import { philox } from '../support/random.ts';
import { at, type Case, make, range, SIZES, spread, type Values, values } from './case.ts';

const STREAM = 0xdeadbeef;
const [SEED, KEY] = [12345, 678];

type Fill = ops.FillMode;

/** Pixel k of the plane, as an index into an axis of n; −1: none. */
function place(k: number, n: number, mode: Fill): number {
  if (k >= 0 && k < n) return k;
  if (mode === 'constant') return -1;
  if (mode === 'nearest') return Math.min(Math.max(k, 0), n - 1);
  const folded = ((k % (2 * n)) + 2 * n) % (2 * n);
  return folded < n ? folded : 2 * n - 1 - folded;
}

interface Warp extends ops.WarpAttrs {
  readonly field?: Values;
}

function warped(x: Values, maps: Values, { field, ...attrs }: Warp): Values {
  const [B = 0, H = 0, W = 0, ...channels] = x.shape;
  const { size = [H, W], fillMode = 'constant', fillValue = 0, interpolation } = attrs;
  const C = channels[0] ?? 1;
  return make([B, ...size, ...channels], ([b = 0, i = 0, j = 0, c = 0]) => {
    const m = maps.data.slice(6 * b, 6 * b + 6) as [number, number, number, number, number, number];
    const bend = (k: number) => (field ? at(field, b, k, i, j) : 0);
    const u = m[0] * j + m[1] * i + m[2] + bend(0);
    const v = m[3] * j + m[4] * i + m[5] + bend(1);
    if (!Number.isFinite(u + v)) return fillValue;
    const pixel = (row: number, column: number) => {
      const [r, s] = [place(row, H, fillMode), place(column, W, fillMode)];
      return r < 0 || s < 0 ? fillValue : (x.data[((b * H + r) * W + s) * C + c] as number);
    };
    if (interpolation === 'nearest') return pixel(Math.floor(v + 0.5), Math.floor(u + 0.5));
    let sum = 0;
    for (const row of [Math.floor(v), Math.floor(v) + 1]) {
      for (const column of [Math.floor(u), Math.floor(u) + 1])
        sum += (1 - Math.abs(v - row)) * (1 - Math.abs(u - column)) * pixel(row, column);
    }
    return sum;
  });
}

/** Maps that turn, scale and shift each image in its own way. */
function someMaps(B: number, reach: number): Values {
  const wild = spread([B, 6], 3, -1, 1);
  const factors = [1, 1, reach, 1, 1, reach];
  return values(
    [B, 6],
    wild.data.map((v, i) => Math.fround((factors[i % 6] as number) * v + (i % 6 === 0 ? 1 : 0))),
  );
}

function warpCase(name: string, shape: readonly number[], warp: Warp, maps?: Values): Case {
  const given = maps ?? someMaps(shape[0] as number, shape[2] as number);
  const { field, ...attrs } = warp;
  return {
    name: `${name} [${shape}]`,
    inputs: [spread(shape), given, ...(field ? [field] : [])],
    op: (x, m, k) => ops.warp(x as never, m as never, k ?? null, attrs),
    reference: (x, m, k) => warped(x as Values, m as Values, k ? { ...attrs, field: k } : attrs),
    tolerance: { f32: 2e-4 },
  };
}

function bentCase(B: number, H: number, W: number, fillMode: Fill = 'reflect'): Case {
  const field = spread([B, 2, H, W], 2, -3, 3);
  return warpCase(`field, ${fillMode}`, [B, H, W], { field, fillMode });
}

const exactly = (...m: number[]) => values([1, 6], m);
const far = (value: number) => exactly(value, 0, 1, 0, value, 1);

/** Multiples of a quarter, apart from a half: rounded alike in any precision. */
const quarters = (B: number) =>
  values(
    [B, 6],
    range(6 * B).map((k) => [1, 0, (k % 11) - 4.75, 0, -1, (k % 7) + 0.25][k % 6] as number),
  );
const nearestCase = (shape: readonly number[], fillMode: Fill, size?: [number, number]) => {
  const attrs = { fillMode, interpolation: 'nearest', ...(size ? { size } : {}) } as const;
  return warpCase(`nearest pixel, ${fillMode}`, shape, attrs, quarters(shape[0] as number));
};

const warpCases: Case[] = [
  ...(['constant', 'nearest', 'reflect'] as const).flatMap((fillMode) => [
    ...SIZES.filter((n) => n > 0).map((n) => nearestCase([2, 5, n], fillMode)),
    nearestCase([17, 5, 7, 2], fillMode, [3, 9]),
  ]),
  ...(['constant', 'nearest', 'reflect'] as const).flatMap((fillMode) => [
    ...SIZES.filter((n) => n > 0).map((n) => warpCase(fillMode, [2, n, 3], { fillMode })),
    warpCase(fillMode, [3, 4, 5, 3], { fillMode, fillValue: 0.5 }),
    warpCase(fillMode, [17, 5, 7, 2], { fillMode, size: [3, 9] }),
  ]),
  warpCase('empty', [0, 4, 4], {}, values([0, 6], [])),
  ...[1e30, -1e30, Number.POSITIVE_INFINITY, Number.NaN].map((v) =>
    warpCase(
      `map of ${v}`,
      [1, 3, 1],
      { size: [1, 1], fillMode: 'constant' },
      exactly(0, 0, v, 0, 0, v),
    ),
  ),
  warpCase('far away', [1, 1, 1], { size: [1, 1], fillMode: 'nearest' }, far(0)),
  bentCase(2, 7, 9),
  bentCase(1, 16, 16),
  bentCase(17, 3, 1),
  { ...bentCase(64, 28, 28), bench: true },
];

function maskCase(B: number, H: number, W: number, boxes: readonly number[]): Case {
  return {
    name: `[${B},${H},${W}]`,
    inputs: [values([B, 4], boxes)],
    op: (b) => ops.boxMask(b as never, H, W),
    reference: (x) =>
      make([B, H, W], ([b = 0, i = 0, j = 0]) => {
        const [top, left, height, width] = x.data.slice(4 * b) as [number, number, number, number];
        return Number(i >= top && i < top + height && j >= left && j < left + width);
      }),
  };
}

/** Marsaglia and Tsang's gamma numbers, as a logarithm, from the words of the counter (i, stream, try, which). */
function logGamma(a: number, i: number, which: number): number {
  const d = (a < 1 ? a + 1 : a) - 1 / 3;
  for (let draw = 0; ; draw++) {
    const u = philox([i, STREAM, draw, which], [SEED, KEY]).map((w) => (w + 0.5) / 2 ** 32);
    const [u0, u1, u2, u3] = u as [number, number, number, number];
    const x = Math.sqrt(-2 * Math.log(u0)) * Math.cos(2 * Math.PI * u1);
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v <= 0 || Math.log(u2) >= 0.5 * x * x + d - d * v + d * Math.log(v)) continue;
    return Math.log(d) + Math.log(v) + (a < 1 ? Math.log(u3) / a : 0);
  }
}

const betaCase = (shape: readonly number[], a: number, b?: number): Case => ({
  name: `[${shape}] ${a}, ${b}`,
  inputs: [],
  op: () => ops.randomBeta(shape, STREAM, a, b),
  reference: () =>
    make(shape, (ix) => {
      const i = ix.reduce((sum, k, d) => sum * (shape[d] as number) + k, 0);
      return 1 / (1 + Math.exp(logGamma(b ?? a, i, 2) - logGamma(a, i, 1)));
    }),
  step: { seed: SEED, key: KEY },
});

export const warps = {
  warp: warpCases,
  boxMask: [
    maskCase(0, 3, 3, []),
    maskCase(1, 1, 1, [0, 0, 1, 1]),
    maskCase(3, 5, 7, [1, 2, 3, 4, -2, 5.5, 4, 9, 0, 0, 0, 7]),
    maskCase(1, 4, 4, [Number.NaN, 0, 4, 4]),
    maskCase(
      17,
      4,
      4,
      range(68).map((i) => (i * 3) % 5),
    ),
  ],
  randomBeta: [
    ...SIZES.map((n) => betaCase([n], 0.2)),
    betaCase([5, 7], 1),
    betaCase([40], 0.01),
    betaCase([40], 3.5, 0.7),
    betaCase([40], 50),
  ],
} as const;
