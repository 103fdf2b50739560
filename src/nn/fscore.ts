import { sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, affine, greater, greaterEqual, mul } from '../ops/binary.ts';
import { scatterAdd } from '../ops/gather.ts';
import { reshape, squeeze } from '../ops/layout.ts';
import { scalar } from '../ops/leaf.ts';
import { argMax, reduceMax, reduceMean } from '../ops/reduce.ts';
import { cast } from '../ops/select.ts';
import { expand, reduceSum } from '../ops/sum.ts';
import { abs } from '../ops/unary.ts';
import { OptionError } from '../runtime/errors.ts';
import { builtIn, isLabels, type Metric, ratio } from './accumulator.ts';
import { alignWeight } from './loss.ts';
import { checkNumber, withDefaults } from './named.ts';
import { align, alignLabels, asReal } from './targets.ts';
import { elementsOf } from './thresholds.ts';

export interface FScoreOptions {
  /**
   * Over the classes: the mean (`'macro'`, the default), the mean by the weight of the class (`'weighted'`), all counts
   * together (`'micro'`), or `null`: one figure for each class, Keras' default.
   */
  readonly average?: 'macro' | 'weighted' | 'micro' | null;
  /** Outputs above it are positive; default the largest of each example, 0.5 where there is one output. */
  readonly threshold?: number | null;
}

export interface FBetaOptions extends FScoreOptions {
  /** How many times as much recall matters as precision, default 1. */
  readonly beta?: number;
}

const AVERAGES: readonly unknown[] = ['macro', 'weighted', 'micro', null];
/** An output of 0 is never the largest. */
const LEAST = 1e-9;

/** 1 where the output says that the example is of the class. */
function positives(p: Tensor, threshold: number | null): Tensor {
  const limit = threshold ?? (p.shape.at(-1) === 1 ? 0.5 : null);
  if (limit !== null) return greater(p, limit);
  const largest = reduceMax(p, { axes: -1, keepDims: true });
  return mul(greaterEqual(p, largest), greater(abs(p), LEAST));
}

function averaged(scores: Tensor, support: Tensor, average: unknown): Tensor {
  if (average === null) return scores.shape[0] === 1 ? squeeze(scores) : scores;
  if (average === 'weighted') return ratio(reduceSum(mul(scores, support)), reduceSum(support));
  return reduceMean(scores);
}

/** (1 + β²)·precision·recall/(β²·precision + recall), by class or averaged over classes; 0 where nothing is found. */
function fBeta(name: string, set: Required<FBetaOptions>, own: object): Metric {
  const { average, threshold, beta } = set;
  if (!AVERAGES.includes(average))
    throw new OptionError(
      `${name}: average is ${average}, expected macro, weighted, micro or null`,
    );
  if (threshold !== null) checkNumber(`${name}: threshold`, threshold);
  checkNumber(`${name}: beta`, beta, { above: 0 });
  return builtIn(
    name,
    own,
    {
      sums(yTrue, yPred, weight) {
        const { t, p, w } = elementsOf(name, yTrue, yPred, weight);
        const classes = p.shape.at(-1) as number;
        const hit = positives(p, threshold);
        const sum = (x: Tensor) =>
          reduceSum(reshape(mul(x, w), [sizeOf(p.shape) / classes, classes]), { axes: 0 });
        return [sum(mul(t, hit)), sum(mul(affine(t, -1, 1), hit)), sum(mul(t, affine(hit, -1, 1)))];
      },
      result(sums) {
        const seen = average === 'micro' ? sums.map((s) => reduceSum(s)) : sums;
        const [tp, fp, fn] = seen as [Tensor, Tensor, Tensor];
        const precision = ratio(tp, add(tp, fp));
        const recall = ratio(tp, add(tp, fn));
        const weighted = add(affine(precision, beta * beta), recall);
        const scores = affine(ratio(mul(precision, recall), weighted), 1 + beta * beta);
        return averaged(scores, add(tp, fn), average);
      },
    },
    'max',
    true,
  );
}

/** The harmonic mean of precision and recall, 2·P·R/(P + R). */
export function f1Score(options: FScoreOptions = {}): Metric {
  const set = withDefaults<Required<FScoreOptions>>('f1Score', options, {
    average: 'macro',
    threshold: null,
  });
  return fBeta('f1Score', { ...set, beta: 1 }, set);
}

/** (1 + β²)·P·R/(β²·P + R) */
export function fBetaScore(options: FBetaOptions = {}): Metric {
  const set = withDefaults<Required<FBetaOptions>>('fBetaScore', options, {
    average: 'macro',
    threshold: null,
    beta: 1,
  });
  return fBeta('fBetaScore', set, set);
}

/** Above that, cells of the matrix could not be told apart in single precision. */
const MOST_CLASSES = 4096;

/** True and predicted class (reals) of each example, and how many classes there are. */
function classes(name: string, yTrue: Tensor, yPred: Tensor, threshold: number) {
  const real = (x: Tensor) => cast(x, 'real');
  if (isLabels(yTrue, yPred)) {
    const labels = real(alignLabels(name, yTrue, yPred));
    return [labels, real(argMax(asReal(yPred))), yPred.shape.at(-1) as number] as const;
  }
  const [t, p] = align(name, yTrue, yPred);
  const count = p.shape.at(-1) as number;
  if (count > 1) return [real(argMax(t)), real(argMax(p)), count] as const;
  return [greater(t, 0.5), greater(p, threshold), 2] as const;
}

/**
 * Weight of the examples by true class (rows) and predicted class (columns), [C, C]. The predicted class is the largest
 * output; of a single output class 1 is what lies above the threshold, default 0.5. In logs cells are `confusionMatrix_0_1`.
 */
export function confusionMatrix(options: { threshold?: number } = {}): Metric {
  const name = 'confusionMatrix';
  const set = withDefaults(name, options, { threshold: 0.5 });
  checkNumber(`${name}: threshold`, set.threshold);
  return builtIn(
    name,
    set,
    {
      sums(yTrue, yPred, weight) {
        const [t, p, count] = classes(name, yTrue, yPred, set.threshold);
        if (count > MOST_CLASSES)
          throw new OptionError(`${name}: ${count} classes, at most ${MOST_CLASSES}`);
        const cell = cast(add(affine(t, count), p), 'i32');
        const w = weight ? alignWeight(weight, p) : expand(scalar(1), p.shape);
        return [reshape(scatterAdd(w, cell, count * count, []), [count, count])];
      },
      result: ([matrix]) => matrix as Tensor,
    },
    undefined,
    true,
  );
}
