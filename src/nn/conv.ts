import { formatShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { convolve, depthwiseFilter } from '../ops/convolve.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import type { Constraint } from './constraint.ts';
import type { Initializer } from './init.ts';
import { type Layer, layer } from './layer.ts';
import { checkCount, layerTitle, type Named } from './named.ts';
import type { Regularizer } from './regularizer.ts';
import { type Sizes, WALK, type WalkOptions, walker } from './walk.ts';
import { type BiasOptions, type WeightedOptions, weighted } from './weighted.ts';

export interface ConvolutionOptions extends WeightedOptions, WalkOptions {
  /** Channels are in so many groups, each with filters of its own, default 1. */
  readonly groups?: number;
}

export interface DepthwiseOptions extends BiasOptions, WalkOptions {
  /** Filters for each channel, default 1. */
  readonly depthMultiplier?: number;
  /** Default glorotUniform. */
  readonly depthwiseInitializer?: string | Named | Initializer;
  readonly depthwiseRegularizer?: string | Named | Regularizer;
  readonly depthwiseConstraint?: string | Named | Constraint;
}

export interface SeparableOptions extends DepthwiseOptions {
  /** Default glorotUniform. */
  readonly pointwiseInitializer?: string | Named | Initializer;
  readonly pointwiseRegularizer?: string | Named | Regularizer;
  readonly pointwiseConstraint?: string | Named | Constraint;
}

function convolution(type: string, axes: number) {
  return (
    filters: number,
    kernelSize: Sizes,
    options: ConvolutionOptions = {},
  ): Layer<[x: Tensor]> => {
    const title = layerTitle(type, options);
    checkCount(`${title}: filters`, filters);
    const { set, kernel, output } = weighted(title, options, { ...WALK, groups: 1 });
    const { groups } = set;
    checkCount(`${title}: groups`, groups);
    if (filters % groups !== 0)
      throw new OptionError(`${title}: ${filters} filters do not divide into ${groups} groups`);
    const walk = walker(title, axes, kernelSize, set);
    return layer(type, { filters, kernelSize, ...options }, (scope, given: Tensor) =>
      walk.on(given, (x) => {
        const C = x.shape.at(-1) as number;
        if (C % groups !== 0)
          throw new ShapeError(
            `input ${formatShape(given.shape)}: ${C} channels do not divide into ${groups} groups`,
          );
        const w = scope.weight('kernel', [...walk.kernel, C / groups, filters], kernel);
        return output(scope, filters, (b) => convolve(x, w, b, { ...walk.options(x), groups }));
      }),
    );
  };
}

/**
 * Convolution of x [B, n, C] with a kernel [K, C/groups, filters]: activation(x ∗ kernel + bias) → [B, m, filters] (the kernel
 * is not mirrored). Throws `OptionError` for options, `ShapeError` for an input that does not fit.
 */
export const conv1D = convolution('conv1D', 1);
/** As conv1D for images: x [B, H, W, C], kernel [KH, KW, C/groups, filters] → [B, OH, OW, filters]. */
export const conv2D = convolution('conv2D', 2);
/** As conv1D for volumes: x [B, D, H, W, C], kernel [KD, KH, KW, C/groups, filters] → [B, OD, OH, OW, filters]. */
export const conv3D = convolution('conv3D', 3);

function depthwise(type: string, axes: number) {
  return (kernelSize: Sizes, options: DepthwiseOptions = {}): Layer<[x: Tensor]> => {
    const title = layerTitle(type, options);
    const more = { ...WALK, depthMultiplier: 1 };
    const { set, kernel, output } = weighted(title, options, more, 'depthwise');
    const { depthMultiplier } = set;
    checkCount(`${title}: depthMultiplier`, depthMultiplier);
    const walk = walker(title, axes, kernelSize, set);
    return layer(type, { kernelSize, ...options }, (scope, given: Tensor) =>
      walk.on(given, (x) => {
        const C = x.shape.at(-1) as number;
        const w = scope.weight('kernel', [...walk.kernel, C, depthMultiplier], kernel);
        return output(scope, C * depthMultiplier, (b) =>
          convolve(x, depthwiseFilter(w), b, { ...walk.options(x), groups: C }),
        );
      }),
    );
  };
}

/**
 * Convolution of each channel of x [B, n, C] with `depthMultiplier` filters of its own, kernel [K, C, depthMultiplier] →
 * [B, m, C·depthMultiplier], the results of a channel side by side. Throws as conv1D.
 */
export const depthwiseConv1D = depthwise('depthwiseConv1D', 1);
/** As depthwiseConv1D for images: x [B, H, W, C], kernel [KH, KW, C, depthMultiplier]. */
export const depthwiseConv2D = depthwise('depthwiseConv2D', 2);

function separable(type: string, axes: number) {
  return (
    filters: number,
    kernelSize: Sizes,
    options: SeparableOptions = {},
  ): Layer<[x: Tensor]> => {
    const title = layerTitle(type, options);
    checkCount(`${title}: filters`, filters);
    const more = { ...WALK, depthMultiplier: 1 };
    const { set, weight, output } = weighted(title, options, more, 'depthwise', 'pointwise');
    const { depthMultiplier } = set;
    checkCount(`${title}: depthMultiplier`, depthMultiplier);
    const walk = walker(title, axes, kernelSize, set);
    const point = walker(title, axes, 1, WALK);
    return layer(type, { filters, kernelSize, ...options }, (scope, given: Tensor) =>
      walk.on(given, (x) => {
        const C = x.shape.at(-1) as number;
        const shape = [...walk.kernel, C, depthMultiplier];
        const w = scope.weight('depthwiseKernel', shape, weight('depthwise'));
        const mix = [...point.kernel, C * depthMultiplier, filters];
        const p = scope.weight('pointwiseKernel', mix, weight('pointwise'));
        const y = convolve(x, depthwiseFilter(w), undefined, { ...walk.options(x), groups: C });
        return output(scope, filters, (b) => convolve(y, p, b, point.options(y)));
      }),
    );
  };
}

/**
 * A depthwise convolution, then one of size 1 that mixes the channels: x [B, n, C], depthwise kernel [K, C, depthMultiplier],
 * pointwise kernel [1, C·depthMultiplier, filters] → [B, m, filters]. Throws as conv1D.
 */
export const separableConv1D = separable('separableConv1D', 1);
/** As separableConv1D for images. */
export const separableConv2D = separable('separableConv2D', 2);
