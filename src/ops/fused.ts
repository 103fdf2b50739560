import { makeTensor, rootOf, type Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import type { Pointer, Row } from '../runtime/row.ts';
import { reluGrad, sigmoidGrad, tanhGrad } from './activation.ts';
import { reshape } from './layout.ts';

export type LinearActivation = 'linear' | 'relu' | 'sigmoid' | 'tanh';
export type Sloped = Exclude<LinearActivation, 'linear'>;

interface Slope {
  /** Of the kernels of products. */
  readonly code: number;
  readonly times: (dy: Tensor, y: Tensor) => Tensor;
  readonly gradRow: (dx: Pointer, dy: Pointer, y: Pointer, n: number, unit: number) => Row;
}

/** Slopes by which a product can be multiplied. */
export const SLOPES: Readonly<Record<Sloped, Slope>> = {
  relu: { code: 4, times: (dy, y) => reluGrad(dy, y, 0), gradRow: kernels.reluGrad },
  sigmoid: { code: 5, times: (dy, y) => sigmoidGrad(dy, y, 0), gradRow: kernels.sigmoidGrad },
  tanh: { code: 6, times: (dy, y) => tanhGrad(dy, y, 0), gradRow: kernels.tanhGrad },
};

/** What is routed to the largest of several y passes where that is above 0: the few are masked, not the many. */
function reluBack(dy: Tensor, y: Tensor): Tensor {
  const { op, inputs, attrs } = rootOf(dy);
  const [few, from, values] = inputs as [Tensor, Tensor, Tensor];
  if (!op.routed || rootOf(from) !== rootOf(y)) return slopeBack('relu', dy, y);
  return reshape(makeTensor(op, [reluGrad(few, values, 0), ...inputs.slice(1)], attrs), dy.shape);
}

/** dy times the slope of an activation where its value is y; a product dy does that while its tiles are in the cache. */
function slopeBack(activation: Sloped, dy: Tensor, y: Tensor): Tensor {
  const product = rootOf(dy);
  const whole = product.op.sloped?.(product, y, activation);
  return whole ? reshape(whole, dy.shape) : SLOPES[activation].times(dy, y);
}

/** The numbers that are routed to their places in x [.., C], or x: their sums over all axes but the last are the same. */
export function unrouted(x: Tensor): Tensor {
  const { op, inputs } = rootOf(x);
  const few = inputs[0];
  return op.routed && few?.shape.at(-1) === x.shape.at(-1) ? (few as Tensor) : x;
}

interface FusedActivation {
  /** Of the kernel. */
  readonly code: number;
  readonly grad: (dy: Tensor, y: Tensor) => Tensor;
  /** See `OpInfo.range`. */
  readonly range: readonly [low: number, high: number];
}

const INF = Number.POSITIVE_INFINITY;

/** Activations that a product applies while a tile is in registers. */
export const FUSED: Readonly<Record<LinearActivation, FusedActivation>> = {
  linear: { code: 0, grad: (dy) => dy, range: [-INF, INF] },
  relu: { code: 1, grad: reluBack, range: [0, INF] },
  sigmoid: { code: 2, grad: (dy, y) => slopeBack('sigmoid', dy, y), range: [0, 1] },
  tanh: { code: 3, grad: (dy, y) => slopeBack('tanh', dy, y), range: [-1, 1] },
};
