import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { equal, greater, less, lessEqual } from '../ops/binary.ts';
import { pick } from '../ops/gather.ts';
import { unsqueeze } from '../ops/layout.ts';
import { argMax, reduceMax } from '../ops/reduce.ts';
import { equalI32 } from '../ops/select.ts';
import { slice } from '../ops/slice.ts';
import { reduceSum } from '../ops/sum.ts';
import { not } from '../ops/unary.ts';
import { type Metric, metricOf } from './accumulator.ts';
import { checkCount, checkNumber, type Named, withDefaults } from './named.ts';
import { align, alignLabels, asReal, type Loss } from './targets.ts';

/** Share of the outputs that lie on the target's side of the threshold, default 0.5; targets 0 or 1. */
export function binaryAccuracy(options: { threshold?: number } = {}): Metric {
  const name = 'binaryAccuracy';
  const set = withDefaults(name, options, { threshold: 0.5 });
  checkNumber(`${name}: threshold`, set.threshold);
  return metricOf(name, set, 'max', (yTrue, yPred) => {
    const [t, p] = align(name, yTrue, yPred);
    return equal(t, greater(p, set.threshold));
  });
}

/** 1 where the largest output is that of the largest target: targets are distributions (one-hot). */
export function categoricalAccuracy(options: object = {}): Metric {
  const name = 'categoricalAccuracy';
  withDefaults(name, options, {});
  return metricOf(name, {}, 'max', (yTrue, yPred) => {
    const [t, p] = align(name, yTrue, yPred);
    return equalI32(argMax(t), argMax(p));
  });
}

/** 1 where the largest output is the label's: targets are class numbers. */
export function sparseCategoricalAccuracy(options: object = {}): Metric {
  const name = 'sparseCategoricalAccuracy';
  withDefaults(name, options, {});
  return metricOf(name, {}, 'max', (yTrue, yPred) =>
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
  return metricOf(name, set, 'max', (yTrue, yPred) => {
    const [t, p] = align(name, yTrue, yPred);
    return inTop(set.k, argMax(t), p);
  });
}

/**
 * 1 where the label is among the k largest outputs, default 5: targets are class numbers. With `fromSortedIds` the
 * outputs are not scores but class numbers, the best first.
 */
export function sparseTopKCategoricalAccuracy(
  options: { k?: number; fromSortedIds?: boolean } = {},
): Metric {
  const name = 'sparseTopKCategoricalAccuracy';
  const set = withDefaults(name, options, { k: 5, fromSortedIds: false });
  checkCount(`${name}: k`, set.k);
  return metricOf(name, set, 'max', (yTrue, yPred) => {
    const labels = alignLabels(name, yTrue, yPred);
    if (!set.fromSortedIds) return inTop(set.k, labels, asReal(yPred));
    const { shape } = yPred;
    const size = [...shape.slice(0, -1), Math.min(set.k, shape.at(-1) as number)];
    const best = slice(
      asReal(yPred),
      shape.map(() => 0),
      size,
    );
    return reduceMax(equal(best, unsqueeze(asReal(labels), -1)), { axes: -1 });
  });
}

/** 1 where output and target have the same sign: targets −1 or 1 (or 0 or 1), outputs without limits. */
function signAccuracy(): Metric {
  return metricOf('signAccuracy', {}, 'max', (yTrue, yPred) => {
    const [t, p] = align('accuracy', yTrue, yPred);
    return equal(greater(t, 0), greater(p, 0));
  });
}

const MARGIN: readonly unknown[] = ['hinge', 'squaredHinge'];
const BINARY: readonly unknown[] = [...MARGIN, 'binaryCrossentropy', 'binaryFocalCrossentropy'];

/** Whether each output is a yes or no of its own. */
export function isBinary(loss: Loss, yPredShape: Shape): boolean {
  return yPredShape.length < 2 || yPredShape.at(-1) === 1 || BINARY.includes(loss.config?.name);
}

/**
 * The accuracy that fits: binary for a single output or a loss of binary outputs, sparse for labels, else categorical.
 * Unlike Keras', the binary one compares signs where the loss takes logits or is a hinge.
 */
export function accuracyFor(loss: Loss, yPredShape: Shape): Metric {
  const { name, fromLogits }: Partial<Named> = loss.config ?? {};
  if (isBinary(loss, yPredShape))
    return fromLogits || MARGIN.includes(name) ? signAccuracy() : binaryAccuracy();
  return loss.targets === 'labels' ? sparseCategoricalAccuracy() : categoricalAccuracy();
}

/** `accuracy`: the one that fits the loss; predictions that are class numbers (i32) must equal the targets. */
export function accuracy(loss: Loss): Metric {
  return metricOf('accuracy', {}, 'max', (yTrue, yPred) =>
    yPred.dtype === 'i32'
      ? equal(...align('accuracy', yTrue, yPred))
      : accuracyFor(loss, yPred.shape)(yTrue, yPred),
  );
}
