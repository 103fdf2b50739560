import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { affine, equal, greater, less, lessEqual } from '../ops/binary.ts';
import { pick } from '../ops/gather.ts';
import { flattenRows, unsqueeze } from '../ops/layout.ts';
import { argMax, reduceMean } from '../ops/reduce.ts';
import { equalI32 } from '../ops/select.ts';
import { reduceSum } from '../ops/sum.ts';
import { not } from '../ops/unary.ts';
import { lossTable } from './loss.ts';
import {
  type Configured,
  checkCount,
  checkNumber,
  find,
  type Named,
  named,
  withDefaults,
} from './named.ts';
import { align, alignLabels, asReal, type Loss } from './targets.ts';

/** One value for each example, [B]; a metric is the mean over all examples. */
export interface Metric extends Configured {
  (yTrue: Tensor, yPred: Tensor): Tensor;
  /** Its name in results. */
  readonly label?: string;
}

type Body = (yTrue: Tensor, yPred: Tensor) => Tensor;

/** The mean over all axes but the first. */
function perExample(values: Tensor): Tensor {
  return values.shape.length < 2 ? values : reduceMean(flattenRows(values), { axes: 1 });
}

function metricOf(name: string, options: object, body: Body): Metric {
  return labelled(
    named(name, options, (t: Tensor, p: Tensor) => perExample(body(t, p))),
    name,
  );
}

function labelled(body: Body, label: string): Metric {
  return Object.defineProperty(body, 'label', {
    value: label,
    enumerable: true,
    configurable: true,
  });
}

/** Share of the outputs that lie on the target's side of the threshold, default 0.5; targets 0 or 1. */
export function binaryAccuracy(options: { threshold?: number } = {}): Metric {
  const name = 'binaryAccuracy';
  const set = withDefaults(name, options, { threshold: 0.5 });
  checkNumber(`${name}: threshold`, set.threshold);
  return metricOf(name, set, (yTrue, yPred) => {
    const [t, p] = align(name, yTrue, yPred);
    return equal(t, greater(p, set.threshold));
  });
}

/** 1 where the largest output is that of the largest target: targets are distributions (one-hot). */
export function categoricalAccuracy(options: object = {}): Metric {
  const name = 'categoricalAccuracy';
  withDefaults(name, options, {});
  return metricOf(name, {}, (yTrue, yPred) => {
    const [t, p] = align(name, yTrue, yPred);
    return equalI32(argMax(t), argMax(p));
  });
}

/** 1 where the largest output is the label's: targets are class numbers. */
export function sparseCategoricalAccuracy(options: object = {}): Metric {
  const name = 'sparseCategoricalAccuracy';
  withDefaults(name, options, {});
  return metricOf(name, {}, (yTrue, yPred) =>
    equalI32(alignLabels(name, yTrue, yPred), argMax(asReal(yPred))),
  );
}

/** 1 where fewer than k outputs are larger than the label's. A NaN is in no top k. */
function inTop(k: number, labels: Tensor, yPred: Tensor): Tensor {
  const own = unsqueeze(pick(yPred, labels), -1);
  return less(reduceSum(not(lessEqual(yPred, own)), { axes: -1 }), k);
}

/** 1 where the label is among the k largest outputs, default 5: targets are distributions (one-hot). */
export function topKCategoricalAccuracy(options: { k?: number } = {}): Metric {
  const name = 'topKCategoricalAccuracy';
  const set = withDefaults(name, options, { k: 5 });
  checkCount(`${name}: k`, set.k);
  return metricOf(name, set, (yTrue, yPred) => {
    const [t, p] = align(name, yTrue, yPred);
    return inTop(set.k, argMax(t), p);
  });
}

/** 1 where the label is among the k largest outputs, default 5: targets are class numbers. */
export function sparseTopKCategoricalAccuracy(options: { k?: number } = {}): Metric {
  const name = 'sparseTopKCategoricalAccuracy';
  const set = withDefaults(name, options, { k: 5 });
  checkCount(`${name}: k`, set.k);
  return metricOf(name, set, (yTrue, yPred) =>
    inTop(set.k, alignLabels(name, yTrue, yPred), asReal(yPred)),
  );
}

/** Σt·p/(‖t‖·‖p‖) over the last axis: the loss of that name with the sign changed. */
export function cosineSimilarity(options: object = {}): Metric {
  withDefaults('cosineSimilarity', options, {});
  const negative = lossTable.cosineSimilarity();
  return metricOf('cosineSimilarity', {}, (t, p) => affine(negative(t, p), -1));
}

/** A loss as a metric. */
function fromLoss(make: (options?: object) => Loss): (options?: object) => Metric {
  return (options) => {
    const loss = make(options);
    const { name, ...rest } = loss.config as Named;
    return metricOf(name, rest, loss);
  };
}

/** 1 where output and target have the same sign: targets −1 or 1 (or 0 or 1), outputs without limits. */
function signAccuracy(): Metric {
  return metricOf('signAccuracy', {}, (yTrue, yPred) => {
    const [t, p] = align('accuracy', yTrue, yPred);
    return equal(greater(t, 0), greater(p, 0));
  });
}

const MARGIN: readonly unknown[] = ['hinge', 'squaredHinge'];
const BINARY: readonly unknown[] = [...MARGIN, 'binaryCrossentropy', 'binaryFocalCrossentropy'];

/**
 * The accuracy that fits: binary for a single output or a loss of binary outputs, sparse for labels, else categorical.
 * Unlike Keras', the binary one compares signs where the loss takes logits or is a hinge.
 */
export function accuracyFor(loss: Loss, yPredShape: Shape): Metric {
  const { name, fromLogits }: Partial<Named> = loss.config ?? {};
  if (yPredShape.length < 2 || yPredShape.at(-1) === 1 || BINARY.includes(name)) {
    return fromLogits || MARGIN.includes(name) ? signAccuracy() : binaryAccuracy();
  }
  return loss.targets === 'labels' ? sparseCategoricalAccuracy() : categoricalAccuracy();
}

export const metrics = {
  ...Object.fromEntries(Object.entries(lossTable).map(([name, make]) => [name, fromLoss(make)])),
  binaryAccuracy,
  categoricalAccuracy,
  sparseCategoricalAccuracy,
  topKCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  cosineSimilarity,
};

/**
 * The metric of that name; functions stay. `accuracy` (or `acc`) is the one that fits the loss. Its label is the name
 * that was asked for. Throws `OptionError` for unknown names.
 */
export function metric(given: string | Named | Metric, loss: Loss): Metric {
  const accuracy = () =>
    metricOf('accuracy', {}, (yTrue, yPred) => accuracyFor(loss, yPred.shape)(yTrue, yPred));
  const found = find<Metric>('metric', given, { accuracy, acc: accuracy, ...metrics });
  return typeof given === 'string' ? labelled(found, given) : found;
}
