import { defineOp } from '../graph/op.ts';
import {
  broadcastShapes,
  checkShape,
  formatShape,
  normalizeAxes,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
} from '../graph/shape.ts';
import { type Emitter, type Grads, isView, type Tensor } from '../graph/tensor.ts';
import { checkOptions, ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import type { Pointer, Row } from '../runtime/row.ts';
import { elementwise, expectReal } from './emit.ts';
import { emitStrided, reshape, transpose } from './layout.ts';

export interface ReduceOptions {
  /** Axes to reduce, default all. */
  readonly axes?: number | readonly number[];
  /** Keep reduced axes with size 1. */
  readonly keepDims?: boolean;
}

export interface ReduceAttrs {
  /** The tensor seen as [outer, inner]: the axis that is reduced. */
  readonly over: 'outer' | 'inner';
  readonly outer: number;
  readonly inner: number;
  readonly shape: Shape;
}

/** Inputs and attributes of a reduction: the reduced axes brought to the front or the back. */
export function reduceArgs(x: Tensor, options: ReduceOptions = {}): [Tensor[], ReduceAttrs] {
  checkOptions('reductions', options, ['axes', 'keepDims']);
  const rank = x.shape.length;
  const axes = normalizeAxes(options.axes, rank);
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const shape = options.keepDims
    ? x.shape.map((n, i) => (axes.includes(i) ? 1 : n))
    : kept.map((i) => x.shape[i] as number);
  const size = (list: readonly number[]) => sizeOf(list.map((i) => x.shape[i] as number));
  const leading = axes.length > 0 && axes.length < rank && axes.every((a, i) => a === i);
  if (leading) return [[x], { over: 'outer', outer: size(axes), inner: size(kept), shape }];
  const trailing = axes.every((a, i) => a === rank - axes.length + i);
  const ordered = trailing ? x : transpose(x, [...kept, ...axes]);
  return [[ordered], { over: 'inner', outer: size(kept), inner: size(axes), shape }];
}

/** Elements that a reduction takes for each result. */
export function taken({ over, outer, inner }: ReduceAttrs): number {
  return over === 'inner' ? inner : outer;
}

interface ReduceKernels {
  rows: (y: Pointer, x: Pointer, rows: number, unit: number, columns: number) => Row;
  columns: (y: Pointer, x: Pointer, columns: number, unit: number, rows: number) => Row;
  chunks: (p: Pointer, x: Pointer, chunks: number, unit: number, chunk: number, n: number) => Row;
  columnChunks: (
    p: Pointer,
    x: Pointer,
    chunks: number,
    unit: number,
    chunk: number,
    rows: number,
    columns: number,
  ) => Row;
}

export const CHUNK = 16384;
const CHUNK_ROWS = 1024;
export const COLUMN_UNIT = 32;

/** Rows that are taken as one, so that columns which are no whole vectors become such. */
function abreast(e: Emitter, rows: number, columns: number): number {
  const lanes = 16 / e.realBytes;
  const side = columns % lanes === 0 ? 1 : columns % 2 === 0 ? lanes / 2 : lanes;
  return rows % (4 * side) === 0 && side > 1 ? 4 * side : 1;
}

/** Rows of a reduction; large ones go in chunks that depend on the shape only, combined in order. */
export function emitReduce(
  e: Emitter,
  node: Tensor & { attrs: ReduceAttrs },
  k: ReduceKernels,
): void {
  const { over, outer, inner } = node.attrs;
  const x = e.at(node.inputs[0] as Tensor);
  const y = e.at(node);
  if (over === 'inner' && outer === 1 && inner > CHUNK) {
    const chunks = Math.ceil(inner / CHUNK);
    const partial = e.temp(chunks * e.realBytes);
    e.row(k.chunks(partial, x, chunks, 1, CHUNK, inner));
    e.row(k.rows(y, partial, 1, 1, chunks));
  } else if (over === 'inner') {
    e.row(k.rows(y, x, outer, e.unit(outer, inner), inner));
  } else if (outer > CHUNK_ROWS) {
    const side = abreast(e, outer, inner);
    const [rows, columns, chunk] = [outer / side, inner * side, CHUNK_ROWS / side];
    const chunks = Math.ceil(rows / chunk);
    const partial = e.temp(chunks * columns * e.realBytes);
    e.row(k.columnChunks(partial, x, chunks, 1, chunk, rows, columns));
    e.row(k.columns(y, partial, inner, COLUMN_UNIT, chunks * side));
  } else {
    e.row(k.columns(y, x, inner, COLUMN_UNIT, outer));
  }
}

/** Sum over `axes`. */
export const reduceSum = defineOp({
  name: 'reduceSum',
  args: reduceArgs,
  type: ([x], { shape }) => {
    expectReal('reduceSum', x as Tensor);
    return { shape, dtype: 'real' };
  },
  flops: ({ inputs: [x] }) => sizeOf((x as Tensor).shape),
  emit: (e, node) =>
    emitReduce(e, node, {
      rows: kernels.sumRows,
      columns: kernels.sumColumns,
      chunks: kernels.sumChunks,
      columnChunks: kernels.sumColumnChunks,
    }),
  grad: (dy, { inputs: [x], attrs }): Grads => [spread(dy, x as Tensor, attrs)],
  summed({ inputs: [x], attrs: { over, outer, inner, shape } }, stack): Tensor | null {
    const all = stack(x as Tensor);
    const T = all.shape[0] as number;
    const rows =
      over === 'outer' ? reshape(all, [T * outer, inner]) : reshape(all, [T, outer, inner]);
    const each = over === 'outer' ? rows : reduceSum(rows, { axes: 2 });
    return reshape(reduceSum(each, { axes: 0 }), shape);
  },
});

/** `dy` of a reduction repeated over the reduced axes, in the shape of x. */
export function spread(dy: Tensor, x: Tensor, { over }: ReduceAttrs): Tensor {
  const kept = sizeOf(dy.shape);
  const rest = kept === 0 ? 0 : sizeOf(x.shape) / kept;
  const shape = over === 'inner' ? [kept, rest] : [rest, kept];
  const wide = expand(reshape(dy, over === 'inner' ? [kept, 1] : [1, kept]), shape);
  return reshape(wide, x.shape);
}

/** Numbers that may wait in memory from the start of a step on. */
const EARLY = 4096;

/** x repeated along axes of size 1, and new leading axes, to `shape`. */
export const expand = defineOp({
  name: 'expand',
  args: (x: Tensor, shape: Shape) => [[x], { shape }],
  type: ([x], { shape }) => {
    const from = (x as Tensor).shape;
    checkShape(shape);
    if (!sameShape(broadcastShapes(from, shape), shape)) {
      throw new ShapeError(`expand: ${formatShape(from)} does not repeat to ${formatShape(shape)}`);
    }
    expectReal('expand', x as Tensor);
    return { shape, dtype: (x as Tensor).dtype };
  },
  emit(e, node) {
    const [x] = node.inputs as [Tensor];
    const known = knownScalar(x);
    if (known !== undefined) {
      const { n, unit } = elementwise(e, node);
      const row = kernels.fill(e.at(node), n, unit, known);
      if (n <= EARLY) e.first(row);
      else e.row(row);
      return;
    }
    const missing = node.shape.length - x.shape.length;
    const own = stridesOf(x.shape);
    const strides = node.shape.map((n, i) => {
      const axis = i - missing;
      return axis < 0 || (x.shape[axis] === 1 && n !== 1) ? 0 : (own[axis] as number);
    });
    emitStrided(e, node, x, strides);
  },
  grad: (dy, { inputs: [x] }): Grads => [sumTo(dy, (x as Tensor).shape)],
});

/** The value of a constant with one element, also behind reshapes and other expansions. */
export function knownScalar(x: Tensor): number | undefined {
  let node = x;
  while (isView(node) || node.op === expand) node = node.inputs[0] as Tensor;
  return node.op.source === 'constant' && node.attrs.data.length === 1
    ? node.attrs.data[0]
    : undefined;
}

/** Sums the axes that broadcasting from `shape` had stretched. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const missing = x.shape.length - shape.length;
  const axes = x.shape.flatMap((n, i) =>
    i < missing || (shape[i - missing] === 1 && n !== 1) ? [i] : [],
  );
  return reshape(axes.length ? reduceSum(x, { axes }) : x, shape);
}
