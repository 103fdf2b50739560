export type { BatchAdvice } from './batchSize.ts';
export { recommendBatchSize, stepsPerEpoch } from './batchSize.ts';
export type { Advice, DiagnoseOptions, Diagnosis, ErrorRates, Verdict } from './diagnose.ts';
export { diagnose } from './diagnose.ts';
export type { CompareOptions, Comparison, FeatureTest, SplitCheck } from './distributions.ts';
export { checkSplits, compareDistributions } from './distributions.ts';
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
export { learningCurve } from './learningCurve.ts';
export type { RateFinderOptions, RateSweep } from './rateFinder.ts';
export { learningRateFinder } from './rateFinder.ts';
