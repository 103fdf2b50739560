import { defineOp } from '../graph/op.ts';
import { sizeOf } from '../graph/shape.ts';
import type { Grads, Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import type { Pointer, Row } from '../runtime/row.ts';
import { affine, less, mul, sub } from './binary.ts';
import { emitMap, emitZip, expectReal } from './emit.ts';
import { exp, square } from './unary.ts';

type MapRow = (y: Pointer, x: Pointer, n: number, unit: number, alpha: number) => Row;
type ZipRow = (z: Pointer, a: Pointer, b: Pointer, n: number, unit: number, alpha: number) => Row;

interface ActivationRules {
  readonly name: string;
  readonly row: MapRow;
  /** dx from dy and from the input or the output. */
  readonly gradRow: ZipRow;
  readonly from: 'input' | 'output';
  readonly alpha?: number;
  readonly range?: readonly [low: number, high: number];
  /** Gradient of the gradient, for the second operand; the first one is linear. */
  readonly second?: (dz: Tensor, dy: Tensor, of: Tensor, alpha: number) => Tensor;
}

/** An activation with a fused gradient dx = f(dy, x or y). */
function activationOp({
  name,
  row,
  gradRow,
  from,
  alpha: standard = 0,
  range,
  second,
}: ActivationRules) {
  const same = ([x]: readonly Tensor[]) => {
    expectReal(name, x as Tensor);
    return { shape: (x as Tensor).shape, dtype: 'real' as const };
  };
  const backward = defineOp<[dy: Tensor, of: Tensor, alpha: number], { alpha: number }>({
    name: `${name}Grad`,
    inplace: [0, 1],
    args: (dy, of, alpha) => [[dy, of], { alpha }],
    type: same,
    flops: (node) => sizeOf(node.shape),
    emit: (e, node) =>
      emitZip(e, node, (z, a, b, n, unit) => gradRow(z, a, b, n, unit, node.attrs.alpha)),
    grad(dz, { inputs, attrs: { alpha } }): Grads {
      const [dy, of] = inputs as [Tensor, Tensor];
      return [backward(dz, of, alpha), second ? second(dz, dy, of, alpha) : null];
    },
  });
  const forward = defineOp<[x: Tensor, alpha?: number], { alpha: number }>({
    name,
    inplace: [0],
    ...(range ? { range: () => range } : {}),
    args: (x, alpha = standard) => [[x], { alpha }],
    type: same,
    flops: (node) => sizeOf(node.shape),
    emit: (e, node) => emitMap(e, node, (y, x, n, unit) => row(y, x, n, unit, node.attrs.alpha)),
    grad: (dy, node): Grads => [
      backward(dy, from === 'input' ? (node.inputs[0] as Tensor) : node, node.attrs.alpha),
    ],
  });
  return [forward, backward] as const;
}

/** max(x, 0) */
export const [relu, reluGrad] = activationOp({
  name: 'relu',
  row: kernels.relu,
  gradRow: kernels.reluGrad,
  from: 'output',
  range: [0, Number.POSITIVE_INFINITY],
});

/** x where x > 0, else alpha·x; alpha 0.01. */
export const [leakyRelu, leakyReluGrad] = activationOp({
  name: 'leakyRelu',
  row: kernels.leakyRelu,
  gradRow: kernels.leakyReluGrad,
  from: 'input',
  alpha: 0.01,
});

/** x where x > 0, else alpha·(eˣ − 1); alpha 1. */
export const [elu, eluGrad] = activationOp({
  name: 'elu',
  row: kernels.elu,
  gradRow: kernels.eluGrad,
  from: 'output',
  alpha: 1,
  second: (dz, dy, y) => mul(mul(dz, dy), lessZero(y)),
});

/** tanh x = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ) */
export const [tanh, tanhGrad] = activationOp({
  name: 'tanh',
  row: kernels.tanh,
  gradRow: kernels.tanhGrad,
  from: 'output',
  range: [-1, 1],
  second: (dz, dy, y) => mul(mul(dz, dy), affine(y, -2)),
});

/** 1/(1 + e⁻ˣ) */
export const [sigmoid, sigmoidGrad] = activationOp({
  name: 'sigmoid',
  row: kernels.sigmoid,
  gradRow: kernels.sigmoidGrad,
  from: 'output',
  range: [0, 1],
  second: (dz, dy, y) => mul(mul(dz, dy), affine(y, -2, 1)),
});

/** x·Φ(x) = x/2·(1 + erf(x/√2)) */
export const [gelu, geluGrad] = activationOp({
  name: 'gelu',
  row: kernels.gelu,
  gradRow: kernels.geluGrad,
  from: 'input',
  second: (dz, dy, x) => mul(mul(dz, dy), mul(gauss(x), affine(square(x), -1, 2))),
});

/** ln(1 + eˣ) */
export const [softplus, softplusGrad] = activationOp({
  name: 'softplus',
  row: kernels.softplus,
  gradRow: kernels.softplusGrad,
  from: 'input',
  second: (dz, dy, x) => {
    const s = sigmoid(x);
    return mul(mul(dz, dy), sub(s, square(s)));
  },
});

/** x·σ(x), also called SiLU. */
export function swish(x: Tensor): Tensor {
  return mul(x, sigmoid(x));
}

function lessZero(y: Tensor): Tensor {
  return less(y, 0);
}

/** Density of the standard normal distribution. */
function gauss(x: Tensor): Tensor {
  return affine(exp(affine(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
}
