import { later } from '../runtime/later.ts';

export type { BatchAdvice } from './batchSize.ts';
export { recommendBatchSize, stepsPerEpoch } from './batchSize.ts';
export type { Advice, DiagnoseOptions, Diagnosis, ErrorRates, Verdict } from './diagnose.ts';
export { diagnose } from './diagnose.ts';
export type { CompareOptions, Comparison, FeatureTest, SplitCheck } from './distributions.ts';
export type {
  HealthMonitor,
  HealthOptions,
  HealthSample,
  LayerHealth,
  Magnitude,
  WeightHealth,
} from './health.ts';
export { healthMonitor } from './health.ts';
export type {
  CurvePoint,
  LearningCurve,
  LearningCurveOptions,
  ModelMaker,
} from './learningCurve.ts';
export type { RateFinderOptions, RateSweep } from './rateFinder.ts';

/** Whether two data sets come from the same distribution, feature by feature: see `distributions.ts`. */
export const compareDistributions = later(
  () => import('./distributions.ts'),
  'compareDistributions',
);
/** The same of training, development and test data: see `distributions.ts`. */
export const checkSplits = later(() => import('./distributions.ts'), 'checkSplits');
/** Errors against amounts of data: see `learningCurve.ts`. */
export const learningCurve = later(() => import('./learningCurve.ts'), 'learningCurve');
/** Losses against learning rates: see `rateFinder.ts`. */
export const learningRateFinder = later(() => import('./rateFinder.ts'), 'learningRateFinder');
