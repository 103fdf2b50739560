import { defineOp } from '../graph/op.ts';
import { broadcastShapes, formatShape, sameShape, sizeOf } from '../graph/shape.ts';
import type { DType, Grads, Tensor } from '../graph/tensor.ts';
import { ShapeError, TypeMismatchError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';

import { elementwise, emitMap, emitZip, expectI32, expectReal } from './emit.ts';
import { folds } from './fold.ts';
import { asTensor } from './leaf.ts';
import { expand } from './sum.ts';

/** a where the condition is not 0, else b. */
export const where = defineOp({
  name: 'where',
  inplace: [1, 2],
  args: (condition: Tensor, a: Tensor | number, b: Tensor | number) => {
    const all = [condition, asTensor(a), asTensor(b)];
    const shape = all.map((t) => t.shape).reduce(broadcastShapes);
    return [all.map((t) => (sameShape(t.shape, shape) ? t : expand(t, shape))), {}];
  },
  type(inputs) {
    expectReal('where', ...inputs);
    return { shape: (inputs[0] as Tensor).shape, dtype: 'real' };
  },
  flops: (node) => sizeOf(node.shape),
  emit(e, node) {
    const { n, unit } = elementwise(e, node);
    const [c, a, b] = node.inputs.map((t) => e.at(t)) as [never, never, never];
    e.row(kernels.select(e.at(node), c, a, b, n, unit));
  },
  grad(dy, { inputs: [condition] }): Grads {
    const c = condition as Tensor;
    return [null, where(c, dy, 0), where(c, 0, dy)];
  },
});

/** 1 where the i32 tensors of the same shape are equal, else 0. */
export const equalI32 = defineOp({
  name: 'equalI32',
  flat: true,
  args: (a: Tensor, b: Tensor) => [[a, b], {}],
  type([a, b]) {
    expectI32('equalI32', 'first input', a as Tensor);
    expectI32('equalI32', 'second input', b as Tensor);
    const { shape } = a as Tensor;
    if (!sameShape(shape, (b as Tensor).shape)) {
      throw new ShapeError(
        `equalI32: shapes ${formatShape(shape)} and ${formatShape((b as Tensor).shape)} differ`,
      );
    }
    return { shape, dtype: 'bool' };
  },
  emit: (e, node) => emitZip(e, node, kernels.equalI32),
});

/** The tensor in another element type: i32 ↔ real (truncated), u8 → real as value·scale + offset. */
export const cast = defineOp({
  name: 'cast',
  args: (x: Tensor, dtype: DType, scale = 1, offset = 0) => [[x], { dtype, scale, offset }],
  type([x], { dtype }) {
    const from = (x as Tensor).dtype;
    const known = (dtype === 'real' && from !== 'bool') || (dtype === 'i32' && from !== 'u8');
    if (!known) throw new TypeMismatchError(`cast: no conversion from ${from} to ${dtype}`);
    return { shape: (x as Tensor).shape, dtype };
  },
  emit(e, node) {
    const from = (node.inputs[0] as Tensor).dtype;
    const { dtype, scale, offset } = node.attrs;
    emitMap(e, node, (y, x, n, unit) => {
      if (from === 'u8') return kernels.u8ToReal(y, x, n, unit, scale, offset);
      if (from === 'i32')
        return (dtype === 'i32' ? kernels.copyI32 : kernels.i32ToReal)(y, x, n, unit);
      return (dtype === 'i32' ? kernels.realToI32 : kernels.copy)(y, x, n, unit);
    });
  },
  grad: (dy, { inputs: [x] }): Grads => [(x as Tensor).dtype === 'real' ? dy : null],
  rewrite: {
    fold: folds(([x], { dtype, inputs: [from] }) =>
      dtype === 'real' && from?.dtype === 'i32' ? x : undefined,
    ),
  },
});

/** The value without its gradient. */
export const stopGradient = defineOp({
  name: 'stopGradient',
  view: true,
  flat: true,
  args: (x: Tensor) => [[x], {}],
  type: ([x]) => x as Tensor,
  emit() {},
});
