import { makeTensor, type Tensor } from '../graph/tensor.ts';
import { reluGrad, sigmoidGrad, tanhGrad } from './activation.ts';
import { reshape } from './layout.ts';

export type LinearActivation = 'linear' | 'relu' | 'sigmoid' | 'tanh';

/** The tensor whose memory a chain of views shows. */
function shown(x: Tensor): Tensor {
  return x.op.view ? shown(x.inputs[0] as Tensor) : x;
}

/** What is routed to the largest of several y passes where that is above 0: the few are masked, not the many. */
function reluBack(dy: Tensor, y: Tensor): Tensor {
  const { op, inputs, attrs } = shown(dy);
  const [few, from, values] = inputs as [Tensor, Tensor, Tensor];
  if (!op.routed || shown(from) !== shown(y)) return reluGrad(dy, y, 0);
  return reshape(makeTensor(op, [reluGrad(few, values, 0), ...inputs.slice(1)], attrs), dy.shape);
}

/** The numbers that are routed to their places in x [.., C], or x: their sums over all axes but the last are the same. */
export function unrouted(x: Tensor): Tensor {
  const { op, inputs } = shown(x);
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
  sigmoid: { code: 2, grad: (dy, y) => sigmoidGrad(dy, y, 0), range: [0, 1] },
  tanh: { code: 3, grad: (dy, y) => tanhGrad(dy, y, 0), range: [-1, 1] },
};
