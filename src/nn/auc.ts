import type { Tensor } from '../graph/tensor.ts';
import { sigmoid } from '../ops/activation.ts';
import { add, affine, div, greater, maximum, minimum, mul, sub } from '../ops/binary.ts';
import { tensor } from '../ops/leaf.ts';
import { reduceMean } from '../ops/reduce.ts';
import { where } from '../ops/select.ts';
import { slice } from '../ops/slice.ts';
import { reduceSum } from '../ops/sum.ts';
import { log } from '../ops/unary.ts';
import { OptionError } from '../runtime/errors.ts';
import { builtIn, type Metric, ratio } from './accumulator.ts';
import { checkCount, checkNumber, withDefaults } from './named.ts';
import { type Counts, countsOf, elementsOf, evenThresholds, histogram } from './thresholds.ts';

export interface AucOptions {
  /** Thresholds at which the curve is known, default 200. */
  readonly numThresholds?: number;
  /** The thresholds between 0 and 1 themselves, instead. */
  readonly thresholds?: readonly number[] | undefined;
  /** Recall against the share of false alarms, precision against recall, or their gains. Default `'ROC'`. */
  readonly curve?: 'ROC' | 'PR' | 'PRGAIN';
  /** Between two thresholds: the middle, the lower or the upper value. Default `'interpolation'`. */
  readonly summationMethod?: 'interpolation' | 'minoring' | 'majoring';
  /** The mean of each output's own area; otherwise all outputs are one set of yes and no. Default false. */
  readonly multiLabel?: boolean;
  /** Weight of each output. */
  readonly labelWeights?: readonly number[] | undefined;
  /** Predictions are logits. Default false. */
  readonly fromLogits?: boolean;
}

type Chosen = 'numThresholds' | 'curve' | 'summationMethod' | 'multiLabel' | 'fromLogits';

/** Beyond 0 and 1, so that the curve has both of its ends. */
const MARGIN = 1e-7;

function thresholdsOf({ thresholds, numThresholds = 200 }: AucOptions): number[] {
  const inner = thresholds
    ? [...thresholds].sort((a, b) => a - b)
    : evenThresholds(numThresholds).slice(1, -1);
  return [-MARGIN, ...inner, 1 + MARGIN];
}

/** All rows but the last, and all but the first: the two ends of each piece of the curve. */
function ends(x: Tensor): [from: Tensor, to: Tensor] {
  const [n, labels] = x.shape as [number, number];
  return [slice(x, [0, 0], [n - 1, labels]), slice(x, [1, 0], [n - 1, labels])];
}

/** 1 − FN/TP·π/(1 − π) and 1 − FP/TP·π/(1 − π), π the share of positives, at least 0 (Flach & Kull 2015). */
function gains({ tp, fp, tn, fn }: Counts): [x: Tensor, y: Tensor] {
  const odds = ratio(add(tp, fn), add(fp, tn));
  const gain = (wrong: Tensor) =>
    maximum(affine(mul(odds, div(wrong, maximum(tp, MARGIN))), -1, 1), 0);
  return [gain(fn), gain(fp)];
}

function curveOf(curve: string, counts: Counts): [x: Tensor, y: Tensor] {
  const { tp, fp, tn, fn } = counts;
  const recall = ratio(tp, add(tp, fn));
  if (curve === 'ROC') return [ratio(fp, add(fp, tn)), recall];
  return curve === 'PR' ? [recall, ratio(tp, add(tp, fp))] : gains(counts);
}

/** Σ Δx·height by label. */
function riemann([x, y]: [x: Tensor, y: Tensor], method: string): Tensor {
  const [x0, x1] = ends(x);
  const [y0, y1] = ends(y);
  const height =
    method === 'interpolation'
      ? affine(add(y0, y1), 0.5)
      : (method === 'minoring' ? minimum : maximum)(y0, y1);
  return mul(sub(x0, x1), height);
}

/** Precision between two thresholds as TP and TP + FP change evenly (Davis & Goadrich 2006). */
function interpolatedPrecision({ tp, fp, fn }: Counts): Tensor {
  const [tp0, tp1] = ends(tp);
  const [p0, p1] = ends(add(tp, fp));
  const [, fn1] = ends(fn);
  const rise = sub(tp0, tp1);
  const slope = ratio(rise, maximum(sub(p0, p1), 0));
  const intercept = sub(tp1, mul(slope, p1));
  const known = mul(greater(p0, 0), greater(p1, 0));
  const quotient = where(known, div(where(known, p0, 1), where(known, p1, 1)), 1);
  const area = mul(slope, add(rise, mul(intercept, log(quotient))));
  return ratio(area, maximum(add(tp1, fn1), 0));
}

/**
 * Area under the ROC or precision-recall curve, from counts at thresholds, as Keras: exact up to pairs of examples between
 * the same two thresholds. Targets 0 or 1 (above 0.5 is positive), predictions 0 to 1.
 */
export function auc(options: AucOptions = {}): Metric {
  const name = 'auc';
  const set = withDefaults<AucOptions & Required<Pick<AucOptions, Chosen>>>(name, options, {
    numThresholds: 200,
    thresholds: undefined,
    curve: 'ROC',
    summationMethod: 'interpolation',
    multiLabel: false,
    labelWeights: undefined,
    fromLogits: false,
  });
  check(name, set);
  const thresholds = thresholdsOf(set);
  const { curve, summationMethod, multiLabel, labelWeights, fromLogits } = set;
  return builtIn(
    name,
    set,
    {
      sums(yTrue, yPred, weight) {
        const { t, p, w } = elementsOf(name, yTrue, yPred, weight);
        const seen = labelWeights && !multiLabel ? mul(w, tensor(labelWeights)) : w;
        const labels = multiLabel ? (p.shape.at(-1) as number) : 1;
        return [histogram({ t, p: fromLogits ? sigmoid(p) : p, w: seen }, thresholds, labels)];
      },
      result([bins]) {
        const labels = (bins as Tensor).shape[0] as number;
        const counts = countsOf(bins as Tensor, thresholds, labels / 2 / (thresholds.length + 1));
        const parts =
          curve === 'PR' && summationMethod === 'interpolation'
            ? interpolatedPrecision(counts)
            : riemann(curveOf(curve, counts), summationMethod);
        return overLabels(reduceSum(parts, { axes: 0 }), multiLabel ? labelWeights : undefined);
      },
    },
    'max',
    !fromLogits,
  );
}

function overLabels(areas: Tensor, weights: readonly number[] | undefined): Tensor {
  if (!weights) return reduceMean(areas);
  const w = tensor(weights);
  return ratio(reduceSum(mul(areas, w)), reduceSum(w));
}

const CURVES = ['ROC', 'PR', 'PRGAIN'];
const METHODS = ['interpolation', 'minoring', 'majoring'];

function check(name: string, set: AucOptions): void {
  const { numThresholds = 200, thresholds = [], labelWeights = [] } = set;
  checkCount(`${name}: numThresholds`, numThresholds, 2);
  for (const t of thresholds) checkNumber(`${name}: thresholds`, t, { from: 0, to: 1 });
  for (const w of labelWeights) checkNumber(`${name}: labelWeights`, w, { from: 0 });
  const choices = { curve: CURVES, summationMethod: METHODS } as const;
  for (const [option, known] of Object.entries(choices)) {
    const given = `${set[option as keyof typeof choices]}`;
    if (!known.includes(given))
      throw new OptionError(`${name}: ${option} is ${given}, expected one of ${known.join(', ')}`);
  }
}
