import { defineOp } from '../graph/op.ts';
import { sizeOf } from '../graph/shape.ts';
import type { Emitter, Grads, Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import type { Pointer } from '../runtime/row.ts';
import { add, mul, scale, sub } from './binary.ts';
import { expectReal } from './emit.ts';
import { reshape } from './layout.ts';
import { slice } from './slice.ts';
import {
  CHUNK,
  COLUMN_UNIT,
  type ReduceAttrs,
  type ReduceOptions,
  reduceArgs,
  taken,
} from './sum.ts';

/** Rows of a chunk: so many rows of 64 columns stay in the first cache. */
const CHUNK_ROWS = 128;

/**
 * Mean and variance (the mean squared distance from the mean, divided by n) over `axes`, in one pass over x: [2, …], the
 * mean before the variance; see `meanAndVariance`.
 */
export const moments = defineOp({
  name: 'moments',
  args: reduceArgs,
  type: ([x], { shape }) => {
    expectReal('moments', x as Tensor);
    return { shape: [2, ...shape], dtype: 'real' };
  },
  flops: ({ inputs: [x] }) => 4 * sizeOf((x as Tensor).shape),
  emit: emitMoments,
  grad(dy, node): Grads {
    const { over, outer, inner } = node.attrs;
    const n = taken(node.attrs);
    const kept = over === 'inner' ? [outer, 1] : [1, inner];
    const x = node.inputs[0] as Tensor;
    const distance = sub(reshape(x, [outer, inner]), reshape(part(node, 0), kept));
    const slope = scale(reshape(part(dy, 1), kept), 2 / n);
    const shift = scale(reshape(part(dy, 0), kept), 1 / n);
    return [reshape(add(mul(distance, slope), shift), x.shape)];
  },
});

function emitMoments(e: Emitter, node: Tensor & { attrs: ReduceAttrs }): void {
  const { over, outer, inner } = node.attrs;
  const x = e.at(node.inputs[0] as Tensor);
  const both = e.at(node);
  const bytes = both.bytes / 2;
  const mean: Pointer = { ...both, bytes };
  const variance: Pointer = { ...both, offset: both.offset + bytes, bytes };
  if (over === 'inner' && outer === 1 && inner > CHUNK) {
    const chunks = Math.ceil(inner / CHUNK);
    const partial = e.temp(2 * chunks * e.realBytes);
    e.row(kernels.momentChunks(partial, x, chunks, 1, CHUNK, inner));
    e.row(kernels.combineMoments(mean, variance, partial, 1, 1, chunks, CHUNK, inner));
  } else if (over === 'inner') {
    e.row(kernels.momentRows(mean, variance, x, outer, e.unit(outer, inner), inner));
  } else if (outer > CHUNK_ROWS) {
    const chunks = Math.ceil(outer / CHUNK_ROWS);
    const partial = e.temp(2 * chunks * inner * e.realBytes);
    e.row(kernels.momentColumnChunks(partial, x, chunks, 1, CHUNK_ROWS, outer, inner));
    const unit = COLUMN_UNIT;
    e.row(kernels.combineMoments(mean, variance, partial, inner, unit, chunks, CHUNK_ROWS, outer));
  } else {
    e.row(kernels.momentColumns(mean, variance, x, inner, COLUMN_UNIT, outer));
  }
}

function part(both: Tensor, i: number): Tensor {
  const [, ...shape] = both.shape;
  const first = [i, ...shape.map(() => 0)];
  return reshape(slice(both, first, [1, ...shape]), shape);
}

/** Mean and variance (divided by n) over `axes`, read from memory once. */
export function meanAndVariance(
  x: Tensor,
  options: ReduceOptions = {},
): { readonly mean: Tensor; readonly variance: Tensor } {
  const both = moments(x, options);
  return { mean: part(both, 0), variance: part(both, 1) };
}

/** Mean of the squared distance from the mean over `axes` (divides by n). */
export function reduceVariance(x: Tensor, options: ReduceOptions = {}): Tensor {
  return part(moments(x, options), 1);
}
