import { formatShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { conv2d } from '../ops/conv.ts';
import { reshape, transpose } from '../ops/layout.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import type { Constraint } from './constraint.ts';
import type { Initializer } from './init.ts';
import { type Layer, layer } from './layer.ts';
import { checkCount, layerTitle, type Named } from './named.ts';
import type { Regularizer } from './regularizer.ts';
import { type BiasOptions, type WeightedOptions, weighted } from './weighted.ts';

/** The same down and right, or [down, right]. */
type Pair = number | readonly [number, number];

/**
 * valid: none. same: zeros so that stride 1 keeps the size and stride s gives ⌈size/s⌉, the odd one below and on the right
 * (as Keras). Or pixels: all around, [down, right] on both sides, or [[top, bottom], [left, right]].
 */
export type Padding =
  | 'valid'
  | 'same'
  | number
  | readonly [number, number]
  | readonly [readonly [number, number], readonly [number, number]];

interface WalkOptions {
  /** Pixels from one output to the next, default 1. */
  readonly strides?: Pair;
  /** Default valid. */
  readonly padding?: Padding;
  /** Pixels from one tap of the kernel to the next, default 1. */
  readonly dilationRate?: Pair;
  /** Where the channels stand in the input and output, default channelsLast. */
  readonly dataFormat?: 'channelsLast' | 'channelsFirst';
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

function pair(what: string, given: Pair): [number, number] {
  const list = typeof given === 'number' ? [given, given] : [...given];
  if (list.length !== 2) throw new OptionError(`${what} is [${list}], expected one or two numbers`);
  for (const n of list) checkCount(what, n);
  return list as [number, number];
}

/** Zeros before and behind each axis: known in advance, or null for same. */
function explicitPads(title: string, padding: Padding): [number, number, number, number] | null {
  if (padding === 'same') return null;
  if (padding === 'valid') return [0, 0, 0, 0];
  const [v, h] =
    typeof padding === 'number' ? [padding, padding] : Array.isArray(padding) ? padding : [];
  const pads = [v, h].flatMap((p) => (typeof p === 'number' ? [p, p] : p));
  if (pads.length !== 4 || !pads.every((n) => Number.isSafeInteger(n) && (n as number) >= 0)) {
    throw new OptionError(
      `${title}: padding is ${JSON.stringify(padding)}, expected "valid", "same", pixels, [down, right] or [[top, bottom], [left, right]]`,
    );
  }
  return pads as [number, number, number, number];
}

/** Keras' zeros before and behind an axis of n pixels. */
function samePads(n: number, kernel: number, stride: number, dilation: number): [number, number] {
  const reach = (Math.ceil(n / stride) - 1) * stride + (kernel - 1) * dilation + 1;
  const zeros = Math.max(0, reach - n);
  return [Math.floor(zeros / 2), Math.ceil(zeros / 2)];
}

/** How a kernel of this size walks: from the image's shape to the attributes of the op, images as [B, H, W, C] inside. */
function walker(title: string, kernelSize: Pair, set: Required<WalkOptions>) {
  const kernel = pair(`${title}: kernelSize`, kernelSize);
  const strides = pair(`${title}: strides`, set.strides);
  const dilation = pair(`${title}: dilationRate`, set.dilationRate);
  const explicit = explicitPads(title, set.padding);
  const { dataFormat } = set;
  if (dataFormat !== 'channelsLast' && dataFormat !== 'channelsFirst') {
    throw new OptionError(
      `${title}: dataFormat is "${dataFormat}", expected "channelsLast" or "channelsFirst"`,
    );
  }
  const first = dataFormat === 'channelsFirst';
  return {
    kernel,
    image(x: Tensor): Tensor {
      if (x.shape.length !== 4) {
        const axes = first ? 'channels, height, width' : 'height, width, channels';
        throw new ShapeError(`input ${formatShape(x.shape)}, expected [batch, ${axes}]`);
      }
      return first ? transpose(x, [0, 2, 3, 1]) : x;
    },
    result: (y: Tensor): Tensor => (first ? transpose(y, [0, 3, 1, 2]) : y),
    attrs({ shape }: Tensor) {
      const same = (axis: 0 | 1) =>
        samePads(shape[axis + 1] as number, kernel[axis], strides[axis], dilation[axis]);
      const pads = explicit ?? ([...same(0), ...same(1)] as [number, number, number, number]);
      return { strides, dilation, pads };
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
  return layer('conv2D', { filters, kernelSize, ...options }, (scope, given: Tensor) => {
    const x = walk.image(given);
    const C = x.shape[3] as number;
    if (C % groups !== 0)
      throw new ShapeError(
        `input ${formatShape(given.shape)}: ${C} channels do not divide into ${groups} groups`,
      );
    const w = scope.weight('kernel', [...walk.kernel, C / groups, filters], kernel);
    const y = output(scope, filters, (b, activation = 'linear') =>
      conv2d(x, w, b, { ...walk.attrs(x), groups, activation }),
    );
    return walk.result(y);
  });
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
  return layer('depthwiseConv2D', { kernelSize, ...options }, (scope, given: Tensor) => {
    const x = walk.image(given);
    const C = x.shape[3] as number;
    const filters = C * depthMultiplier;
    const w = scope.weight('kernel', [...walk.kernel, C, depthMultiplier], kernel);
    const flat = reshape(w, [...walk.kernel, 1, filters]);
    const y = output(scope, filters, (b, activation = 'linear') =>
      conv2d(x, flat, b, { ...walk.attrs(x), groups: C, activation }),
    );
    return walk.result(y);
  });
}
