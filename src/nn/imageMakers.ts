import type { Tensor } from '../graph/tensor.ts';
import * as augment from './augment.ts';
import * as conv from './conv.ts';
import * as transposed from './convTransposed.ts';
import type { Layer, LayerOptions } from './layer.ts';
import { first, firstTwo, type Make, type Makers, type Options } from './makers.ts';
import * as pooling from './pooling.ts';
import * as resize from './resize.ts';

/** A layer whose first arguments are filters and kernelSize. */
function filtering(
  make: (filters: number, kernelSize: number, options: LayerOptions) => Layer<[x: Tensor]>,
): Make {
  return ({ filters, kernelSize, ...rest }: Options<{ filters: number; kernelSize: number }>) =>
    make(filters, kernelSize, rest);
}

/** Layers of images and of other data that lie on a grid. */
export const imageMakers: Makers = {
  conv1D: filtering(conv.conv1D),
  conv2D: filtering(conv.conv2D),
  conv3D: filtering(conv.conv3D),
  conv1DTranspose: filtering(transposed.conv1DTranspose),
  conv2DTranspose: filtering(transposed.conv2DTranspose),
  conv3DTranspose: filtering(transposed.conv3DTranspose),
  depthwiseConv1D: first('kernelSize', conv.depthwiseConv1D),
  depthwiseConv2D: first('kernelSize', conv.depthwiseConv2D),
  separableConv1D: filtering(conv.separableConv1D),
  separableConv2D: filtering(conv.separableConv2D),
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
  maxPooling1D: pooling.maxPooling1D,
  maxPooling2D: pooling.maxPooling2D,
  maxPooling3D: pooling.maxPooling3D,
  averagePooling1D: pooling.averagePooling1D,
  averagePooling2D: pooling.averagePooling2D,
  averagePooling3D: pooling.averagePooling3D,
  globalMaxPooling1D: pooling.globalMaxPooling1D,
  globalMaxPooling2D: pooling.globalMaxPooling2D,
  globalMaxPooling3D: pooling.globalMaxPooling3D,
  globalAveragePooling1D: pooling.globalAveragePooling1D,
  globalAveragePooling2D: pooling.globalAveragePooling2D,
  globalAveragePooling3D: pooling.globalAveragePooling3D,
  adaptiveMaxPooling1D: first('outputSize', pooling.adaptiveMaxPooling1D),
  adaptiveMaxPooling2D: first('outputSize', pooling.adaptiveMaxPooling2D),
  adaptiveMaxPooling3D: first('outputSize', pooling.adaptiveMaxPooling3D),
  adaptiveAveragePooling1D: first('outputSize', pooling.adaptiveAveragePooling1D),
  adaptiveAveragePooling2D: first('outputSize', pooling.adaptiveAveragePooling2D),
  adaptiveAveragePooling3D: first('outputSize', pooling.adaptiveAveragePooling3D),
  zeroPadding1D: first('padding', resize.zeroPadding1D),
  zeroPadding2D: first('padding', resize.zeroPadding2D),
  zeroPadding3D: first('padding', resize.zeroPadding3D),
  cropping1D: first('cropping', resize.cropping1D),
  cropping2D: first('cropping', resize.cropping2D),
  cropping3D: first('cropping', resize.cropping3D),
  upSampling1D: first('size', resize.upSampling1D),
  upSampling2D: first('size', resize.upSampling2D),
  upSampling3D: first('size', resize.upSampling3D),
};
