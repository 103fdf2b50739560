import { formatShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, affine, div, maximum, sub } from '../ops/binary.ts';
import { transpose } from '../ops/layout.ts';
import { scalar } from '../ops/leaf.ts';
import { matMul } from '../ops/matmul.ts';
import { reduceSum } from '../ops/sum.ts';
import { abs, sqrt, square } from '../ops/unary.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import { type Configured, checkNumber, find, type Named, named, withDefaults } from './named.ts';

/** A penalty, without axes, that is added to the loss of a batch of `examples`. */
export type Regularizer = ((w: Tensor, examples: number) => Tensor) & Configured;

export interface RegularizerOptions {
  /**
   * What multiplies the sum of |w| or w²: `'batch'`: λ/(2m), m the examples whose gradients an update averages (default);
   * `evaluate` and validation take the m of the last `fit`, without one the number of examples. `'keras'`: λ.
   */
  readonly scaling?: 'batch' | 'keras';
}

export interface LambdaOptions extends RegularizerOptions {
  /** Default 0.01. */
  readonly lambda?: number;
}

type Scaling = NonNullable<RegularizerOptions['scaling']>;
type Penalty = (w: Tensor, factor: number) => Tensor;

const absoluteSum: Penalty = (w, factor) => affine(reduceSum(abs(w)), factor);
const squareSum: Penalty = (w, factor) => affine(reduceSum(square(w)), factor);

const BATCH: Scaling = 'batch';

function scaled(lambda: number, scaling: Scaling, examples: number): number {
  return scaling === 'keras' ? lambda : lambda / (2 * examples);
}

function checkScaling(name: string, scaling: string): void {
  if (scaling === 'batch' || scaling === 'keras') return;
  throw new OptionError(`${name}: scaling "${scaling}", expected "batch" or "keras"`);
}

function single(name: string, penalty: Penalty) {
  return (given: number | LambdaOptions = {}, more: RegularizerOptions = {}): Regularizer => {
    const options = typeof given === 'number' ? { lambda: given, ...more } : given;
    const set = withDefaults(name, options, { lambda: 0.01, scaling: BATCH });
    checkNumber(`${name}: lambda`, set.lambda, { from: 0 });
    checkScaling(name, set.scaling);
    return named(name, set, (w: Tensor, examples: number) =>
      penalty(w, scaled(set.lambda, set.scaling, examples)),
    );
  };
}

/** λ/(2m)·Σ|w|: drives weights to zero. λ default 0.01. */
export const l1 = single('l1', absoluteSum);

/** λ/(2m)·Σw²: keeps weights small. λ default 0.01. */
export const l2 = single('l2', squareSum);

/** (l1·Σ|w| + l2·Σw²)/(2m), each 0 unless given. */
export function l1l2(options: { l1?: number; l2?: number } & RegularizerOptions = {}): Regularizer {
  const set = withDefaults('l1l2', options, { l1: 0, l2: 0, scaling: BATCH });
  checkNumber('l1l2: l1', set.l1, { from: 0 });
  checkNumber('l1l2: l2', set.l2, { from: 0 });
  checkScaling('l1l2', set.scaling);
  return named('l1l2', set, (w: Tensor, examples: number) => {
    const parts = [
      ...(set.l1 ? [absoluteSum(w, scaled(set.l1, set.scaling, examples))] : []),
      ...(set.l2 ? [squareSum(w, scaled(set.l2, set.scaling, examples))] : []),
    ];
    return parts.length ? parts.reduce((a, b) => add(a, b)) : scalar(0);
  });
}

export interface OrthogonalOptions {
  /** Default 0.01. */
  readonly factor?: number;
  /** What shall be orthogonal, default rows. */
  readonly mode?: 'rows' | 'columns';
}

/** factor times the mean |cos| of the angles between the rows, or columns, of a matrix. */
export function orthogonal(options: OrthogonalOptions = {}): Regularizer {
  const set = withDefaults<Required<OrthogonalOptions>>('orthogonal', options, {
    factor: 0.01,
    mode: 'rows',
  });
  checkNumber('orthogonal: factor', set.factor, { from: 0 });
  if (set.mode !== 'rows' && set.mode !== 'columns')
    throw new OptionError(`orthogonal: mode "${set.mode}", expected "rows" or "columns"`);
  return named('orthogonal', set, (w: Tensor) => {
    if (w.shape.length !== 2)
      throw new ShapeError(`orthogonal: weight ${formatShape(w.shape)}, expected two axes`);
    const rows = set.mode === 'rows' ? w : transpose(w);
    const n = rows.shape[0] as number;
    const norms = sqrt(maximum(reduceSum(square(rows), { axes: 1, keepDims: true }), 1e-12));
    const unit = div(rows, norms);
    const all = reduceSum(abs(matMul(unit, transpose(unit))));
    const own = reduceSum(square(unit));
    return affine(sub(all, own), set.factor / Math.max(1, n * (n - 1)));
  });
}

/** Penalties of weights, by the names that `kernelRegularizer` and `compile` take. */
export const regularizers = { l1, l2, l1l2, orthogonal };

/** The regulariser of that name; functions stay. Throws `OptionError` for unknown names. */
export function regularizer(given: string | Named | Regularizer): Regularizer {
  return find('regularizer', given, regularizers);
}
