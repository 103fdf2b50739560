import type { Tensor } from '../graph/tensor.ts';
import { reluGrad, sigmoidGrad, tanhGrad } from './activation.ts';

export type LinearActivation = 'linear' | 'relu' | 'sigmoid' | 'tanh';

/** Activations that a product applies while a tile is in registers: code of the kernel, gradient from dy and y. */
export const FUSED: Readonly<
  Record<LinearActivation, { code: number; grad: (dy: Tensor, y: Tensor) => Tensor }>
> = {
  linear: { code: 0, grad: (dy) => dy },
  relu: { code: 1, grad: (dy, y) => reluGrad(dy, y, 0) },
  sigmoid: { code: 2, grad: (dy, y) => sigmoidGrad(dy, y, 0) },
  tanh: { code: 3, grad: (dy, y) => tanhGrad(dy, y, 0) },
};
