import type { OpInfo, Tensor } from '../graph/tensor.ts';
import { sigmoid } from '../ops/activation.ts';
import { add, affine, div, maximum, mul, notEqual } from '../ops/binary.ts';
import { pick } from '../ops/gather.ts';
import { reduceMean } from '../ops/reduce.ts';
import { cast } from '../ops/select.ts';
import {
  sigmoidCrossEntropy,
  softmax,
  softmaxCrossEntropy,
  softmaxCrossEntropyDense,
} from '../ops/softmax.ts';
import { reduceSum } from '../ops/sum.ts';
import { clip, log, powScalar } from '../ops/unary.ts';
import { checkNumber, named, withDefaults } from './named.ts';
import { align, alignLabels, asReal, type Loss } from './targets.ts';

/** Predictions are limited to [ε, 1 − ε] where their logits are not at hand. */
const EPSILON = 1e-7;
const LAST = { axes: -1 };
/** Below it the slope of x^γ, 0 < γ < 1, counts as 0: at 0 there is none. */
const STEEP = 1e-30;

export interface CrossentropyOptions {
  /** Predictions are logits: sigmoid or softmax has not been applied. Default false. */
  readonly fromLogits?: boolean;
  /** Share of the target that is spread evenly over the classes, default 0. */
  readonly labelSmoothing?: number;
}

function checkSmoothing(name: string, value: number): void {
  checkNumber(`${name}: labelSmoothing`, value, { from: 0, to: 1 });
}

/** What the activation was applied to, or undefined when it did not make the predictions. */
function logitsOf(yPred: Tensor, activation: object, fromLogits: boolean): Tensor | undefined {
  if (fromLogits) return yPred;
  return (yPred.op as OpInfo as object) === activation ? yPred.inputs[0] : undefined;
}

function limited(p: Tensor): Tensor {
  return clip(p, EPSILON, 1 - EPSILON);
}

/** −t·ln p − (1 − t)·ln(1 − p) */
function binaryFromProbabilities(t: Tensor, p: Tensor): Tensor {
  const q = affine(p, -1, 1);
  return affine(add(mul(t, log(p)), mul(affine(t, -1, 1), log(q))), -1);
}

/**
 * mean(−t·ln p − (1 − t)·ln(1 − p)) over the last axis. Where p was made by a sigmoid, or `fromLogits` says so, it is
 * computed from the logits, without overflow.
 */
export function binaryCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = 'binaryCrossentropy';
  const set = withDefaults(name, options, { fromLogits: false, labelSmoothing: 0 });
  checkSmoothing(name, set.labelSmoothing);
  return named(name, set, (yTrue: Tensor, yPred: Tensor) => {
    const logits = logitsOf(yPred, sigmoid, set.fromLogits);
    const [targets, p] = align(name, yTrue, logits ?? yPred);
    const t = smooth(targets, set.labelSmoothing, 2);
    return reduceMean(
      logits ? sigmoidCrossEntropy(p, t) : binaryFromProbabilities(t, limited(p)),
      LAST,
    );
  });
}

/** t·(1 − s) + s/n */
function smooth(t: Tensor, smoothing: number, classes: number): Tensor {
  return smoothing === 0 ? t : affine(t, 1 - smoothing, smoothing / classes);
}

export interface FocalOptions extends CrossentropyOptions {
  /** How much well-classified examples are damped, default 2. */
  readonly gamma?: number;
  /** Weight of class 1, class 0 has 1 − alpha; default 0.25. */
  readonly alpha?: number;
  /** Whether alpha is applied, default false. */
  readonly applyClassBalancing?: boolean;
}

/** Binary cross-entropy times (1 − q)^γ, q the probability of the right class (Lin et al. 2017, arXiv:1708.02002). */
export function binaryFocalCrossentropy(options: FocalOptions = {}): Loss {
  const name = 'binaryFocalCrossentropy';
  const set = withDefaults(name, options, {
    fromLogits: false,
    labelSmoothing: 0,
    gamma: 2,
    alpha: 0.25,
    applyClassBalancing: false,
  });
  checkSmoothing(name, set.labelSmoothing);
  checkNumber(`${name}: gamma`, set.gamma, { from: 0 });
  checkNumber(`${name}: alpha`, set.alpha, { from: 0, to: 1 });
  return named(name, set, (yTrue: Tensor, yPred: Tensor) => {
    const logits = logitsOf(yPred, sigmoid, set.fromLogits);
    const [targets, x] = align(name, yTrue, logits ?? yPred);
    const t = smooth(targets, set.labelSmoothing, 2);
    const p = logits ? sigmoid(x) : limited(x);
    const entropy = logits ? sigmoidCrossEntropy(x, t) : binaryFromProbabilities(t, p);
    const share = mix(t, affine(p, -1, 1), p);
    const wrong = set.gamma > 0 && set.gamma < 1 ? maximum(share, STEEP) : share;
    const focal = mul(powScalar(wrong, set.gamma), entropy);
    if (!set.applyClassBalancing) return reduceMean(focal, LAST);
    return reduceMean(mul(affine(t, 2 * set.alpha - 1, 1 - set.alpha), focal), LAST);
  });
}

/** t·a + (1 − t)·b */
function mix(t: Tensor, a: Tensor, b: Tensor): Tensor {
  return add(mul(t, a), mul(affine(t, -1, 1), b));
}

function total(p: Tensor): Tensor {
  return reduceSum(p, { axes: -1, keepDims: true });
}

/**
 * −Σ t·ln p over the last axis, t a distribution over the classes (one-hot). Where p was made by a softmax, or
 * `fromLogits` says so, it is computed from the logits, without overflow; otherwise p is scaled to sum 1.
 */
export function categoricalCrossentropy(options: CrossentropyOptions = {}): Loss {
  const name = 'categoricalCrossentropy';
  const set = withDefaults(name, options, { fromLogits: false, labelSmoothing: 0 });
  checkSmoothing(name, set.labelSmoothing);
  return named(name, set, (yTrue: Tensor, yPred: Tensor) => {
    const logits = logitsOf(yPred, softmax, set.fromLogits);
    const [targets, p] = align(name, yTrue, logits ?? yPred);
    const t = smooth(targets, set.labelSmoothing, p.shape.at(-1) as number);
    if (logits) return softmaxCrossEntropyDense(p, t);
    return affine(reduceSum(mul(t, log(limited(div(p, total(p))))), LAST), -1);
  });
}

export interface SparseOptions {
  /** Predictions are logits: softmax has not been applied. Default false. */
  readonly fromLogits?: boolean;
  /** Examples (or elements) with this label do not count. Default none. */
  readonly ignoreClass?: number | undefined;
}

/** −ln p[label]: labels are i32 class numbers [..], predictions [.., C]. From logits as `categoricalCrossentropy`. */
export function sparseCategoricalCrossentropy(options: SparseOptions = {}): Loss {
  const name = 'sparseCategoricalCrossentropy';
  const set = withDefaults<SparseOptions & { fromLogits: boolean }>(name, options, {
    fromLogits: false,
    ignoreClass: undefined,
  });
  const { ignoreClass } = set;
  const valid =
    ignoreClass === undefined
      ? undefined
      : (t: Tensor, p: Tensor) => notEqual(asReal(alignLabels(name, t, p)), ignoreClass);
  const body = (yTrue: Tensor, yPred: Tensor) => {
    const logits = logitsOf(yPred, softmax, set.fromLogits);
    const counts = valid?.(yTrue, yPred);
    const given = alignLabels(name, yTrue, yPred);
    const labels = counts ? cast(mul(asReal(given), counts), 'i32') : given;
    const value = logits ? softmaxCrossEntropy(logits, labels) : fromProbabilities(yPred, labels);
    return counts ? mul(value, counts) : value;
  };
  return Object.assign(named(name, set, body), { targets: 'labels' as const, valid });
}

function fromProbabilities(yPred: Tensor, labels: Tensor): Tensor {
  const p = div(pick(yPred, labels), reduceSum(yPred, LAST));
  return affine(log(limited(p)), -1);
}
