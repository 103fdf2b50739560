import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { unknownName } from '../runtime/errors.ts';
import * as core from './core.ts';
import { type DenseOptions, dense } from './dense.ts';
import * as noise from './dropout.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { type Named, toPlain } from './named.ts';

/** Plain data that rebuilds a layer, without its weights. */
export interface LayerConfig {
  readonly type: string;
  readonly name?: string;
  readonly trainable?: boolean;
  readonly config?: Readonly<Record<string, unknown>>;
}

type Options<T> = LayerOptions & T;
// biome-ignore lint/suspicious/noExplicitAny: each entry knows its own options and inputs
type Make = (options: any) => Layer<any>;

function fromRate(make: (rate: number, options: LayerOptions) => Layer<[x: Tensor]>): Make {
  return ({ rate, ...rest }: Options<{ rate: number }>) => make(rate, rest);
}

/** How each type of layer is made from the options that its configuration holds. */
const makers = new Map<string, Make>(
  Object.entries({
    dense: ({ units, ...rest }: Options<DenseOptions & { units: number }>) => dense(units, rest),
    activation: ({ activation, ...rest }: Options<{ activation: string | Named }>) =>
      core.activationLayer(activation, rest),
    dropout: fromRate(noise.dropout),
    spatialDropout1D: fromRate(noise.spatialDropout1D),
    spatialDropout2D: fromRate(noise.spatialDropout2D),
    spatialDropout3D: fromRate(noise.spatialDropout3D),
    gaussianDropout: fromRate(noise.gaussianDropout),
    alphaDropout: fromRate(noise.alphaDropout),
    gaussianNoise: ({ std, ...rest }: Options<{ std: number }>) => noise.gaussianNoise(std, rest),
    flatten: core.flatten,
    reshape: ({ targetShape, ...rest }: Options<{ targetShape: Shape }>) =>
      core.reshapeLayer(targetShape, rest),
    concatenate: core.concatenate,
    add: core.addLayer,
    subtract: core.subtract,
    multiply: core.multiply,
    average: core.average,
    maximum: core.maximum,
    minimum: core.minimum,
  } satisfies Record<string, Make>),
);

/** Lets `layerFromConfig` rebuild layers of a type of your own. */
export function registerLayer(type: string, make: Make): void {
  makers.set(type, make);
}

/** What rebuilds the layer. Throws `OptionError` when it holds a function of the user's. */
export function layerConfig(layer: Layer<never>): LayerConfig {
  const { type, label, trainable, config } = layer;
  const title = label ? `${type} "${label}"` : type;
  return {
    type,
    ...(label ? { name: label } : {}),
    ...(trainable ? {} : { trainable }),
    config: toPlain(title, config) as LayerConfig['config'] & object,
  };
}

/** A new layer of the same kind, with fresh weights. Throws `OptionError` for unknown types. */
export function layerFromConfig({ type, name, trainable, config = {} }: LayerConfig): Layer {
  const make = makers.get(type) ?? unknownName('layer type', type, [...makers.keys()]);
  return make({
    ...config,
    ...(name === undefined ? {} : { name }),
    ...(trainable === undefined ? {} : { trainable }),
  });
}
