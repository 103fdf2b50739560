import { defineOp } from '../graph/op.ts';
import { sizeOf } from '../graph/shape.ts';
import type { Emitter, Grads, Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { div, equal, mul, scale } from './binary.ts';
import { expectReal } from './emit.ts';
import { reshape } from './layout.ts';
import {
  emitReduce,
  type ReduceAttrs,
  type ReduceOptions,
  reduceArgs,
  reduceSum,
  spread,
  taken,
} from './sum.ts';

/** Mean over `axes`. */
export const reduceMean = defineOp({
  name: 'reduceMean',
  args: reduceArgs,
  type: ([x], { shape }) => {
    expectReal('reduceMean', x as Tensor);
    return { shape, dtype: 'real' };
  },
  flops: ({ inputs: [x] }) => sizeOf((x as Tensor).shape),
  emit(e, node) {
    const count = taken(node.attrs);
    emitReduce(e, node, {
      rows: (...args) => kernels.meanRows(...args, count),
      columns: (...args) => kernels.meanColumns(...args, count),
      chunks: kernels.sumChunks,
      columnChunks: kernels.sumColumnChunks,
    });
  },
  grad: (dy, { inputs: [x], attrs }): Grads => [
    spread(scale(dy, 1 / taken(attrs)), x as Tensor, attrs),
  ],
});

function extreme(name: string, k: Parameters<typeof emitReduce>[2]) {
  return defineOp<[x: Tensor, options?: ReduceOptions], ReduceAttrs>({
    name,
    args: reduceArgs,
    type: ([x], { shape }) => {
      expectReal(name, x as Tensor);
      return { shape, dtype: 'real' };
    },
    flops: ({ inputs: [x] }) => sizeOf((x as Tensor).shape),
    emit: (e, node) => emitReduce(e, node, k),
    grad(dy, node): Grads {
      const x = node.inputs[0] as Tensor;
      const hit = equal(x, spread(node, x, node.attrs));
      const { over, outer, inner } = node.attrs;
      const seen = reshape(hit, [outer, inner]);
      const count = reduceSum(seen, { axes: over === 'inner' ? 1 : 0 });
      return [mul(hit, spread(div(dy, reshape(count, dy.shape)), x, node.attrs))];
    },
  });
}

/** Largest over `axes`; its gradient is shared by equals. NaN if any is NaN. */
export const reduceMax = extreme('reduceMax', {
  rows: kernels.maxRows,
  columns: kernels.maxColumns,
  chunks: kernels.maxChunks,
  columnChunks: kernels.maxColumnChunks,
});

/** Smallest over `axes`; its gradient is shared by equals. NaN if any is NaN. */
export const reduceMin = extreme('reduceMin', {
  rows: kernels.minRows,
  columns: kernels.minColumns,
  chunks: kernels.minChunks,
  columnChunks: kernels.minColumnChunks,
});

type ArgRows = typeof kernels.argMaxRows;
type ArgColumns = typeof kernels.argMaxColumns;

function argExtreme(name: string, rows: ArgRows, columns: ArgColumns) {
  return defineOp<[x: Tensor, axis?: number], ReduceAttrs>({
    name,
    flat: true,
    args: (x, axis = -1) => reduceArgs(x, { axes: axis }),
    type: ([x], { shape }) => {
      expectReal(name, x as Tensor);
      return { shape, dtype: 'i32' };
    },
    emit(e: Emitter, node) {
      const { over, outer, inner } = node.attrs;
      const x = e.at(node.inputs[0] as Tensor);
      if (over === 'inner') e.row(rows(e.at(node), x, outer, e.unit(outer, inner), inner));
      else e.row(columns(e.at(node), x, inner, 32, outer));
    },
  });
}

/** Index (i32) of the first largest element along `axis`, default the last. */
export const argMax = argExtreme('argMax', kernels.argMaxRows, kernels.argMaxColumns);

/** Index (i32) of the first smallest element along `axis`, default the last. */
export const argMin = argExtreme('argMin', kernels.argMinRows, kernels.argMinColumns);
