import { sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, affine, div, equal, greater, mul, sub } from '../ops/binary.ts';
import { reshape } from '../ops/layout.ts';
import { scalar } from '../ops/leaf.ts';
import { reduceMean } from '../ops/reduce.ts';
import { where } from '../ops/select.ts';
import { expand, reduceSum } from '../ops/sum.ts';
import { square } from '../ops/unary.ts';
import { OptionError } from '../runtime/errors.ts';
import { builtIn, type Metric, ratio } from './accumulator.ts';
import { alignWeight } from './loss.ts';
import { checkCount, withDefaults } from './named.ts';
import { align } from './targets.ts';

export interface R2Options {
  /** Over the outputs: the mean (default), the mean by the targets' variance, or `null`: one figure for each. */
  readonly classAggregation?: 'uniformAverage' | 'varianceWeightedAverage' | null;
  /** Inputs of a linear model, for the adjusted R²; default 0: not adjusted. */
  readonly numRegressors?: number;
}

const AGGREGATIONS: readonly unknown[] = ['uniformAverage', 'varianceWeightedAverage', null];
const FIRST = { axes: 0 };

/** By output: weight, mean of the targets, squared distances from it, squared errors; and the number of examples. */
type State = [weight: Tensor, mean: Tensor, spread: Tensor, errors: Tensor, examples: Tensor];

function sums(yTrue: Tensor, yPred: Tensor, sampleWeight?: Tensor): State {
  const aligned = align('r2Score', yTrue, yPred);
  const columns = aligned[1].shape.at(-1) as number;
  const rows = sizeOf(aligned[1].shape) / columns;
  const w = reshape(
    sampleWeight ? alignWeight(sampleWeight, aligned[1]) : expand(scalar(1), aligned[1].shape),
    [rows, columns],
  );
  const [t, p] = aligned.map((x) => reshape(x, [rows, columns])) as [Tensor, Tensor];
  const weight = reduceSum(w, FIRST);
  const mean = ratio(reduceSum(mul(w, t), FIRST), weight);
  const squares = (x: Tensor) => reduceSum(mul(w, square(x)), FIRST);
  return [weight, mean, squares(sub(t, mean)), squares(sub(p, t)), scalar(rows)];
}

/** Means and squared distances of two parts together (Chan, Golub & LeVeque 1979): nothing large cancels. */
function merge(a: readonly Tensor[], b: readonly Tensor[]): State {
  const [wa, ma, sa, ea, na] = a as State;
  const [wb, mb, sb, eb, nb] = b as State;
  const weight = add(wa, wb);
  const share = ratio(wb, weight);
  const gap = sub(mb, ma);
  return [
    weight,
    add(ma, mul(gap, share)),
    add(add(sa, sb), mul(square(gap), mul(wa, share))),
    add(ea, eb),
    add(na, nb),
  ];
}

/** 1 − (1 − R²)(n − 1)/(n − k − 1), where there are enough examples. */
function adjusted(score: Tensor, examples: Tensor, regressors: number): Tensor {
  if (regressors === 0) return score;
  const free = affine(examples, 1, -regressors - 1);
  const enough = greater(free, 0);
  const factor = div(affine(examples, 1, -1), where(enough, free, 1));
  return where(enough, affine(mul(affine(score, -1, 1), factor), -1, 1), score);
}

/**
 * R² = 1 − Σ(p − t)²/Σ(t − mean t)²: 1 is exact, 0 what the mean would reach. Where the targets are constant it is 0,
 * and NaN if the predictions are exact.
 */
export function r2Score(options: R2Options = {}): Metric {
  const name = 'r2Score';
  const set = withDefaults<Required<R2Options>>(name, options, {
    classAggregation: 'uniformAverage',
    numRegressors: 0,
  });
  const { classAggregation: aggregation, numRegressors } = set;
  checkCount(`${name}: numRegressors`, numRegressors, 0);
  if (!AGGREGATIONS.includes(aggregation))
    throw new OptionError(
      `${name}: classAggregation is ${aggregation}, expected uniformAverage, varianceWeightedAverage or null`,
    );
  const result = (state: readonly Tensor[]) => {
    const [, , spread, errors, examples] = state as State;
    const constant = mul(equal(spread, 0), greater(errors, 0));
    const each = where(constant, 0, affine(div(errors, spread), -1, 1));
    if (aggregation === null) return adjusted(each, examples, numRegressors);
    const score =
      aggregation === 'uniformAverage'
        ? reduceMean(each)
        : ratio(reduceSum(mul(each, spread)), reduceSum(spread));
    return adjusted(score, examples, numRegressors);
  };
  return builtIn(name, set, { sums, merge, result }, 'max');
}
