import { formatShape, type Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, affine, greater, mul } from '../ops/binary.ts';
import { scalar } from '../ops/leaf.ts';
import { dropoutMask, randomNormal } from '../ops/random.ts';
import { expand } from '../ops/sum.ts';
import { ShapeError } from '../runtime/errors.ts';
import { startLayer } from './core.ts';
import { type Layer, type LayerOptions, layer } from './layer.ts';
import { checkNumber, withDefaults } from './named.ts';
import { SELU_ALPHA, SELU_SCALE } from './rareActivations.ts';

/** The share of elements that is dropped, or the share that is kept. */
export type DropoutRate = number | { readonly keepProb: number };

function rateOf(title: string, given: DropoutRate): number {
  if (typeof given !== 'object' || given === null)
    return checkNumber(`${title}: rate`, given, { from: 0, below: 1 });
  const { keepProb } = withDefaults<{ keepProb: number }>(title, given, { keepProb: Number.NaN });
  return 1 - checkNumber(`${title}: keepProb`, keepProb, { above: 0, to: 1 });
}

/** A layer that does nothing outside of training, nor at rate 0. */
function noise(
  type: string,
  given: DropoutRate,
  options: LayerOptions,
  apply: (x: Tensor, rate: number, stream: number) => Tensor,
): Layer<[x: Tensor]> {
  const rate = rateOf(startLayer(type, options), given);
  return layer(type, { rate, ...options }, (scope, x: Tensor) => {
    const stream = scope.stream();
    return scope.noise && rate > 0 ? apply(x, rate, stream) : x;
  });
}

/**
 * Inverted dropout (Srivastava et al. 2014): in training, sets each element to 0 with probability `rate` and divides the others
 * by 1 − rate, so that their mean stays; 0 ≤ rate < 1, or `{ keepProb: 1 − rate }`.
 */
export function dropout(rate: DropoutRate, options: LayerOptions = {}): Layer<[x: Tensor]> {
  return noise('dropout', rate, options, dropoutMask);
}

/** 0 with probability `rate`, else 1/(1 − rate). */
function mask(shape: Shape, rate: number, stream: number): Tensor {
  return dropoutMask(expand(scalar(1), shape), rate, stream);
}

function spatial(type: string, axes: number) {
  return (rate: DropoutRate, options: LayerOptions = {}): Layer<[x: Tensor]> =>
    noise(type, rate, options, (x, share, stream) => {
      const { shape } = x;
      if (shape.length !== axes + 2)
        throw new ShapeError(`input ${formatShape(shape)}, expected ${axes + 2} axes`);
      const places = new Array<number>(axes).fill(1);
      const channels = [shape[0] as number, ...places, shape.at(-1) as number];
      return mul(x, mask(channels, share, stream));
    });
}

/** Dropout of whole channels: x [B, T, C] (Tompson et al. 2015, arXiv:1411.4280). */
export const spatialDropout1D = spatial('spatialDropout1D', 1);
/** Dropout of whole channels: x [B, H, W, C]. */
export const spatialDropout2D = spatial('spatialDropout2D', 2);
/** Dropout of whole channels: x [B, D, H, W, C]. */
export const spatialDropout3D = spatial('spatialDropout3D', 3);

/** In training, multiplies by normal numbers of mean 1 and variance rate/(1 − rate) (Srivastava et al. 2014). */
export function gaussianDropout(rate: DropoutRate, options: LayerOptions = {}): Layer<[x: Tensor]> {
  return noise('gaussianDropout', rate, options, (x, share, stream) =>
    mul(x, randomNormal(x.shape, stream, 1, Math.sqrt(share / (1 - share)))),
  );
}

/** Dropout for selu: dropped elements take its lowest value, and mean 0 and variance 1 stay (Klambauer et al. 2017, arXiv:1706.02515). */
export function alphaDropout(rate: DropoutRate, options: LayerOptions = {}): Layer<[x: Tensor]> {
  return noise('alphaDropout', rate, options, (x, share, stream) => {
    const lowest = -SELU_ALPHA * SELU_SCALE;
    const kept = greater(mask(x.shape, share, stream), 0);
    const filled = add(mul(x, kept), affine(kept, -lowest, lowest));
    const scale = 1 / Math.sqrt((1 - share) * (1 + share * lowest * lowest));
    return affine(filled, scale, -scale * share * lowest);
  });
}

/** In training, adds normal numbers of mean 0 and standard deviation `std`. */
export function gaussianNoise(std: number, options: LayerOptions = {}): Layer<[x: Tensor]> {
  checkNumber(`${startLayer('gaussianNoise', options)}: std`, std, { from: 0 });
  return layer('gaussianNoise', { std, ...options }, (scope, x: Tensor) => {
    const stream = scope.stream();
    return scope.noise && std > 0 ? add(x, randomNormal(x.shape, stream, 0, std)) : x;
  });
}
