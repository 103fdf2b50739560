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

/** Activations that a product applies while a tile is in registers: code of the kernel, gradient from dy and y. */
export const FUSED: Readonly<
  Record<LinearActivation, { code: number; grad: (dy: Tensor, y: Tensor) => Tensor }>
> = {
  linear: { code: 0, grad: (dy) => dy },
  relu: { code: 1, grad: reluBack },
  sigmoid: { code: 2, grad: (dy, y) => sigmoidGrad(dy, y, 0) },
  tanh: { code: 3, grad: (dy, y) => tanhGrad(dy, y, 0) },
};
