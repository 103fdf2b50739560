/** The layers, by Keras' names. */

export {
  augmentation,
  randomBrightness,
  randomContrast,
  randomCrop,
  randomCutout,
  randomElastic,
  randomErasing,
  randomFlip,
  randomRotation,
  randomShear,
  randomTranslation,
  randomZoom,
} from './augment.ts';
export {
  conv1D,
  conv2D,
  conv3D,
  depthwiseConv1D,
  depthwiseConv2D,
  separableConv1D,
  separableConv2D,
} from './conv.ts';
export { conv1DTranspose, conv2DTranspose, conv3DTranspose } from './convTransposed.ts';
export { activationLayer as activation, flatten, lambda, reshapeLayer as reshape } from './core.ts';
export { dense } from './dense.ts';
export {
  alphaDropout,
  dropout,
  gaussianDropout,
  gaussianNoise,
  spatialDropout1D,
  spatialDropout2D,
  spatialDropout3D,
} from './dropout.ts';
export {
  addLayer as add,
  average,
  concatenate,
  maximum,
  minimum,
  multiply,
  subtract,
} from './merging.ts';
export {
  batchNormalization,
  groupNormalization,
  instanceNormalization,
  layerNormalization,
  rmsNormalization,
  unitNormalization,
} from './norm.ts';
export { normalization } from './normalization.ts';
export {
  adaptiveAveragePooling1D,
  adaptiveAveragePooling2D,
  adaptiveAveragePooling3D,
  adaptiveMaxPooling1D,
  adaptiveMaxPooling2D,
  adaptiveMaxPooling3D,
  averagePooling1D,
  averagePooling2D,
  averagePooling3D,
  globalAveragePooling1D,
  globalAveragePooling2D,
  globalAveragePooling3D,
  globalMaxPooling1D,
  globalMaxPooling2D,
  globalMaxPooling3D,
  maxPooling1D,
  maxPooling2D,
  maxPooling3D,
} from './pooling.ts';
export {
  cropping1D,
  cropping2D,
  cropping3D,
  permute,
  upSampling1D,
  upSampling2D,
  upSampling3D,
  zeroPadding1D,
  zeroPadding2D,
  zeroPadding3D,
} from './resize.ts';
