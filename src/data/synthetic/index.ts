export { type DigitsOptions, digits } from './digits.ts';
export { type FeaturesOptions, friedman1, housePrices, linear, type RegressionOptions, sine } from './regression.ts';
export { blobs, type BlobsOptions, circles, type CirclesOptions, flower, type FlowerOptions, moons, spirals, type SpiralsOptions, type ToyOptions } from './toy.ts';
