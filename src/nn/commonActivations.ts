import { normalizeAxes } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import * as ops from '../ops/activation.ts';
import { affine, greater, mul, sub } from '../ops/binary.ts';
import { reshape, transpose } from '../ops/layout.ts';
import * as rows from '../ops/softmax.ts';
import { clip, square } from '../ops/unary.ts';
import { type Configured, checkNumber, named, withDefaults } from './named.ts';

export interface Activation extends Configured {
  (x: Tensor): Tensor;
}

/** An activation without options. */
export function plain(name: string, body: (x: Tensor) => Tensor): () => Activation {
  const found: Activation = named(name, {}, (x: Tensor) => body(x));
  return (options = {}) => {
    withDefaults(name, options, {});
    return found;
  };
}

/** x */
export const linear = plain('linear', (x) => x);
/** 1/(1 + e⁻ˣ) */
export const sigmoid = plain('sigmoid', (x) => ops.sigmoid(x));
/** (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ) */
export const tanh = plain('tanh', (x) => ops.tanh(x));
/** ln(1 + eˣ) */
export const softplus = plain('softplus', (x) => ops.softplus(x));
/** x·σ(x) (Ramachandran et al. 2017, arXiv:1710.05941), also called silu. */
export const swish = plain('swish', ops.swish);
/** The same as swish. */
export const silu = plain('silu', ops.swish);
export interface ReluOptions {
  /** Slope below the threshold, default 0. */
  readonly negativeSlope?: number;
  /** Largest value, default none. */
  readonly maxValue?: number;
  /** x up to here counts as negative, default 0. */
  readonly threshold?: number;
}

const plainRelu = plain('relu', (x) => ops.relu(x))();

/** max(x, 0); with options: maxValue from there on, x above the threshold, negativeSlope·(x − threshold) below it. */
export function relu(options: ReluOptions = {}): Activation {
  const { negativeSlope, maxValue, threshold } = withDefaults('relu', options, {
    negativeSlope: 0,
    maxValue: undefined as number | undefined,
    threshold: 0,
  });
  if (negativeSlope === 0 && maxValue === undefined && threshold === 0) return plainRelu;
  checkNumber('relu: negativeSlope', negativeSlope, { from: 0 });
  checkNumber('relu: threshold', threshold, { from: 0 });
  if (maxValue !== undefined) checkNumber('relu: maxValue', maxValue, { from: 0 });
  return named('relu', { negativeSlope, maxValue, threshold }, (x: Tensor) => {
    const above = threshold === 0 ? ops.relu(x) : mul(x, greater(x, threshold));
    const limited = maxValue === undefined ? above : clip(above, 0, maxValue);
    if (negativeSlope === 0) return limited;
    return sub(limited, affine(ops.relu(affine(x, -1, threshold)), negativeSlope));
  });
}

/** x where x > 0, else negativeSlope·x; default 0.01. */
export function leakyRelu(options: { negativeSlope?: number } = {}): Activation {
  const set = withDefaults('leakyRelu', options, { negativeSlope: 0.01 });
  checkNumber('leakyRelu: negativeSlope', set.negativeSlope, { from: 0 });
  return named('leakyRelu', set, (x: Tensor) => ops.leakyRelu(x, set.negativeSlope));
}

/** x where x > 0, else alpha·(eˣ − 1); default 1 (Clevert et al. 2015, arXiv:1511.07289). */
export function elu(options: { alpha?: number } = {}): Activation {
  const set = withDefaults('elu', options, { alpha: 1 });
  checkNumber('elu: alpha', set.alpha, { from: 0 });
  return named('elu', set, (x: Tensor) => ops.elu(x, set.alpha));
}

/**
 * x·Φ(x) (Hendrycks and Gimpel 2016, arXiv:1606.08415); `approximate`: x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
 */
export function gelu(options: { approximate?: boolean } = {}): Activation {
  const set = withDefaults('gelu', options, { approximate: false });
  return named('gelu', set, (x: Tensor) => {
    if (!set.approximate) return ops.gelu(x);
    const inner = affine(mul(x, affine(square(x), 0.044715, 1)), Math.sqrt(2 / Math.PI));
    return mul(x, affine(ops.tanh(inner), 0.5, 0.5));
  });
}

export function overAxis(name: string, op: (x: Tensor) => Tensor) {
  return (options: { axis?: number | readonly number[] } = {}): Activation => {
    const { axis } = withDefaults<{ axis: number | readonly number[] }>(name, options, {
      axis: -1,
    });
    return named(name, { axis }, (x: Tensor) =>
      typeof axis === 'number' ? rows.along(x, axis, op) : overAxes(x, axis, op),
    );
  };
}

/** An op of the last axis on several axes as one. */
function overAxes(x: Tensor, axes: readonly number[], op: (x: Tensor) => Tensor): Tensor {
  const taken = normalizeAxes(axes, x.shape.length);
  const kept = x.shape.map((_, i) => i).filter((i) => !taken.includes(i));
  const order = [...kept, ...taken];
  const moved = transpose(x, order);
  const flat = reshape(moved, [...kept.map((i) => x.shape[i] as number), -1]);
  const back = x.shape.map((_, i) => order.indexOf(i));
  return transpose(reshape(op(flat), moved.shape), back);
}

/** eˣ/Σeˣ over `axis`, default the last; several axes count as one. */
export const softmax = overAxis('softmax', (x) => rows.softmax(x));

/** Those that most networks have. */
export const commonActivations = {
  linear,
  relu,
  sigmoid,
  tanh,
  softmax,
  leakyRelu,
  elu,
  gelu,
  softplus,
  swish,
  silu,
};
