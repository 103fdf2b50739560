import { sameShape, sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { div, equal, mul } from '../ops/binary.ts';
import { oneHot } from '../ops/gather.ts';
import { scalar } from '../ops/leaf.ts';
import { where } from '../ops/select.ts';
import { reduceSum } from '../ops/sum.ts';
import { alignWeight } from './loss.ts';
import { type Configured, named } from './named.ts';
import { align, alignLabels, asReal } from './targets.ts';

/** How the figures of batches become that of all of them. */
export interface Accumulator {
  /** What one batch contributes: tensors whose shapes do not depend on its size. */
  readonly sums: (yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor) => readonly Tensor[];
  /** What two parts of the data contribute together, default their sum. It starts with zeros as the first part. */
  readonly merge?: (a: readonly Tensor[], b: readonly Tensor[]) => readonly Tensor[];
  /** The figure, a scalar or several numbers. */
  readonly result: (sums: readonly Tensor[]) => Tensor;
}

/** `'max'`: larger is better. */
export type Mode = 'min' | 'max';

/**
 * One value for each example or element, [B, …]: the metric is the mean over all of them. Where there is an
 * accumulator, the metric is what that makes of all batches, and the function gives it for one.
 */
export interface Metric extends Configured {
  (yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor): Tensor;
  /** Its name in results. */
  readonly label?: string;
  readonly accumulator?: Accumulator;
  /** Which values are better: callbacks that watch the metric ask. */
  readonly mode?: Mode | undefined;
  /** It is about probabilities: asked for by name, it gets them also where the loss takes logits. */
  readonly probabilities?: boolean;
}

export type Body = (yTrue: Tensor, yPred: Tensor) => Tensor;

export function metricOf(name: string, options: object, mode: Mode, body: Body): Metric {
  const own: Metric = named(name, options, (t: Tensor, p: Tensor) => body(t, p));
  return Object.assign(labelled(own, name), { mode });
}

export function labelled(body: Metric, label: string): Metric {
  return Object.defineProperty(body, 'label', {
    value: label,
    enumerable: true,
    configurable: true,
  });
}

/**
 * A metric that is no mean over examples: sums of each batch are merged, and at the end of the epoch become the figure.
 * `mode` says which values are better, for callbacks that watch it.
 *
 * @example
 * const worst = accumulatedMetric('worst', {
 *   sums: (t, p) => [ops.reduceMax(ops.abs(ops.sub(p, t)))],
 *   merge: ([a], [b]) => [ops.maximum(a, b)],
 *   result: ([largest]) => largest,
 * }, 'min');
 */
export function accumulatedMetric(name: string, accumulator: Accumulator, mode?: Mode): Metric {
  const body = (t: Tensor, p: Tensor, w?: Tensor) => accumulator.result(accumulator.sums(t, p, w));
  return Object.assign(labelled(body, name), { accumulator, mode });
}

/** One of the library, which can be saved by name and options. */
export function builtIn(
  name: string,
  options: object,
  accumulator: Accumulator,
  mode: Mode | undefined,
  probabilities = false,
): Metric {
  return Object.assign(named(name, options, accumulatedMetric(name, accumulator, mode)), {
    probabilities,
  });
}

/** a/b, 0 where b is 0. */
export function ratio(a: Tensor, b: Tensor): Tensor {
  return where(equal(b, 0), 0, div(a, b));
}

type Valid = (yTrue: Tensor, yPred: Tensor) => Tensor;

/** Σ value·weight/Σ weight, over all batches; weights that are given count only where `valid` says 1. */
export function weightedMean(values: Body, valid?: Valid): Accumulator {
  return {
    sums(t, p, w) {
      const found = values(t, p);
      if (!w) return [reduceSum(found), scalar(sizeOf(found.shape))];
      const given = alignWeight(w, found);
      const weight = valid ? mul(given, valid(t, p)) : given;
      return [reduceSum(mul(found, weight)), reduceSum(weight)];
    },
    result: ([sum, weight]) => ratio(sum as Tensor, weight as Tensor),
  };
}

/** Whether the targets are class numbers: [..] or [.., 1] for predictions [.., C] with C > 1. */
export function isLabels(t: Tensor, p: Tensor): boolean {
  const rows = p.shape.slice(0, -1);
  const fits = sameShape(t.shape, rows) || sameShape(t.shape, [...rows, 1]);
  return p.shape.length > 1 && p.shape.at(-1) !== 1 && fits;
}

/** Targets 0 to 1 in the shape of the predictions, class numbers as one-hot. */
export function classTargets(what: string, t: Tensor, p: Tensor): [t: Tensor, p: Tensor] {
  if (!isLabels(t, p)) return align(what, t, p);
  return [oneHot(alignLabels(what, t, p), p.shape.at(-1) as number), asReal(p)];
}
