import { defineOp } from '../graph/op.ts';
import { sizeOf } from '../graph/shape.ts';
import type { Grads, OpInfo, Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import type { Pointer, Row } from '../runtime/row.ts';
import { add, affine, div, mul, neg, scale, times } from './binary.ts';
import { emitMap, emitZip, expectReal } from './emit.ts';
import { folds } from './fold.ts';

type MapRow = (y: Pointer, x: Pointer, n: number, unit: number) => Row;
type Gradient = (dy: Tensor, x: Tensor, y: Tensor) => Tensor;

/** An elementwise op of one tensor. Without a gradient it is flat: its derivative is zero. */
export function unaryOp(
  name: string,
  row: MapRow,
  grad?: Gradient,
  more: Pick<OpInfo<Record<string, never>>, 'unsigned' | 'rewrite'> = {},
) {
  return defineOp<[x: Tensor], Record<string, never>>({
    name,
    inplace: [0],
    args: (x) => [[x], {}],
    type: ([x]) => {
      expectReal(name, x as Tensor);
      return { shape: (x as Tensor).shape, dtype: 'real' };
    },
    flops: (node) => sizeOf(node.shape),
    emit: (e, node) => emitMap(e, node, row),
    ...(grad
      ? { grad: (dy, node): Grads => [grad(dy, node.inputs[0] as Tensor, node)] }
      : { flat: true }),
    ...more,
  });
}

const UNSIGNED = { unsigned: true } as const;

/** |x| */
export const abs = unaryOp('abs', kernels.abs, (dy, x) => times(dy, sign(x)), UNSIGNED);
/** −1, 0 or 1 */
export const sign = unaryOp('sign', kernels.sign);
/** eˣ */
export const exp = unaryOp('exp', kernels.exp, (dy, _, y) => mul(dy, y), UNSIGNED);
/** eˣ − 1, exact near 0 */
export const expm1 = unaryOp('expm1', kernels.expm1, (dy, _, y) => mul(dy, affine(y, 1, 1)));
/** ln x */
export const log = unaryOp('log', kernels.log, (dy, x) => div(dy, x));
/** ln(1 + x), exact near 0 */
export const log1p = unaryOp('log1p', kernels.log1p, (dy, x) => div(dy, affine(x, 1, 1)));
/** √x */
export const sqrt = unaryOp('sqrt', kernels.sqrt, (dy, _, y) => div(affine(dy, 0.5), y), {
  rewrite: { fold: folds(([x]) => Math.sqrt(x as number)) },
});
/** 1/√x */
export const rsqrt = unaryOp('rsqrt', kernels.rsqrt, (dy, x, y) =>
  mul(affine(dy, -0.5), div(y, x)),
);
/** 1/x */
export const reciprocal = unaryOp('reciprocal', kernels.reciprocal, (dy, _, y) =>
  neg(mul(dy, square(y))),
);
/** x² */
export const square = unaryOp(
  'square',
  kernels.square,
  (dy, x) => times(scale(dy, 2), x),
  UNSIGNED,
);
/** sin x */
export const sin = unaryOp('sin', kernels.sin, (dy, x) => mul(dy, cos(x)));
/** cos x */
export const cos = unaryOp('cos', kernels.cos, (dy, x) => neg(mul(dy, sin(x))));
/** erf x = 2/√π ∫₀ˣ e^(−t²) dt */
export const erf = unaryOp('erf', kernels.erf, (dy, x) =>
  mul(dy, affine(exp(neg(square(x))), 2 / Math.sqrt(Math.PI))),
);
/** ⌊x⌋ */
export const floor = unaryOp('floor', kernels.floor);
/** ⌈x⌉ */
export const ceil = unaryOp('ceil', kernels.ceil);
/** Nearest integer, halves to even */
export const round = unaryOp('round', kernels.round);
/** 1 where x is neither infinite nor NaN, else 0 */
export const isFinite = unaryOp('isFinite', kernels.isFinite);
/** 1 − x: negation of truth values */
export const not = unaryOp('not', kernels.not, (dy) => neg(dy));

/** x^p with a number p. */
export const powScalar = defineOp({
  name: 'powScalar',
  inplace: [0],
  args: (x: Tensor, exponent: number) => [[x], { exponent }],
  type: ([x]) => {
    expectReal('pow', x as Tensor);
    return { shape: (x as Tensor).shape, dtype: 'real' };
  },
  flops: (node) => sizeOf(node.shape),
  emit: (e, node) =>
    emitMap(e, node, (y, x, n, unit) => kernels.powScalar(y, x, n, unit, node.attrs.exponent)),
  grad(dy, { inputs: [x], attrs: { exponent } }): Grads {
    if (exponent === 0) return [affine(dy, 0)];
    return [mul(affine(dy, exponent), powScalar(x as Tensor, exponent - 1))];
  },
});

/** x limited to [low, high]. */
export const clip = defineOp({
  name: 'clip',
  inplace: [0],
  args: (x: Tensor, low: number, high: number) => [[x], { low, high }],
  type: ([x]) => {
    expectReal('clip', x as Tensor);
    return { shape: (x as Tensor).shape, dtype: 'real' };
  },
  flops: (node) => sizeOf(node.shape),
  emit: (e, node) =>
    emitMap(e, node, (y, x, n, unit) =>
      kernels.clip(y, x, n, unit, node.attrs.low, node.attrs.high),
    ),
  grad: (dy, { inputs: [x], attrs: { low, high } }): Grads => [
    clipGrad(dy, x as Tensor, low, high),
  ],
});

/** dy where low ≤ x ≤ high, else 0. */
export const clipGrad = defineOp({
  name: 'clipGrad',
  inplace: [0, 1],
  args: (dy: Tensor, x: Tensor, low: number, high: number) => [[dy, x], { low, high }],
  type: ([dy]) => ({ shape: (dy as Tensor).shape, dtype: 'real' }),
  flops: (node) => sizeOf(node.shape),
  emit: (e, node) =>
    emitZip(e, node, (dx, dy, x, n, unit) =>
      kernels.clipGrad(dx, dy, x, n, unit, node.attrs.low, node.attrs.high),
    ),
  grad: (dz, { inputs: [, x], attrs: { low, high } }): Grads => [
    clipGrad(dz, x as Tensor, low, high),
    null,
  ],
});

/** Adds up tensors of the same shape. */
export function addAll(tensors: readonly Tensor[]): Tensor {
  const [first, ...rest] = tensors;
  return rest.reduce((sum, t) => add(sum, t), first as Tensor);
}
