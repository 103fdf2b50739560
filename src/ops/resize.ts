import type { Tensor } from '../graph/tensor.ts';
import { reshape } from './layout.ts';
import { tensor } from './leaf.ts';
import { matMul } from './matmul.ts';
import { perAxis, spatialAxes } from './windows.ts';

/** Row i: what each of n pixels adds to pixel i of `size`, with centres at half pixels and edges repeated. */
function interpolation(n: number, size: number): Tensor {
  const data = new Array<number>(size * n).fill(0);
  for (let i = 0; i < size; i++) {
    const at = Math.min(Math.max(((i + 0.5) * n) / size - 0.5, 0), n - 1);
    const low = Math.floor(at);
    const high = Math.min(low + 1, n - 1);
    data[i * n + low] = (data[i * n + low] as number) + 1 - (at - low);
    data[i * n + high] = (data[i * n + high] as number) + (at - low);
  }
  return tensor(data, [size, n]);
}

/**
 * Images [B, .., C] of one to three axes in another size, interpolated linearly along each axis (bilinear, trilinear), with
 * centres at half pixels as Keras and PyTorch (`align_corners=False`).
 */
export function resizeLinear(x: Tensor, size: number | readonly number[]): Tensor {
  const axes = spatialAxes('resizeLinear', x);
  const sizes = perAxis('resizeLinear: size', size, axes.length);
  return axes.reduce((image, n, a) => {
    const to = sizes[a] as number;
    if (n === to) return image;
    const { shape } = image;
    const before = shape.slice(0, a + 1).reduce((p, q) => p * q, 1);
    const planes = reshape(image, [before, n, -1]);
    return reshape(matMul(interpolation(n, to), planes), shape.with(a + 1, to));
  }, x);
}
