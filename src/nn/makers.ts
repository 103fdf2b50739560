import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { unknownName } from '../runtime/errors.ts';
import * as core from './core.ts';
import { type DenseOptions, dense } from './dense.ts';
import * as noise from './dropout.ts';
import type { Layer, LayerOptions } from './layer.ts';
import type { Named } from './named.ts';
import { given } from './trace.ts';

/** Plain data that rebuilds a layer, without its weights. */
export interface LayerConfig {
  readonly type: string;
  readonly name?: string;
  readonly trainable?: boolean;
  readonly config?: Readonly<Record<string, unknown>>;
}

export type Options<T> = LayerOptions & T;
// biome-ignore lint/suspicious/noExplicitAny: each entry knows its own options and inputs
export type Make = (options: any) => Layer<any>;

/** How each type of layer is made from the options that its configuration holds. */
export type Makers = Readonly<Record<string, Make>>;

/** A layer whose first argument is the option `key` of its configuration. */
export function first(
  key: string,
  make: (value: never, options: LayerOptions) => Layer<[x: Tensor]>,
): Make {
  return ({ [key]: value, ...rest }: Options<Record<string, unknown>>) =>
    make(value as never, rest);
}

/** The same with two. */
export function firstTwo(
  one: string,
  two: string,
  make: (a: never, b: never, options: LayerOptions) => Layer<[x: Tensor]>,
): Make {
  return ({ [one]: a, [two]: b, ...rest }: Options<Record<string, unknown>>) =>
    make(a as never, b as never, rest);
}

/** Layers of every kind of network. Bundles for inference load the others, `normMakers.ts` and the like, when needed. */
export const commonMakers: Makers = {
  dense: ({ units, ...rest }: Options<DenseOptions & { units: number }>) => dense(units, rest),
  activation: ({ activation, ...rest }: Options<{ activation: string | Named }>) =>
    core.activationLayer(activation, rest),
  dropout: first('rate', noise.dropout),
  spatialDropout1D: first('rate', noise.spatialDropout1D),
  spatialDropout2D: first('rate', noise.spatialDropout2D),
  spatialDropout3D: first('rate', noise.spatialDropout3D),
  gaussianDropout: first('rate', noise.gaussianDropout),
  alphaDropout: first('rate', noise.alphaDropout),
  gaussianNoise: ({ std, ...rest }: Options<{ std: number }>) => noise.gaussianNoise(std, rest),
  flatten: core.flatten,
  reshape: ({ targetShape, ...rest }: Options<{ targetShape: Shape }>) =>
    core.reshapeLayer(targetShape, rest),
};

/** A new layer with fresh weights. Throws `OptionError` for types without a maker. */
export function makeLayer(
  makers: Makers,
  { type, name, trainable, config = {} }: LayerConfig,
): Layer {
  const known = Object.hasOwn(makers, type) ? makers[type] : undefined;
  const make = known ?? unknownName('layer type', type, Object.keys(makers));
  const layer = make({
    ...config,
    ...(name === undefined ? {} : { name }),
    ...(trainable === undefined ? {} : { trainable }),
  });
  given.delete(layer);
  return layer;
}
