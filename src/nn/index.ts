/** The layers, by Keras' names. */
export {
  activationLayer as activation,
  addLayer as add,
  average,
  concatenate,
  flatten,
  lambda,
  maximum,
  minimum,
  multiply,
  reshapeLayer as reshape,
  subtract,
} from './core.ts';
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
