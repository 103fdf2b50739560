/** The layers, by Keras' names. */
export {
  activationLayer as activation,
  addLayer as add,
  average,
  concatenate,
  dropout,
  flatten,
  gaussianNoise,
  lambda,
  maximum,
  minimum,
  multiply,
  reshapeLayer as reshape,
  subtract,
} from './core.ts';
export { dense } from './dense.ts';
