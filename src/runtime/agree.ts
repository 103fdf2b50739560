import { nameOf } from './kernelName.ts';
import { kernels } from './kernels.gen.ts';
import { PARAMETERS } from './parameters.gen.ts';
import { NONE, type ParameterType, type Pointer, type Row, rowMakers } from './row.ts';
import type { Trial } from './trial.ts';

/** Sizes that fill no tile and no vector; K takes two blocks. */
const M = 22;
const N = 59;
const K = 600;
const COUNTS: Readonly<Record<string, number>> = {
  n: 1003,
  unit: 1,
  rows: M,
  cols: N,
  tableRows: M,
  chunks: 2,
  chunk: 10,
  bRow: 0,
  bCol: 1,
  value: 3,
  nesterov: 1,
  outside: 0,
};
/** Parameters that point to indices. */
const INDICES = ['labels', 'index', 'order'];

/** Name of the first kernel whose results are not the same bits in both; undefined if all are. */
export function firstDifference(a: Trial, b: Trial): string | undefined {
  const theirs = programs(b);
  const wrong = programs(a).findIndex((rows, i) => {
    const expected = results(b, theirs[i] as Row[]);
    return results(a, rows).some((bits, k) => bits !== expected[k]);
  });
  const made = theirs[wrong]?.at(-1)?.kernel;
  return made && nameOf(made);
}

function results(trial: Trial, rows: readonly Row[]): Uint32Array {
  trial.restore();
  trial.program(rows)();
  return trial.bits();
}

/** Products, and every kernel whose arguments follow from its signature. */
function programs(t: Trial): Row[][] {
  const others = rowMakers().flatMap((make) => {
    const { kernel } = make();
    const parameters = PARAMETERS[nameOf(kernel)]?.split(' ') ?? [];
    const args = kernel.types.map((type, i) => argument(t, parameters[i] ?? '', type, i));
    return args.includes(undefined) ? [] : [[make(...(args as (Pointer | number)[]))]];
  });
  return [...products(t), ...panels(t), ...convolutions(t), ...tiled(t), ...others];
}

function products(t: Trial): Row[][] {
  const { MR, NR } = t;
  const [ap, bp] = t.temporary;
  const [c, a, b, bias] = [t.output(0), t.input(0), t.input(1), t.input(2)];
  const plain = [kernels.packA(ap, a, M, MR, K, K), kernels.packB(bp, b, N, NR, K, N)];
  const turned = [kernels.packAT(ap, a, M, MR, K, M), kernels.packBT(bp, b, N, NR, K, K)];
  return [
    ...[0, 1, 2, 3].map((act) => [
      ...plain,
      kernels.gemm(c, ap, bp, bias, NONE, M, MR, N, K, 1, MR, N, 0, act),
    ]),
    [...turned, kernels.gemm(c, ap, bp, NONE, NONE, M, MR, N, K, 1, MR, N, 1, 0)],
    [...plain, kernels.gemmColumns(c, ap, bp, bias, NONE, N, NR, M, K, 1, MR, N, 1, 1)],
    [...plain, kernels.gemmColumns(c, a, bp, bias, NONE, N, NR, M, K, K, 1, N, 0, 0)],
    [...plain, kernels.gemmColumns(c, a, bp, bias, NONE, N, NR, M, K, 1, M, N, 0, 0)],
    ...[4, 5, 6].map((slope) => [
      ...plain,
      kernels.gemm(c, ap, bp, NONE, t.input(1), M, MR, N, K, 1, MR, N, 0, slope),
    ]),
    [kernels.gemmSmall(c, a, b, bias, M, MR, N, 30, 30, 1, N, 1, N, 0, 1)],
    ...batches(t),
    [kernels.gemv(c, a, b, bias, N, N, K, N, 0, 1)],
    [kernels.gemvT(c, a, b, bias, N, N, K, K, 1, 1)],
  ];
}

/** Three products of a batch: A as it lies, both transposed and packed, straight from memory, single rows. */
function batches(t: Trial): Row[][] {
  const [c, a, b] = [t.output(0), t.input(0), t.input(1)];
  const [scratch] = t.temporary;
  const k = 40;
  const slot = k * (Math.ceil(N / t.NR) * t.NR + 8 * t.MR);
  type Strides = readonly [number, number, number, number];
  const plain: Strides = [k, 1, N, 1];
  const turned: Strides = [1, M, 1, k];
  const forms = [
    [M, plain, 0, slot],
    [M, turned, 1, slot],
    [M, plain, 0, 0],
    [1, turned, 0, 0],
  ] as const;
  return forms.map(([rows, strides, packs, size]) => {
    const sizes = [3, 1, 1, rows, N, k, ...strides] as const;
    return [kernels.gemmBatch(c, a, b, scratch, ...sizes, 1, 3, 1, 3, packs, size)];
  });
}

/** With operands kept in panels, whose sizes are multiples of any tile. */
function panels(t: Trial): Row[][] {
  const { NR } = t;
  const [ap, bp] = t.temporary;
  const [c, x, b] = [t.output(0), t.input(0), t.input(1)];
  const [K, N] = [48, 96];
  const packed = kernels.packB(bp, b, N, NR, K, N);
  const turned = kernels.packPanelsT(ap, bp, K, NR, N);
  return [
    [packed, kernels.gemvPanels(c, x, bp, t.input(2), N, NR, K, 1)],
    [packed, kernels.gemvPanelsT(c, x, bp, K, NR, N)],
    [packed, turned, kernels.unpackB(c, ap, K, NR, N, K)],
  ];
}

/** Images of 5 × 5 with 6 channels, filters of 3 × 3: whole panels of columns, halves and parts of them. */
function convolutions(t: Trial): Row[][] {
  const [B, S, C, MR] = [2, 5, 6, t.MR];
  const [places, bp] = t.temporary;
  const [y, x, w, bias] = [t.output(0), t.input(0), t.input(1), t.input(2)];
  return [6, 16, 21].flatMap((N) => {
    const columns = Math.ceil(N / t.NR) * t.NR;
    const packed = kernels.packFilter(bp, w, columns, t.NR, N, 3, 3, C, 0, 3 * C * N, C * N, N, 1);
    const sizes = [S, S, C, S, S, N, 3, 3, 1, 1] as const;
    const inside = kernels.placeInside(places, B, ...sizes);
    const O = S - 2;
    const pixels = kernels.placeRows(places, O * O, O * O, 1, O, S * C, 0, C, O * N, 0, N);
    const walk = [O * O * N, S * S * C, 1, N, 3, S * C, 1, 3 * C, 3 * C] as const;
    const taps = kernels.placeRows(places, 9 * C, 9 * C, 3, C, S * C, C, 1, 3 * C * N, C * N, N);
    const products = [B, O, O, 2, S * S * C, S * C, C, 1, N, C] as const;
    return [
      [packed, inside, kernels.convInside(y, x, bp, bias, places, B, 1, B, ...sizes, 1)],
      [packed, pixels, kernels.conv(y, x, bp, bias, places, B * O, O, O, O, ...walk, 0)],
      [taps, kernels.convFilter(y, x, w, places, 9 * C, MR, 9 * C, ...products)],
    ];
  });
}

/** 3 × 3 taps by tiles, of images of 5 × 6 with 8 channels: whole panels of columns and parts of them. */
function tiled(t: Trial): Row[][] {
  const [B, H, W, C, block] = [2, 5, 6, 8, t.MR];
  const [u, places] = t.temporary;
  const scratch = { ...places, offset: places.offset + 1024 };
  const [y, x, w, bias] = [t.output(0), t.input(0), t.input(1), t.input(2)];
  return [16, 20].flatMap((N) => {
    const columns = Math.ceil(N / t.NR) * t.NR;
    const transformed = kernels.winogradFilter(u, w, columns, t.NR, N, C, 3 * C * N, C * N, N, 1);
    const pixels = kernels.placeRows(places, block, block, 1, 1, C, 0, 0, t.NR, 0, 0);
    const taps = kernels.placeRows(places, C, C, 1, 1, 1, 0, 0, t.NR, 0, 0);
    const sizes = [block, 0, H, W, C, H, W, N, 1, 1] as const;
    return [
      [transformed, pixels, kernels.winograd(y, x, u, bias, places, scratch, 4, 2, ...sizes, 1)],
      [
        taps,
        kernels.winogradFilterGrad(u, x, w, places, scratch, 2, 1, B, ...sizes),
        kernels.winogradFilterSum(y, u, columns, t.NR, N, C, 2),
      ],
    ];
  });
}

/** undefined: the name does not tell. */
function argument(
  t: Trial,
  name: string,
  type: ParameterType,
  i: number,
): Pointer | number | undefined {
  if (type === 'i32') return COUNTS[name];
  if (type === 'u32') return 7;
  if (type === 'real' || type === 'f64') return 0.5;
  if (type === 'Step') return t.step;
  if (type === 'In' || type === 'InAll') return INDICES.includes(name) ? t.indices : t.input(i % 3);
  return t.output(i);
}
