import type { Tensor } from '../graph/tensor.ts';
import * as augment from './augment.ts';
import * as conv from './conv.ts';
import * as transposed from './convTransposed.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { first, firstTwo, type Make, type Makers, type Options } from './makers.ts';
import * as pooling from './pooling.ts';
import * as resize from './resize.ts';

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

/** Layers of images and of other data that lie on a grid. */
export const imageMakers: Makers = {
  depthwiseConv1D: first('kernelSize', conv.depthwiseConv1D),
  depthwiseConv2D: first('kernelSize', conv.depthwiseConv2D),
  separableConv1D: filtering(conv.separableConv1D),
  separableConv2D: filtering(conv.separableConv2D),
  ...convolutions('', conv),
  ...convolutions('Transpose', transposed),
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
};
