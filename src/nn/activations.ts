import { formatShape, normalizeAxes, normalizeAxis } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import * as ops from '../ops/activation.ts';
import { add, affine, div, greater, mul, sub } from '../ops/binary.ts';
import { reshape, transpose } from '../ops/layout.ts';
import { where } from '../ops/select.ts';
import { slice } from '../ops/slice.ts';
import * as rows from '../ops/softmax.ts';
import { abs, clip, exp, sqrt, square } from '../ops/unary.ts';
import { ShapeError } from '../runtime/errors.ts';
import { type Configured, checkNumber, find, type Named, named, withDefaults } from './named.ts';

export interface Activation extends Configured {
  (x: Tensor): Tensor;
}

/** An activation without options. */
function plain(name: string, body: (x: Tensor) => Tensor): () => Activation {
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
/** ln σ(x) = −ln(1 + e⁻ˣ) */
export const logSigmoid = plain('logSigmoid', (x) => affine(ops.softplus(affine(x, -1)), -1));
/** (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ) */
export const tanh = plain('tanh', (x) => ops.tanh(x));
/** x − tanh x */
export const tanhShrink = plain('tanhShrink', (x) => sub(x, ops.tanh(x)));
/** min(max(x, 0), 6) */
export const relu6 = plain('relu6', (x) => clip(x, 0, 6));
/** ln(1 + eˣ) */
export const softplus = plain('softplus', (x) => ops.softplus(x));
/** x/(1 + |x|) */
export const softsign = plain('softsign', (x) => div(x, affine(abs(x), 1, 1)));
/** x·σ(x) (Ramachandran et al. 2017, arXiv:1710.05941), also called silu. */
export const swish = plain('swish', ops.swish);
/** The same as swish. */
export const silu = plain('silu', ops.swish);
/** x/6 + ½ limited to [0, 1] */
export const hardSigmoid = plain('hardSigmoid', hardGate);
/** x times hardSigmoid(x) */
export const hardSwish = plain('hardSwish', (x) => mul(x, hardGate(x)));
/** The same as hardSwish. */
export const hardSilu = plain('hardSilu', (x) => mul(x, hardGate(x)));
/** x limited to [−1, 1] */
export const hardTanh = plain('hardTanh', (x) => clip(x, -1, 1));
/** eˣ */
export const exponential = plain('exponential', (x) => exp(x));
/** x·tanh(ln(1 + eˣ)) (Misra 2019, arXiv:1908.08681) */
export const mish = plain('mish', (x) => mul(x, ops.tanh(ops.softplus(x))));
/** (x + √(x² + 4))/2 */
export const squareplus = plain('squareplus', (x) =>
  affine(add(x, sqrt(affine(square(x), 1, 4))), 0.5),
);

/** x/2 + ½ limited to [0, 1] */
export const sparseSigmoid = plain('sparseSigmoid', (x) => clip(affine(x, 0.5, 0.5), 0, 1));
/** 0 up to −1, (x + 1)²/4 up to 1, x from there on. */
export const sparsePlus = plain('sparsePlus', (x) => {
  const bent = square(affine(clip(x, -1, 1), 0.5, 0.5));
  return add(bent, ops.relu(affine(x, 1, -1)));
});

function hardGate(x: Tensor): Tensor {
  return clip(affine(x, 1 / 6, 0.5), 0, 1);
}

export const SELU_SCALE = 1.0507009873554805;
export const SELU_ALPHA = 1.6732632423543772;

/** 1.0507·elu(x, 1.6733): keeps mean 0 and variance 1 (Klambauer et al. 2017, arXiv:1706.02515). */
export const selu = plain('selu', (x) => affine(ops.elu(x, SELU_ALPHA), SELU_SCALE));

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

/** x where x > 0, else alpha·(e^(x/alpha) − 1); default 1. */
export function celu(options: { alpha?: number } = {}): Activation {
  const set = withDefaults('celu', options, { alpha: 1 });
  checkNumber('celu: alpha', set.alpha, { above: 0 });
  return named('celu', set, (x: Tensor) => affine(ops.elu(affine(x, 1 / set.alpha)), set.alpha));
}

/** An activation with one threshold, default ½. */
function shrink(name: string, body: (x: Tensor, threshold: number) => Tensor) {
  return (options: { threshold?: number } = {}): Activation => {
    const set = withDefaults(name, options, { threshold: 0.5 });
    checkNumber(`${name}: threshold`, set.threshold, { from: 0 });
    return named(name, set, (x: Tensor) => body(x, set.threshold));
  };
}

/** x where |x| > threshold, else 0; default ½. */
export const hardShrink = shrink('hardShrink', (x, t) => mul(x, greater(abs(x), t)));
/** x moved towards 0 by `threshold`, 0 where that is further than 0; default ½. */
export const softShrink = shrink('softShrink', (x, t) =>
  sub(ops.relu(affine(x, 1, -t)), ops.relu(affine(x, -1, -t))),
);

/** x where x > threshold (default 0), else value (default 0). */
export function threshold(options: { threshold?: number; value?: number } = {}): Activation {
  const set = withDefaults('threshold', options, { threshold: 0, value: 0 });
  checkNumber('threshold: threshold', set.threshold);
  checkNumber('threshold: value', set.value);
  return named('threshold', set, (x: Tensor) => where(greater(x, set.threshold), x, set.value));
}

/** a·σ(b), a and b the halves of x along `axis`, default the last (Dauphin et al. 2016, arXiv:1612.08083). */
export function glu(options: { axis?: number } = {}): Activation {
  const { axis } = withDefaults('glu', options, { axis: -1 });
  return named('glu', { axis }, (x: Tensor) => {
    const at = normalizeAxis(axis, x.shape.length);
    const whole = x.shape[at] as number;
    if (whole % 2) throw new ShapeError(`glu: axis ${axis} of ${formatShape(x.shape)} is odd`);
    const size = x.shape.with(at, whole / 2);
    const half = (from: number) =>
      slice(
        x,
        x.shape.map((_, i) => (i === at ? from : 0)),
        size,
      );
    return mul(half(0), ops.sigmoid(half(whole / 2)));
  });
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

function overAxis(name: string, op: (x: Tensor) => Tensor) {
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
/** x − ln Σeˣ over `axis`, default the last; several axes count as one. */
export const logSoftmax = overAxis('logSoftmax', (x) => rows.logSoftmax(x));

/** Functions of tensors by the names that `activation` of a layer takes; `linear` leaves x as it is. */
export const activations = {
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
  selu,
  celu,
  relu6,
  mish,
  softsign,
  exponential,
  logSoftmax,
  logSigmoid,
  hardSigmoid,
  hardSwish,
  hardSilu,
  hardTanh,
  tanhShrink,
  squareplus,
  sparseSigmoid,
  sparsePlus,
  hardShrink,
  softShrink,
  threshold,
  glu,
};

/** The activation of that name; functions stay. Throws `OptionError` for unknown names. */
export function activation(given: string | Named | Activation): Activation {
  return find<Activation>('activation', given, activations);
}
