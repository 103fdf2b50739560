import type { Tensor } from '../graph/tensor.ts';
import { sigmoid } from '../ops/activation.ts';
import { affine, sub } from '../ops/binary.ts';
import { softmax } from '../ops/softmax.ts';
import { exp, sqrt, square } from '../ops/unary.ts';
import { OptionError, shown } from '../runtime/errors.ts';
import {
  type Accumulator,
  builtIn,
  isLabels,
  labelled,
  type Metric,
  type Mode,
  metricOf,
  weightedMean,
} from './accumulator.ts';
import {
  accuracy,
  binaryAccuracy,
  categoricalAccuracy,
  isBinary,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  topKCategoricalAccuracy,
} from './accuracy.ts';
import { auc } from './auc.ts';
import {
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from './crossentropy.ts';
import { confusionMatrix, f1Score, fBetaScore } from './fscore.ts';
import { lossTable } from './loss.ts';
import { find, type Named, withDefaults } from './named.ts';
import { r2Score } from './r2.ts';
import { align, type Loss } from './targets.ts';
import {
  falseNegatives,
  falsePositives,
  precision,
  precisionAtRecall,
  recall,
  recallAtPrecision,
  sensitivityAtSpecificity,
  specificityAtSensitivity,
  trueNegatives,
  truePositives,
} from './thresholds.ts';

export {
  type Accumulator,
  accumulatedMetric,
  type Metric,
  type Mode,
  weightedMean,
} from './accumulator.ts';
export { accuracyFor } from './accuracy.ts';

/** Σt·p/(‖t‖·‖p‖) over the axis, default the last: the loss of that name with the sign changed. */
export function cosineSimilarity(options: { axis?: number } = {}): Metric {
  const { axis } = withDefaults('cosineSimilarity', options, { axis: -1 });
  const negative = lossTable.cosineSimilarity({ axis });
  return metricOf('cosineSimilarity', { axis }, 'max', (t, p) => affine(negative(t, p), -1));
}

/** √ of the mean of (p − t)². */
export function rootMeanSquaredError(options: object = {}): Metric {
  const name = 'rootMeanSquaredError';
  withDefaults(name, options, {});
  const { sums, result } = weightedMean((yTrue, yPred) => {
    const [t, p] = align(name, yTrue, yPred);
    return square(sub(p, t));
  });
  return builtIn(name, {}, { sums, result: (s) => sqrt(result(s)) }, 'min');
}

interface CrossentropyOptions {
  /** Predictions are logits. Default false. */
  readonly fromLogits?: boolean;
}

/** The cross-entropy that fits: of labels, of one output, of distributions. */
function entropy(options: CrossentropyOptions) {
  return (t: Tensor, p: Tensor): Tensor => {
    if (isLabels(t, p)) return sparseCategoricalCrossentropy(options)(t, p);
    const binary = p.shape.length < 2 || p.shape.at(-1) === 1;
    return (binary ? binaryCrossentropy : categoricalCrossentropy)(options)(t, p);
  };
}

function entropyMetric(name: string, finish: (mean: Tensor) => Tensor) {
  return (options: CrossentropyOptions = {}): Metric => {
    const set = withDefaults(name, options, { fromLogits: false });
    const { sums, result } = weightedMean(entropy(set));
    return builtIn(name, set, { sums, result: (s) => finish(result(s)) }, 'min', !set.fromLogits);
  };
}

/** The mean of −ln of the probability given to what is true, for labels, one output or distributions. */
export const logLoss = entropyMetric('logLoss', (mean) => mean);
/** e to the mean cross-entropy: among how many equally likely classes the model is undecided. */
export const perplexity = entropyMetric('perplexity', exp);

/** A loss as a metric. With `ignoreClass` those examples are 0 in the mean, and with sample weights left out, as Keras'. */
function fromLoss(make: (options?: object) => Loss): (options?: object) => Metric {
  return (options) => {
    const loss = make(options);
    const { name, ...rest } = loss.config as Named;
    if (loss.valid) return builtIn(name, rest, weightedMean(loss, loss.valid), 'min');
    return metricOf(name, rest, 'min', loss);
  };
}

const named = {
  ...Object.fromEntries(Object.entries(lossTable).map(([name, make]) => [name, fromLoss(make)])),
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  topKCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  cosineSimilarity,
  rootMeanSquaredError,
  r2Score,
  logLoss,
  perplexity,
  falseNegatives,
  falsePositives,
  precision,
  precisionAtRecall,
  recall,
  recallAtPrecision,
  sensitivityAtSpecificity,
  specificityAtSensitivity,
  trueNegatives,
  truePositives,
  auc,
  f1Score,
  fBetaScore,
  confusionMatrix,
};

/** Every metric under all its names. */
export const metrics = {
  ...named,
  rmse: rootMeanSquaredError,
  r2: r2Score,
  f1: f1Score,
};

/** The metric on what sigmoid or softmax makes of logits. */
function onProbabilities(metric: Metric, loss: Loss): Metric {
  const { sums, merge, result } = metric.accumulator as Accumulator;
  const activate = (p: Tensor) => (isBinary(loss, p.shape) ? sigmoid(p) : softmax(p));
  const { name, ...options } = metric.config as Named;
  const own: Accumulator = { sums: (t, p, w) => sums(t, activate(p), w), result };
  return builtIn(name, options, merge ? { ...own, merge } : own, metric.mode);
}

/** Which of its values are better, where that is known: losses that are given as functions are better when smaller. */
export function modeOf({ mode, config }: Metric): Mode | undefined {
  if (mode === undefined) return config && Object.hasOwn(lossTable, config.name) ? 'min' : mode;
  if (mode === 'min' || mode === 'max') return mode;
  throw new OptionError(`mode of a metric is ${shown(mode)}, expected "min" or "max"`);
}

/**
 * The metric of that name; functions stay. `accuracy` (or `acc`) is the one that fits the loss, and those about
 * probabilities get them also where the loss takes logits. Its label is the name that was asked for. Throws `OptionError`
 * for unknown names.
 */
export function metric(given: string | Named | Metric, loss: Loss): Metric {
  const own = () => accuracy(loss);
  const found = find<Metric>('metric', given, { accuracy: own, acc: own, ...metrics });
  if (typeof given !== 'string') return found;
  const { fromLogits }: Partial<Named> = loss.config ?? {};
  return labelled(fromLogits && found.probabilities ? onProbabilities(found, loss) : found, given);
}
