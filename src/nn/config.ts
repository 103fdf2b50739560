import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { unknownName } from '../runtime/errors.ts';
import * as augment from './augment.ts';
import * as conv from './conv.ts';
import * as transposed from './convTransposed.ts';
import * as core from './core.ts';
import { type DenseOptions, dense } from './dense.ts';
import * as noise from './dropout.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { type Named, toPlain } from './named.ts';
import * as norm from './norm.ts';
import { normalization } from './normalization.ts';
import * as pooling from './pooling.ts';
import * as resize from './resize.ts';

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

/** A layer whose first argument is the option `key` of its configuration. */
function first(
  key: string,
  make: (value: never, options: LayerOptions) => Layer<[x: Tensor]>,
): Make {
  return ({ [key]: value, ...rest }: Options<Record<string, unknown>>) =>
    make(value as never, rest);
}

/** The same with two. */
function firstTwo(
  one: string,
  two: string,
  make: (a: never, b: never, options: LayerOptions) => Layer<[x: Tensor]>,
): Make {
  return ({ [one]: a, [two]: b, ...rest }: Options<Record<string, unknown>>) =>
    make(a as never, b as never, rest);
}

const three = (type: string, makers: Readonly<Record<string, unknown>>, key?: string) =>
  Object.fromEntries(
    ['1D', '2D', '3D'].map((axes): [string, Make] => {
      const make = makers[`${type}${axes}`] as Make;
      return [`${type}${axes}`, key ? first(key, make) : make];
    }),
  );

/** A layer whose first arguments are filters and kernelSize. */
function filtering(
  make: (filters: number, kernelSize: number, options: LayerOptions) => Layer<[x: Tensor]>,
): Make {
  return ({ filters, kernelSize, ...rest }: Options<{ filters: number; kernelSize: number }>) =>
    make(filters, kernelSize, rest);
}

const convolutions = (end: string, makers: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    [1, 2, 3].map((axes): [string, Make] => {
      const type = `conv${axes}D${end}`;
      return [type, filtering(makers[type] as Parameters<typeof filtering>[0])];
    }),
  );

/** How each type of layer is made from the options that its configuration holds. */
const makers = new Map<string, Make>(
  Object.entries({
    dense: ({ units, ...rest }: Options<DenseOptions & { units: number }>) => dense(units, rest),
    depthwiseConv1D: first('kernelSize', conv.depthwiseConv1D),
    depthwiseConv2D: first('kernelSize', conv.depthwiseConv2D),
    separableConv1D: filtering(conv.separableConv1D),
    separableConv2D: filtering(conv.separableConv2D),
    ...convolutions('', conv),
    ...convolutions('Transpose', transposed),
    activation: ({ activation, ...rest }: Options<{ activation: string | Named }>) =>
      core.activationLayer(activation, rest),
    dropout: first('rate', noise.dropout),
    spatialDropout1D: first('rate', noise.spatialDropout1D),
    spatialDropout2D: first('rate', noise.spatialDropout2D),
    spatialDropout3D: first('rate', noise.spatialDropout3D),
    gaussianDropout: first('rate', noise.gaussianDropout),
    alphaDropout: first('rate', noise.alphaDropout),
    augmentation: augment.augmentation,
    randomBrightness: first('factor', augment.randomBrightness),
    randomContrast: first('factor', augment.randomContrast),
    randomCrop: firstTwo('height', 'width', augment.randomCrop),
    randomCutout: augment.randomCutout,
    randomElastic: augment.randomElastic,
    randomErasing: augment.randomErasing,
    randomFlip: first('mode', augment.randomFlip),
    randomRotation: first('factor', augment.randomRotation),
    randomShear: firstTwo('xFactor', 'yFactor', augment.randomShear),
    randomTranslation: firstTwo('heightFactor', 'widthFactor', augment.randomTranslation),
    randomZoom: first('heightFactor', augment.randomZoom),
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
    batchNormalization: norm.batchNormalization,
    layerNormalization: norm.layerNormalization,
    rmsNormalization: norm.rmsNormalization,
    groupNormalization: norm.groupNormalization,
    instanceNormalization: norm.instanceNormalization,
    unitNormalization: norm.unitNormalization,
    normalization,
    permute: first('dims', resize.permute),
    ...three('maxPooling', pooling),
    ...three('averagePooling', pooling),
    ...three('globalMaxPooling', pooling),
    ...three('globalAveragePooling', pooling),
    ...three('adaptiveMaxPooling', pooling, 'outputSize'),
    ...three('adaptiveAveragePooling', pooling, 'outputSize'),
    ...three('zeroPadding', resize, 'padding'),
    ...three('cropping', resize, 'cropping'),
    ...three('upSampling', resize, 'size'),
  } satisfies Record<string, Make>),
);

/** Lets `layerFromConfig` rebuild layers of a type of your own. */
export function registerLayer(type: string, make: Make): void {
  makers.set(type, make);
}

/** Types of layers that `layerFromConfig` knows. */
export function layerTypes(): string[] {
  return [...makers.keys()];
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
  const make = makers.get(type) ?? unknownName('layer type', type, layerTypes());
  return make({
    ...config,
    ...(name === undefined ? {} : { name }),
    ...(trainable === undefined ? {} : { trainable }),
  });
}
