import { formatShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { conv2d } from '../ops/conv.ts';
import { reshape } from '../ops/layout.ts';
import { type Padding, padsOf, perAxis } from '../ops/windows.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import type { Constraint } from './constraint.ts';
import { checkDataFormat, type DataFormat, withChannelsLast } from './dataFormat.ts';
import type { Initializer } from './init.ts';
import { type Layer, layer } from './layer.ts';
import { checkCount, layerTitle, type Named } from './named.ts';
import { expectImage } from './pooling.ts';
import type { Regularizer } from './regularizer.ts';
import { type BiasOptions, type WeightedOptions, weighted } from './weighted.ts';

/** The same down and right, or [down, right]. */
type Pair = number | readonly [number, number];

interface WalkOptions {
  /** Pixels from one output to the next, default 1. */
  readonly strides?: Pair;
  /** Zeros around the image. Default valid; same (the odd one below and on the right, as Keras); or numbers or pairs for the axes. */
  readonly padding?: Padding;
  /** Pixels from one tap of the kernel to the next, default 1. */
  readonly dilationRate?: Pair;
  /** Default channelsLast: [batch, height, width, channels]. */
  readonly dataFormat?: DataFormat;
}

export interface Conv2DOptions extends WeightedOptions, WalkOptions {
  /** Channels are in so many groups, each with filters of its own, default 1. */
  readonly groups?: number;
}

export interface DepthwiseConv2DOptions extends BiasOptions, WalkOptions {
  /** Filters for each channel, default 1. */
  readonly depthMultiplier?: number;
  /** Default glorotUniform. */
  readonly depthwiseInitializer?: string | Named | Initializer;
  readonly depthwiseRegularizer?: string | Named | Regularizer;
  readonly depthwiseConstraint?: string | Named | Constraint;
}

const WALK: Required<WalkOptions> = {
  strides: 1,
  padding: 'valid',
  dilationRate: 1,
  dataFormat: 'channelsLast',
};

/** How a kernel of this size walks over images: attributes of the op, and `on`, which gives it channels last. */
function walker(title: string, kernelSize: Pair, set: Required<WalkOptions>) {
  const two = (word: string, given: Pair) =>
    perAxis(`${title}: ${word}`, given, 2) as [number, number];
  const kernel = two('kernelSize', kernelSize);
  const strides = two('strides', set.strides);
  const dilation = two('dilationRate', set.dilationRate);
  const format = checkDataFormat(title, set.dataFormat);
  const { padding } = set;
  if (typeof padding === 'string' && padding !== 'valid' && padding !== 'same') {
    throw new OptionError(`${title}: padding is "${padding}", expected valid, same or numbers`);
  }
  const pads = (i: 0 | 1, n: number) =>
    padsOf(padding, i, 2, n, (kernel[i] - 1) * dilation[i] + 1, strides[i]);
  return {
    kernel,
    on(x: Tensor, body: (x: Tensor) => Tensor): Tensor {
      expectImage(x, 2, format);
      return withChannelsLast(x, format, body);
    },
    attrs({ shape: [, H = 0, W = 0] }: Tensor) {
      const [v, h] = [pads(0, H), pads(1, W)];
      return { strides, dilation, pads: [...v, ...h] as [number, number, number, number] };
    },
  };
}

/**
 * Convolution of images x [B, H, W, C] with a kernel [KH, KW, C/groups, filters]: activation(x ∗ kernel + bias) →
 * [B, OH, OW, filters] (the kernel is not mirrored). Throws `OptionError` for options, `ShapeError` for an input that does
 * not fit.
 */
export function conv2D(
  filters: number,
  kernelSize: Pair,
  options: Conv2DOptions = {},
): Layer<[x: Tensor]> {
  const title = layerTitle('conv2D', options);
  checkCount(`${title}: filters`, filters);
  const { set, kernel, output } = weighted(title, options, { ...WALK, groups: 1 });
  const { groups } = set;
  checkCount(`${title}: groups`, groups);
  if (filters % groups !== 0)
    throw new OptionError(`${title}: ${filters} filters do not divide into ${groups} groups`);
  const walk = walker(title, kernelSize, set);
  return layer('conv2D', { filters, kernelSize, ...options }, (scope, given: Tensor) =>
    walk.on(given, (x) => {
      const C = x.shape[3] as number;
      if (C % groups !== 0)
        throw new ShapeError(
          `input ${formatShape(given.shape)}: ${C} channels do not divide into ${groups} groups`,
        );
      const w = scope.weight('kernel', [...walk.kernel, C / groups, filters], kernel);
      return output(scope, filters, (b, activation = 'linear') =>
        conv2d(x, w, b, { ...walk.attrs(x), groups, activation }),
      );
    }),
  );
}

/**
 * Convolution of each channel of x [B, H, W, C] with `depthMultiplier` filters of its own, kernel [KH, KW, C, depthMultiplier] →
 * [B, OH, OW, C·depthMultiplier], the results of a channel side by side. Throws as conv2D.
 */
export function depthwiseConv2D(
  kernelSize: Pair,
  options: DepthwiseConv2DOptions = {},
): Layer<[x: Tensor]> {
  const title = layerTitle('depthwiseConv2D', options);
  const more = { ...WALK, depthMultiplier: 1 };
  const { set, kernel, output } = weighted(title, options, more, 'depthwise');
  const { depthMultiplier } = set;
  checkCount(`${title}: depthMultiplier`, depthMultiplier);
  const walk = walker(title, kernelSize, set);
  return layer('depthwiseConv2D', { kernelSize, ...options }, (scope, given: Tensor) =>
    walk.on(given, (x) => {
      const C = x.shape[3] as number;
      const filters = C * depthMultiplier;
      const w = scope.weight('kernel', [...walk.kernel, C, depthMultiplier], kernel);
      const flat = reshape(w, [...walk.kernel, 1, filters]);
      return output(scope, filters, (b, activation = 'linear') =>
        conv2d(x, flat, b, { ...walk.attrs(x), groups: C, activation }),
      );
    }),
  );
}
