import type { Tensor } from '../graph/tensor.ts';
import { type Layer, layer } from './layer.ts';

/**
 * The layer that changes nothing: what layers that are random in training are outside of it, for bundles that never train. There
 * `scripts/inference.ts` puts it and `stillImages.ts` in the place of `dropout.ts` and `augment.ts`.
 */
export function still(): Layer<[x: Tensor]> {
  return layer('still', {}, (_, x: Tensor) => x);
}
