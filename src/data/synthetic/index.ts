export { type DigitsOptions, digits } from './digits.ts';
export {
  type FeaturesOptions,
  friedman1,
  housePrices,
  linear,
  type RegressionOptions,
  sine,
} from './regression.ts';
export {
  type BlobsOptions,
  blobs,
  type CirclesOptions,
  circles,
  type FlowerOptions,
  flower,
  moons,
  type SpiralsOptions,
  spirals,
  type ToyOptions,
} from './toy.ts';
