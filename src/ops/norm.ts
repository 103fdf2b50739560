import { defineOp } from '../graph/op.ts';
import { formatShape, sameShape, sizeOf } from '../graph/shape.ts';
import type { Emitter, Grads, Tensor } from '../graph/tensor.ts';
import { checkOptions, OptionError, ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { NONE, type Pointer } from '../runtime/row.ts';
import { add, affine, mul, neg, sub } from './binary.ts';
import { expectReal } from './emit.ts';
import { reshape } from './layout.ts';
import { tensor } from './leaf.ts';
import { reduceMean } from './reduce.ts';
import { concat, slice } from './slice.ts';
import { expand, reduceSum } from './sum.ts';
import { rsqrt, square } from './unary.ts';

/** A tensor [B, .., C] as images × rows × columns. */
function sizesOf({ shape }: Tensor): { images: number; rows: number; columns: number } {
  return {
    images: shape[0] as number,
    rows: sizeOf(shape.slice(1, -1)),
    columns: shape.at(-1) as number,
  };
}

/** Sets of moments: one for all images, or one each. */
const setsOf = (moments: Tensor) => moments.shape[0] as number;

/** Elements between the columns' numbers of neighbouring images; 0: all images share them. */
function stepOf(numbers: Tensor): number {
  const sets = numbers.shape.length > 1 ? setsOf(numbers) : 1;
  return sets > 1 ? sizeOf(numbers.shape) / sets : 0;
}

function expectColumns(op: string, x: Tensor, ...numbers: readonly Tensor[]): void {
  expectReal(op, x, ...numbers);
  const { images, columns } = sizesOf(x);
  if (x.shape.length < 2)
    throw new ShapeError(`${op}: input ${formatShape(x.shape)} has no columns`);
  for (const { shape } of numbers) {
    const fits =
      shape.at(-1) === columns &&
      (shape.length === 1 || shape[0] === 1 || shape[0] === images) &&
      (shape.length < 3 || shape[1] === 2);
    if (!fits)
      throw new ShapeError(`${op}: ${formatShape(shape)} for columns of ${formatShape(x.shape)}`);
  }
}

/** Elements of a chunk of rows, and the least rows of one. */
const CHUNK = 16384;
const CHUNK_ROWS = 16;

/**
 * Rows that make pairs of numbers for each column: one pair for each of `sets` sets of rows, or for chunks of rows that
 * depend on the shape only, which `join` puts together.
 */
function emitPairs(
  e: Emitter,
  node: Tensor,
  x: Tensor,
  row: (p: Pointer, chunks: number, unit: number, chunk: number) => void,
  join: (p: Pointer, chunks: number, chunk: number) => void,
): void {
  const { images, rows, columns } = sizesOf(x);
  if (setsOf(node) > 1) {
    row(e.at(node), images, e.unit(images, rows * columns), rows);
    return;
  }
  const all = images * rows;
  const chunk = Math.max(CHUNK_ROWS, Math.ceil(CHUNK / Math.max(columns, 1)));
  const chunks = Math.max(1, Math.ceil(all / chunk));
  if (chunks === 1) row(e.at(node), 1, 1, all);
  else {
    const partial = e.temp(chunks * 2 * columns * e.realBytes);
    row(partial, chunks, 1, chunk);
    join(partial, chunks, chunk);
  }
}

const COLUMN_UNIT = 32;

/** Mean and variance (divided by the number) of the columns of x [B, .., C]: [1, 2, C], or [B, 2, C] of each image. */
export const columnMoments = defineOp({
  name: 'columnMoments',
  args: (x: Tensor, perImage = false) => [[x], { perImage }],
  type([x], { perImage }) {
    expectColumns('columnMoments', x as Tensor);
    const { images, columns } = sizesOf(x as Tensor);
    return { shape: [perImage ? images : 1, 2, columns], dtype: 'real' };
  },
  flops: ({ inputs: [x] }) => 4 * sizeOf((x as Tensor).shape),
  emit(e, node) {
    const [x] = node.inputs as [Tensor];
    const { images, rows, columns } = sizesOf(x);
    emitPairs(
      e,
      node,
      x,
      (p, chunks, unit, chunk) =>
        e.row(kernels.momentsChunks(p, e.at(x), chunks, unit, chunk, images * rows, columns)),
      (p, chunks, chunk) =>
        e.row(
          kernels.momentsJoin(e.at(node), p, columns, COLUMN_UNIT, chunks, chunk, images * rows),
        ),
    );
  },
  grad(dy, node): Grads {
    const [x] = node.inputs as [Tensor];
    const share = setsOf(node) / (sizesOf(x).images * sizesOf(x).rows);
    const a = affine(half(dy, 1), 2 * share);
    return [scaleShift(x, a, sub(affine(half(dy, 0), share), mul(a, half(node, 0))))];
  },
});

/** The means (0) or variances (1) [sets, C] of moments, or sums likewise. */
export function half(pairs: Tensor, which: 0 | 1): Tensor {
  const [sets, , columns] = pairs.shape as [number, number, number];
  return reshape(slice(pairs, [0, which, 0], [sets, 1, columns]), [sets, columns]);
}

/** n numbers of the same value. */
export function filled(n: number, value: number): Tensor {
  return tensor(new Array<number>(n).fill(value), [n]);
}

function emitNormalize(e: Emitter, node: Tensor, inputs: readonly Tensor[], epsilon: number): void {
  const [x, scale, offset, moments] = inputs as [Tensor, Tensor, Tensor, Tensor | undefined];
  const { images, rows, columns } = sizesOf(x);
  e.row(
    kernels.normalize(
      e.at(node),
      e.at(x),
      moments ? e.at(moments) : NONE,
      e.at(scale),
      e.at(offset),
      images,
      e.unit(images, rows * columns),
      rows,
      columns,
      moments ? stepOf(moments) : 0,
      stepOf(scale),
      epsilon,
    ),
  );
}

/** x·scale + offset with numbers for each column: x [B, .., C], scale and offset [C], or [B, C] for each image. */
export const scaleShift = defineOp<
  [x: Tensor, scale: Tensor, offset: Tensor],
  Record<string, never>
>({
  name: 'scaleShift',
  inplace: [0],
  args: (x, scale, offset) => [[x, scale, offset], {}],
  type: ([x, ...numbers]) => {
    expectColumns('scaleShift', x as Tensor, ...numbers);
    const [scale, offset] = numbers as [Tensor, Tensor];
    if (!sameShape(scale.shape, offset.shape)) {
      throw new ShapeError(
        `scaleShift: scale ${formatShape(scale.shape)} and offset ${formatShape(offset.shape)} differ`,
      );
    }
    return { shape: (x as Tensor).shape, dtype: 'real' };
  },
  flops: (node) => 2 * sizeOf(node.shape),
  emit: (e, node) => emitNormalize(e, node, node.inputs, 0),
  grad(dy, { inputs }): Grads {
    const [x, scale, offset] = inputs as [Tensor, Tensor, Tensor];
    const sums = columnSums(dy, x, stepOf(scale) > 0);
    return [
      scaleColumns(dy, scale),
      reshape(half(sums, 1), scale.shape),
      reshape(half(sums, 0), offset.shape),
    ];
  },
});

function zerosLike({ shape }: Tensor): Tensor {
  return tensor(new Array<number>(sizeOf(shape)).fill(0), shape);
}

function scaleColumns(x: Tensor, scale: Tensor): Tensor {
  return scaleShift(x, scale, zerosLike(scale));
}

interface NormAttrs {
  readonly epsilon: number;
  /** Columns that share their moments: neighbours. */
  readonly groupSize: number;
}

type Norm = NormAttrs & { readonly moments: Tensor };

/** Whether there are sums of each image, and what x̂ is. */
interface SumsAttrs extends NormAttrs {
  readonly perImage: boolean;
}

/** [Σ dy, Σ dy·x̂] of each column, without moments [Σ dy, Σ dy·x]. */
const columnSums = defineOp<[dy: Tensor, x: Tensor, perImage: boolean, norm?: Norm], SumsAttrs>({
  name: 'columnSums',
  args: (dy, x, perImage, norm) => [
    norm ? [dy, x, norm.moments] : [dy, x],
    { perImage, epsilon: norm?.epsilon ?? 0, groupSize: norm?.groupSize ?? 1 },
  ],
  type([dy], { perImage }) {
    const { images, columns } = sizesOf(dy as Tensor);
    return { shape: [perImage ? images : 1, 2, columns], dtype: 'real' };
  },
  flops: ({ inputs: [x] }) => 4 * sizeOf((x as Tensor).shape),
  emit(e, node) {
    const [dy, x, moments] = node.inputs as [Tensor, Tensor, Tensor | undefined];
    const { images, rows, columns } = sizesOf(x);
    const m = moments ? e.at(moments) : NONE;
    const step = moments ? stepOf(moments) : 0;
    const all = images * rows;
    const [at, from] = [e.at(dy), e.at(x)];
    const { epsilon } = node.attrs;
    emitPairs(
      e,
      node,
      x,
      (p, chunks, unit, chunk) =>
        e.row(
          kernels.normalizeSums(p, at, from, m, chunks, unit, chunk, all, columns, step, epsilon),
        ),
      (p, chunks) => e.row(kernels.sumColumns(e.at(node), p, 2 * columns, COLUMN_UNIT, chunks)),
    );
  },
  grad(dz, { inputs, attrs: { epsilon, groupSize } }): Grads {
    const [dy, x, moments] = inputs as [Tensor, Tensor, Tensor | undefined];
    const [plain, scale] = [half(dz, 0), half(dz, 1)];
    if (!moments) return [scaleShift(x, scale, plain), scaleColumns(dy, scale)];
    const norm = { moments, epsilon, groupSize };
    return [batchNorm(x, scale, plain, norm), slope(dy, x, scale, norm), null];
  },
});

export interface BatchNormOptions {
  /** Of x: the gradient goes through them. Default `columnMoments(x)`. */
  readonly moments?: Tensor;
  /** Default 1e-3. */
  readonly epsilon?: number;
  /** Columns that share their moments, default 1. */
  readonly groupSize?: number;
}

/**
 * (x − mean)/√(variance + ε)·scale + offset for each column: x [B, .., C], scale and offset [C] (or [B, C] for each image).
 * Moments of each image make it instance normalisation, of groups of columns (`groupMoments`) group normalisation.
 * Ioffe and Szegedy 2015.
 */
export const batchNorm = defineOp<
  [x: Tensor, scale: Tensor, offset: Tensor, options?: BatchNormOptions],
  NormAttrs
>({
  name: 'batchNorm',
  inplace: [0],
  args(x, scale, offset, options = {}) {
    checkOptions('batchNorm', options, ['moments', 'epsilon', 'groupSize']);
    const { moments = columnMoments(x), epsilon = 1e-3, groupSize = 1 } = options;
    return [[x, scale, offset, moments], { epsilon, groupSize }];
  },
  type([x, ...numbers]) {
    expectColumns('batchNorm', x as Tensor, ...numbers);
    const [scale, offset, m] = numbers as [Tensor, Tensor, Tensor];
    if (!sameShape(scale.shape, offset.shape) || (stepOf(scale) > 0 && stepOf(m) === 0)) {
      throw new ShapeError(
        `batchNorm: scale ${formatShape(scale.shape)}, offset ${formatShape(offset.shape)} and moments ${formatShape(m.shape)} do not fit`,
      );
    }
    return { shape: (x as Tensor).shape, dtype: 'real' };
  },
  flops: (node) => 3 * sizeOf(node.shape),
  emit: (e, node) => emitNormalize(e, node, node.inputs, node.attrs.epsilon),
  grad(dy, { inputs, attrs }): Grads {
    const [x, scale, offset, m] = inputs as [Tensor, Tensor, Tensor, Tensor];
    const norm = { ...attrs, moments: m };
    const sums = sumsOf(dy, x, norm);
    const onto = (t: Tensor, like: Tensor) =>
      sizeOf(t.shape) === sizeOf(like.shape) ? reshape(t, like.shape) : reduceSum(t, { axes: 0 });
    return [
      slope(dy, x, scale, norm, sums),
      onto(half(sums, 1), scale),
      onto(half(sums, 0), offset),
      null,
    ];
  },
});

/** For each set of moments [Σ dy, Σ dy·x̂]. */
function sumsOf(dy: Tensor, x: Tensor, norm: Norm): Tensor {
  return columnSums(dy, x, setsOf(norm.moments) > 1, norm);
}

/** Means over what shares its moments, from sums [sets, .., C] of `rows` rows. */
function groupMeans(sums: Tensor, x: Tensor, { moments: m, groupSize }: Norm): Tensor {
  const { images, rows } = sizesOf(x);
  const means = affine(sums, setsOf(m) / (images * rows));
  return groupSize === 1 ? means : overGroups(means, groupSize);
}

/** The mean of each group of neighbouring columns, for each of them. */
function overGroups(t: Tensor, groupSize: number): Tensor {
  const groups = reshape(t, [...t.shape.slice(0, -1), -1, groupSize]);
  const means = reduceMean(groups, { axes: -1, keepDims: true });
  return reshape(expand(means, groups.shape), t.shape);
}

/** Moments of groups of columns from those of the columns, in the same shape. */
export function groupMoments(columns: Tensor, groupSize: number): Tensor {
  if ((columns.shape.at(-1) as number) % groupSize) {
    throw new OptionError(`${columns.shape.at(-1)} columns are not groups of ${groupSize}`);
  }
  const mean = overGroups(half(columns, 0), groupSize);
  const spread = square(sub(half(columns, 0), mean));
  const variance = overGroups(add(half(columns, 1), spread), groupSize);
  const [sets, , n] = columns.shape as [number, number, number];
  return concat([reshape(mean, [sets, 1, n]), reshape(variance, [sets, 1, n])], 1);
}

/** dx of `batchNorm`. */
function slope(
  dy: Tensor,
  x: Tensor,
  scale: Tensor,
  norm: Norm,
  sums = sumsOf(dy, x, norm),
): Tensor {
  const sets = scale.shape.length > 1 ? setsOf(scale) : 1;
  const rows = reshape(scale, [sets, 1, sizesOf(x).columns]);
  return batchNormGrad(dy, x, scale, groupMeans(mul(sums, rows), x, norm), norm);
}

/** (g − means₀ − x̂·means₁)/σ with g = scale·dy, where the means are those of g and g·x̂: a projection P(g)/σ. */
const batchNormGrad = defineOp<
  [dy: Tensor, x: Tensor, scale: Tensor, means: Tensor, norm: Norm],
  NormAttrs
>({
  name: 'batchNormGrad',
  inplace: [0, 1],
  args: (dy, x, scale, means, { moments: m, epsilon, groupSize }) => [
    [dy, x, scale, means, m],
    { epsilon, groupSize },
  ],
  type: ([dy]) => ({ shape: (dy as Tensor).shape, dtype: 'real' }),
  flops: (node) => 5 * sizeOf(node.shape),
  emit(e, node) {
    const [dy, x, scale, means, m] = node.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const { images, rows, columns } = sizesOf(x);
    const unit = e.unit(images, rows * columns);
    const steps = [stepOf(m), stepOf(scale)] as const;
    const [to, d, from] = [e.at(node), e.at(dy), e.at(x)];
    const numbers = [e.at(m), e.at(scale), e.at(means)] as const;
    const { epsilon } = node.attrs;
    e.row(
      kernels.normalizeGrad(
        to,
        d,
        from,
        ...numbers,
        images,
        unit,
        rows,
        columns,
        ...steps,
        epsilon,
      ),
    );
  },
  grad(u, node): Grads {
    const [dy, x, scale, means, m] = node.inputs as [Tensor, Tensor, Tensor, Tensor, Tensor];
    const norm: Norm = { ...node.attrs, moments: m };
    const ones = filled(sizesOf(x).columns, 1);
    const uSums = sumsOf(u, x, norm);
    const pu = slope(u, x, ones, norm, uSums);
    const along = (t: Tensor) => groupMeans(t, x, norm);
    const inverse = rsqrt(affine(half(m, 1), 1, norm.epsilon));
    const weight = (mean: Tensor) => neg(mul(inverse, mean));
    const uf = half(columnSums(u, node, setsOf(m) > 1), 1);
    const ux = weight(along(uf));
    const xs = batchNorm(x, ux, zerosLike(ux), norm);
    const dx = add(
      add(scaleColumns(pu, weight(half(means, 1))), xs),
      scaleColumns(node, weight(along(half(uSums, 1)))),
    );
    const dScale = half(columnSums(dy, pu, stepOf(scale) > 0), 1);
    return [scaleColumns(pu, scale), dx, reshape(dScale, scale.shape), null, null];
  },
});
