import { defineOp } from '../graph/op.ts';
import { formatShape, type Shape } from '../graph/shape.ts';
import type { Grads, Tensor } from '../graph/tensor.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { elementwise, emitMap, expectReal } from './emit.ts';

const real = (_: readonly Tensor[], { shape }: { shape: Shape }) => ({
  shape,
  dtype: 'real' as const,
});

/** Uniform numbers in [low, high): the same for the same seed, step, stream and place. */
export const randomUniform = defineOp({
  name: 'randomUniform',
  random: true,
  args: (shape: Shape, stream: number, low = 0, high = 1) => [[], { shape, stream, low, high }],
  type: real,
  emit(e, node) {
    const { n, unit } = elementwise(e, node);
    const { stream, low, high } = node.attrs;
    e.row(kernels.randomUniform(e.at(node), n, unit, low, high, e.stream(stream), e.step));
  },
});

/** Normal numbers. */
export const randomNormal = defineOp({
  name: 'randomNormal',
  random: true,
  args: (shape: Shape, stream: number, mean = 0, std = 1) => [[], { shape, stream, mean, std }],
  type: real,
  emit(e, node) {
    const { n, unit } = elementwise(e, node);
    const { stream, mean, std } = node.attrs;
    e.row(kernels.randomNormal(e.at(node), n, unit, mean, std, e.stream(stream), e.step));
  },
});

/** Normal numbers within two standard deviations. */
export const randomTruncatedNormal = defineOp({
  name: 'randomTruncatedNormal',
  random: true,
  args: (shape: Shape, stream: number, mean = 0, std = 1) => [[], { shape, stream, mean, std }],
  type: real,
  emit(e, node) {
    const { n, unit } = elementwise(e, node);
    const { stream, mean, std } = node.attrs;
    e.row(kernels.randomTruncatedNormal(e.at(node), n, unit, mean, std, e.stream(stream), e.step));
  },
});

/** Numbers in [0, 1] of the beta distribution with parameters a, b > 0. */
export const randomBeta = defineOp({
  name: 'randomBeta',
  random: true,
  args: (shape: Shape, stream: number, a: number, b: number = a) => [[], { shape, stream, a, b }],
  type(_, { shape, a, b }) {
    if (a > 0 && b > 0 && a + b < Number.POSITIVE_INFINITY) return { shape, dtype: 'real' };
    throw new OptionError(`randomBeta: a = ${a}, b = ${b}, expected numbers > 0`);
  },
  emit(e, node) {
    const { n, unit } = elementwise(e, node);
    const { stream, a, b } = node.attrs;
    e.row(kernels.randomBeta(e.at(node), n, unit, a, b, e.stream(stream), e.step));
  },
});

/** The rows of x [rows, cols] made orthonormal, from the first on. Throws `ShapeError` unless rows ≤ cols. */
export const orthonormalRows = defineOp({
  name: 'orthonormalRows',
  args: (x: Tensor) => [[x], {}],
  type([x]) {
    const { shape } = x as Tensor;
    const [rows, columns] = shape as [number, number];
    if (shape.length !== 2 || rows > columns)
      throw new ShapeError(
        `orthonormalRows: ${formatShape(shape)}, expected [rows, cols], rows ≤ cols`,
      );
    return { shape, dtype: 'real' };
  },
  emit(e, node) {
    const [rows, columns] = node.shape as [number, number];
    e.row(kernels.orthonormalRows(e.at(node), e.at(node.inputs[0] as Tensor), rows, columns));
  },
});

/** 0 … n − 1 in random order, i32. */
export const randomPermutation = defineOp({
  name: 'randomPermutation',
  random: true,
  args: (n: number, stream: number) => [[], { n, stream }],
  type: (_, { n }) => ({ shape: [n], dtype: 'i32' }),
  emit: (e, node) =>
    e.row(kernels.permutation(e.at(node), node.attrs.n, e.stream(node.attrs.stream), e.step)),
});

/** 0 with probability `rate`, else x/(1 − rate): inverted dropout. The gradient drops the same elements. */
export const dropoutMask = defineOp({
  name: 'dropout',
  random: true,
  inplace: [0],
  args: (x: Tensor, rate: number, stream: number) => [[x], { rate, stream }],
  type([x], { rate }) {
    if (!(rate >= 0 && rate < 1))
      throw new OptionError(`dropout: rate ${rate}, expected 0 ≤ rate < 1`);
    expectReal('dropout', x as Tensor);
    return { shape: (x as Tensor).shape, dtype: 'real' };
  },
  emit: (e, node) =>
    emitMap(e, node, (y, x, n, unit) =>
      kernels.dropout(y, x, n, unit, node.attrs.rate, e.stream(node.attrs.stream), e.step),
    ),
  grad: (dy, { attrs }): Grads => [dropoutMask(dy, attrs.rate, attrs.stream)],
});
