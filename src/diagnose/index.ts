import { later } from '../runtime/later.ts';

export type { BatchAdvice, FittingBatch } from './batchSize.ts';
export { recommendBatchSize, stepsPerEpoch } from './batchSize.ts';
export type { Advice, DiagnoseOptions, Diagnosis, Examples, Verdict } from './diagnose.ts';
export type { CompareOptions, Comparison, FeatureTest, SplitCheck } from './distributions.ts';
export type { ErrorRates, Share, Unit } from './errorRates.ts';
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

/**
 * Bias and variance, and the basic recipe as advice: avoidable bias is trainError − bayesError, variance devError − trainError
 * (Ng: Machine Learning Yearning, 2018, chapters 20 to 27). From
 *
 * - errors, `{ trainError: '0.5%', devError: '0.9%' }`: see `ErrorRates`;
 * - the history of a `fit` with validation, which holds what the model does without dropout, augmentation and the like
 *   (`history.final`); what the training used already is not advised;
 * - a model with `{ train, dev }`, each `{ x, y }`, which it measures so.
 *
 * Errors are shares of wrong answers, or of a regression's targets the share of their variance that is not explained, 1 − R².
 * Throws `OptionError` for what is no error rate or could be two, and for a history whose figures noise has spoiled.
 */
export const diagnose = later(() => import('./diagnose.ts'), 'diagnoseAny');

/**
 * Do two sets come from the same distribution? Kolmogorov-Smirnov for each feature and for the target of a regression, χ² for
 * features of at most ten values and for labels, Holm's correction; and classifiers that must not tell them apart: each of two
 * halves is ranked by a network that learned from the other (Lopez-Paz and Oquab: Revisiting classifier two-sample tests,
 * 2017). The features have one half of α, the classifiers the other, so that equal sets are called different with chance α at
 * most. Throws `DataError` when the examples differ in shape or a set has fewer than ten.
 */
export const compareDistributions = later(
  () => import('./distributions.ts'),
  'compareDistributions',
);

/** Development against test set, which must be alike, and training against development set, which may differ. */
export const checkSplits = later(() => import('./distributions.ts'), 'checkSplits');

/**
 * Errors against the amount of data: for each model and size a fresh model is trained on the first so many training
 * examples and measured on them and on the development set. Throws `OptionError` for sizes beyond the data.
 */
export const learningCurve = later(() => import('./learningCurve.ts'), 'learningCurve');

/**
 * Trains a few steps with exponentially growing learning rate (Smith: Cyclical learning rates, 2017) and suggests a tenth of
 * the one at which the loss is lowest: from there on training becomes unstable. Weights, optimiser and counters are afterwards
 * what they were. `rateChart` and `rateText` show the sweep.
 */
export const learningRateFinder = later(() => import('./rateFinder.ts'), 'learningRateFinder');
