import { defineOp } from '../graph/op.ts';
import { formatShape, sizeOf } from '../graph/shape.ts';
import type { DType, Grads, Tensor } from '../graph/tensor.ts';
import { ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { NONE } from '../runtime/row.ts';
import { mul } from './binary.ts';
import { asRows, expectI32, expectReal } from './emit.ts';
import { unsqueeze } from './layout.ts';

/** Rows of a table by index: table [n, …], index i32 [..] → [.., …]. An index outside gives NaN. */
export const gather = defineOp({
  name: 'gather',
  args: (table: Tensor, index: Tensor) => [[table, index], {}],
  type([table, index]) {
    expectReal('gather', table as Tensor);
    expectI32('gather', 'index', index as Tensor);
    if ((table as Tensor).shape.length === 0) throw new ShapeError('gather: the table has no rows');
    return {
      shape: [...(index as Tensor).shape, ...(table as Tensor).shape.slice(1)],
      dtype: 'real',
    };
  },
  emit(e, node) {
    const [table, index] = node.inputs as [Tensor, Tensor];
    const rows = sizeOf(index.shape);
    const columns = sizeOf(table.shape.slice(1));
    const size = table.shape[0] as number;
    e.row(
      kernels.gatherRows(
        e.at(node),
        e.at(table),
        e.at(index),
        rows,
        e.unit(rows, columns),
        columns,
        size,
      ),
    );
  },
  grad(dy, { inputs }): Grads {
    const [table, index] = inputs as [Tensor, Tensor];
    return [scatterAdd(dy, index, table.shape[0] as number, table.shape.slice(1)), null];
  },
});

/** Zeros [n, …] to which row r of x is added at index[r], in order. */
export const scatterAdd = defineOp({
  name: 'scatterAdd',
  args: (x: Tensor, index: Tensor, n: number, row: readonly number[]) => [[x, index], { n, row }],
  type([x, index], { n, row }) {
    expectReal('scatterAdd', x as Tensor);
    expectI32('scatterAdd', 'index', index as Tensor);
    if (sizeOf((x as Tensor).shape) !== sizeOf((index as Tensor).shape) * sizeOf(row)) {
      throw new ShapeError(
        `scatterAdd: ${formatShape((x as Tensor).shape)} for ${formatShape((index as Tensor).shape)} rows of ${formatShape(row)}`,
      );
    }
    return { shape: [n, ...row], dtype: 'real' };
  },
  emit(e, node) {
    const [x, index] = node.inputs as [Tensor, Tensor];
    const { n, row } = node.attrs;
    const columns = sizeOf(row);
    e.row(
      kernels.scatterAddRows(
        e.at(node),
        e.at(x),
        e.at(index),
        n,
        e.unit(n, columns),
        columns,
        sizeOf(index.shape),
      ),
    );
  },
  grad: (dy, { inputs }): Grads => [gather(dy, inputs[1] as Tensor), null],
  summed: ({ inputs: [x, index], attrs: { n, row } }, stack): Tensor | null =>
    scatterAdd(stack(x as Tensor), stack(index as Tensor), n, row),
});

/** 1 at the label's place, 0 elsewhere: labels i32 [..] → [.., classes]. */
export const oneHot = defineOp({
  name: 'oneHot',
  flat: true,
  args: (labels: Tensor, classes: number, on = 1, off = 0) => [[labels], { classes, on, off }],
  type([labels], { classes }) {
    expectI32('oneHot', 'labels', labels as Tensor);
    return { shape: [...(labels as Tensor).shape, classes], dtype: 'real' };
  },
  emit(e, node) {
    const [labels] = node.inputs as [Tensor];
    const { classes, on, off } = node.attrs;
    const rows = sizeOf(labels.shape);
    e.row(kernels.oneHot(e.at(node), e.at(labels), rows, e.unit(rows, classes), classes, on, off));
  },
});

/** The element of each row at its index: x [.., C], index i32 [..] → [..]. */
export const pick = defineOp({
  name: 'pick',
  args: (x: Tensor, index: Tensor) => [[x, index], {}],
  type([x, index]) {
    expectReal('pick', x as Tensor);
    expectI32('pick', 'index', index as Tensor);
    if (formatShape((x as Tensor).shape.slice(0, -1)) !== formatShape((index as Tensor).shape)) {
      throw new ShapeError(
        `pick: index ${formatShape((index as Tensor).shape)} for rows of ${formatShape((x as Tensor).shape)}`,
      );
    }
    return { shape: (index as Tensor).shape, dtype: 'real' };
  },
  emit(e, node) {
    const [x, index] = node.inputs as [Tensor, Tensor];
    const columns = x.shape.at(-1) as number;
    const rows = sizeOf(index.shape);
    e.row(kernels.pick(e.at(node), e.at(x), e.at(index), rows, e.unit(rows, columns), columns));
  },
  grad(dy, { inputs }): Grads {
    const [x, index] = inputs as [Tensor, Tensor];
    return [mul(oneHot(index, x.shape.at(-1) as number), unsqueeze(dy, -1)), null];
  },
});

/**
 * A mini-batch: row r of the result is row order[offset + r] of the table, where the step table holds the offset.
 * u8 tables become real as value·scale + offset; i32 stays i32.
 */
export const batch = defineOp({
  name: 'batch',
  args: (table: Tensor, order: Tensor | null, rows: number, scale = 1, offset = 0) => [
    order ? [table, order] : [table],
    { rows, scale, offset },
  ],
  type: ([table], { rows }) => {
    const dtype: DType = (table as Tensor).dtype === 'i32' ? 'i32' : 'real';
    return { shape: [rows, ...(table as Tensor).shape.slice(1)], dtype };
  },
  emit(e, node) {
    const [table, order] = node.inputs as [Tensor, Tensor | undefined];
    const { scale, offset } = node.attrs;
    const columns = sizeOf(node.shape.slice(1));
    const { rows } = node.attrs;
    const unit = e.unit(rows, asRows(node).columns);
    const args = [
      e.at(node),
      e.at(table),
      order ? e.at(order) : NONE,
      e.step,
      rows,
      unit,
      columns,
    ] as const;
    if (table.dtype === 'u8') e.row(kernels.gatherBatchU8(...args, scale, offset));
    else if (table.dtype === 'i32') e.row(kernels.gatherBatchI32(...args));
    else e.row(kernels.gatherBatch(...args));
  },
});
