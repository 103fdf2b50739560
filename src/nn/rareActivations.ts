import { formatShape, normalizeAxis } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import * as ops from '../ops/activation.ts';
import { add, affine, div, greater, mul, sub } from '../ops/binary.ts';
import { where } from '../ops/select.ts';
import { slice } from '../ops/slice.ts';
import * as rows from '../ops/softmax.ts';
import { abs, clip, exp, sqrt, square } from '../ops/unary.ts';
import { ShapeError } from '../runtime/errors.ts';
import { type Activation, overAxis, plain } from './commonActivations.ts';
import { checkNumber, named, withDefaults } from './named.ts';

/** ln σ(x) = −ln(1 + e⁻ˣ) */
export const logSigmoid = plain('logSigmoid', (x) => affine(ops.softplus(affine(x, -1)), -1));
/** x − tanh x */
export const tanhShrink = plain('tanhShrink', (x) => sub(x, ops.tanh(x)));
/** min(max(x, 0), 6) */
export const relu6 = plain('relu6', (x) => clip(x, 0, 6));
/** x/(1 + |x|) */
export const softsign = plain('softsign', (x) => div(x, affine(abs(x), 1, 1)));
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

/** x − ln Σeˣ over `axis`, default the last; several axes count as one. */
export const logSoftmax = overAxis('logSoftmax', (x) => rows.logSoftmax(x));

/** Those that few networks have: bundles for inference load them when needed. */
export const rareActivations = {
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
