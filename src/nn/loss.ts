import { formatShape, sameShape, sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { softplus } from '../ops/activation.ts';
import { add, affine, div, equal, lessEqual, maximum, mul, sub } from '../ops/binary.ts';
import { reshape } from '../ops/layout.ts';
import { reduceMax, reduceMean } from '../ops/reduce.ts';
import { stopGradient, where } from '../ops/select.ts';
import { expand, reduceSum } from '../ops/sum.ts';
import { abs, clip, log, log1p, rsqrt, square } from '../ops/unary.ts';
import { ShapeError } from '../runtime/errors.ts';
import {
  binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from './crossentropy.ts';
import { checkNumber, find, type Named, named, withDefaults } from './named.ts';
import { align, asReal, type Loss } from './targets.ts';

export {
  binaryCrossentropy,
  binaryFocalCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
} from './crossentropy.ts';
export type { Loss } from './targets.ts';

type Formula = (t: Tensor, p: Tensor) => Tensor;
const LAST = { axes: -1 };
const EPSILON = 1e-7;
/** Longer vectors are shortened before they are squared: angles stay, and nothing overflows. */
const LONG = 1e15;

/** A loss without options. */
function simple(name: string, formula: Formula): () => Loss {
  return (options = {}) => {
    withDefaults(name, options, {});
    return named(name, {}, (yTrue: Tensor, yPred: Tensor) => formula(...align(name, yTrue, yPred)));
  };
}

/** The mean over the last axis of a loss for each element. */
function meanOf(name: string, formula: Formula): () => Loss {
  return simple(name, (t, p) => reduceMean(formula(t, p), LAST));
}

/** mean((p − t)²) */
export const meanSquaredError = meanOf('meanSquaredError', (t, p) => square(sub(p, t)));
/** mean(|p − t|) */
export const meanAbsoluteError = meanOf('meanAbsoluteError', (t, p) => abs(sub(p, t)));
/** 100·mean(|(t − p)/max(|t|, 10⁻⁷)|) */
export const meanAbsolutePercentageError = meanOf('meanAbsolutePercentageError', (t, p) =>
  affine(abs(div(sub(t, p), maximum(abs(t), EPSILON))), 100),
);
/** mean((ln(1 + p) − ln(1 + t))²), both at least 10⁻⁷ */
export const meanSquaredLogarithmicError = meanOf('meanSquaredLogarithmicError', (t, p) =>
  square(sub(log1p(maximum(p, EPSILON)), log1p(maximum(t, EPSILON)))),
);
/** mean(ln cosh(p − t)) */
export const logCosh = meanOf('logCosh', (t, p) => {
  const x = sub(p, t);
  return add(x, affine(softplus(affine(x, -2)), 1, -Math.LN2));
});
/** mean(p − t·ln(p + 10⁻⁷)) */
export const poisson = meanOf('poisson', (t, p) => sub(p, mul(t, log(affine(p, 1, EPSILON)))));
/** mean(max(1 − t·p, 0)); targets −1 or 1, 0 counts as −1 */
export const hinge = meanOf('hinge', margin);
/** mean(max(1 − t·p, 0)²) */
export const squaredHinge = meanOf('squaredHinge', (t, p) => square(margin(t, p)));
/** max(max((1 − t)·p) − Σt·p + 1, 0), targets 0 or 1 */
export const categoricalHinge = simple('categoricalHinge', (t, p) => {
  const right = reduceSum(mul(t, p), LAST);
  const wrong = reduceMax(mul(affine(t, -1, 1), p), LAST);
  return maximum(affine(sub(wrong, right), 1, 1), 0);
});
/** Σ t·ln(t/p), both limited to [10⁻⁷, 1] */
export const klDivergence = simple('klDivergence', (yTrue, yPred) => {
  const t = clip(yTrue, EPSILON, 1);
  const p = clip(yPred, EPSILON, 1);
  return reduceSum(mul(t, log(div(t, p))), LAST);
});
/** −Σt·p/(‖t‖·‖p‖) over the axis, default the last: −1 where they point the same way */
export function cosineSimilarity(options: { axis?: number } = {}): Loss {
  const set = withDefaults('cosineSimilarity', options, { axis: -1 });
  const over = { axes: set.axis };
  const inverseNorm = (x: Tensor) => rsqrt(maximum(reduceSum(square(x), over), EPSILON * EPSILON));
  const shorter = (x: Tensor) => {
    const largest = reduceMax(abs(stopGradient(x)), { ...over, keepDims: true });
    return div(x, maximum(affine(largest, 1 / LONG), 1));
  };
  return named('cosineSimilarity', set, (yTrue: Tensor, yPred: Tensor) => {
    const [t, p] = align('cosineSimilarity', yTrue, yPred).map(shorter) as [Tensor, Tensor];
    const product = mul(inverseNorm(t), inverseNorm(p));
    return affine(mul(reduceSum(mul(t, p), over), product), -1);
  });
}

function margin(t: Tensor, p: Tensor): Tensor {
  const sign = sub(t, equal(t, 0));
  return maximum(affine(mul(sign, p), -1, 1), 0);
}

/** mean of e²/2 where |e| ≤ delta, else delta·|e| − delta²/2, e = p − t (Huber 1964); delta default 1 */
export function huber(options: { delta?: number } = {}): Loss {
  const { delta } = withDefaults('huber', options, { delta: 1 });
  checkNumber('huber: delta', delta, { above: 0 });
  return named('huber', { delta }, (yTrue: Tensor, yPred: Tensor) => {
    const [t, p] = align('huber', yTrue, yPred);
    const error = sub(p, t);
    const size = abs(error);
    const near = affine(square(error), 0.5);
    return reduceMean(
      where(lessEqual(size, delta), near, affine(size, delta, -0.5 * delta * delta)),
      LAST,
    );
  });
}

/** Every loss under all its names, as `compile` takes them; each entry makes one with options. */
export const losses = {
  meanSquaredError,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredLogarithmicError,
  huber,
  logCosh,
  hinge,
  squaredHinge,
  categoricalHinge,
  binaryCrossentropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  klDivergence,
  poisson,
  cosineSimilarity,
  binaryFocalCrossentropy,
};

/** Short names, and the names that they stand for. */
export const LOSS_ALIASES: Readonly<Record<string, keyof typeof losses>> = {
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  mape: 'meanAbsolutePercentageError',
  msle: 'meanSquaredLogarithmicError',
  bce: 'binaryCrossentropy',
  kld: 'klDivergence',
  logcosh: 'logCosh',
};

/** Every loss under all its names. */
export const lossTable = {
  ...losses,
  ...Object.fromEntries(Object.entries(LOSS_ALIASES).map(([alias, name]) => [alias, losses[name]])),
};

/** The loss of that name; functions stay. Throws `OptionError` for unknown names. */
export function loss(given: string | Named | Loss): Loss {
  return find<Loss>('loss', given, lossTable);
}

/** The weights in the shape of `values`: axes of size 1 at the end come or go, others repeat. */
export function alignWeight(weight: Tensor, values: Tensor): Tensor {
  const rank = values.shape.length;
  const { shape } = weight;
  const extra = shape.slice(rank);
  const seen =
    shape.length > rank
      ? shape.slice(0, rank)
      : [...shape, ...new Array(rank - shape.length).fill(1)];
  const fits =
    extra.every((n) => n === 1) && seen.every((n, i) => n === 1 || n === values.shape[i]);
  if (!fits) {
    throw new ShapeError(
      `sample weights ${formatShape(shape)} do not fit losses ${formatShape(values.shape)}`,
    );
  }
  const same = reshape(asReal(weight), seen);
  return sameShape(seen, values.shape) ? same : expand(same, values.shape);
}

/**
 * Σ loss·weight divided by the number of losses, not by the sum of weights: Keras' `sum_over_batch_size`. Where `valid`
 * (0 or 1) is given, only those losses count.
 */
export function reduceLoss(perExample: Tensor, sampleWeight?: Tensor, valid?: Tensor): Tensor {
  const weighted = sampleWeight
    ? mul(perExample, alignWeight(sampleWeight, perExample))
    : perExample;
  if (valid) return div(reduceSum(mul(weighted, valid)), maximum(reduceSum(valid), 1));
  return affine(reduceSum(weighted), 1 / Math.max(1, sizeOf(perExample.shape)));
}
