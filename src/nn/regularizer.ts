import type { Tensor } from '../graph/tensor.ts';
import { add, affine } from '../ops/binary.ts';
import { scalar } from '../ops/leaf.ts';
import { reduceSum } from '../ops/sum.ts';
import { abs, square } from '../ops/unary.ts';
import { OptionError } from '../runtime/errors.ts';
import { type Configured, checkNumber, find, type Named, named, withDefaults } from './named.ts';

/** A penalty, without axes, that is added to the loss. */
export type Regularizer = ((w: Tensor) => Tensor) & Configured;

export interface RegularizerOptions {
  /** What λ multiplies. `'keras'`: the sum, Σ|w| or Σw². Default. */
  readonly scaling?: 'keras';
}

export interface LambdaOptions extends RegularizerOptions {
  /** Default 0.01. */
  readonly lambda?: number;
}

type Penalty = (w: Tensor, lambda: number) => Tensor;

const absoluteSum: Penalty = (w, lambda) => affine(reduceSum(abs(w)), lambda);
const squareSum: Penalty = (w, lambda) => affine(reduceSum(square(w)), lambda);

function checkScaling(name: string, scaling: string): void {
  if (scaling !== 'keras') throw new OptionError(`${name}: scaling "${scaling}", expected "keras"`);
}

function single(name: string, penalty: Penalty) {
  return (given: number | LambdaOptions = {}, more: RegularizerOptions = {}): Regularizer => {
    const options = typeof given === 'number' ? { lambda: given, ...more } : given;
    const set = withDefaults(name, options, { lambda: 0.01, scaling: 'keras' });
    checkNumber(`${name}: lambda`, set.lambda, { from: 0 });
    checkScaling(name, set.scaling);
    return named(name, set, (w: Tensor) => penalty(w, set.lambda));
  };
}

/** λ·Σ|w|: drives weights to zero. λ default 0.01. */
export const l1 = single('l1', absoluteSum);

/** λ·Σw²: keeps weights small. λ default 0.01. */
export const l2 = single('l2', squareSum);

/** l1·Σ|w| + l2·Σw², each 0 unless given. */
export function l1l2(options: { l1?: number; l2?: number } & RegularizerOptions = {}): Regularizer {
  const set = withDefaults('l1l2', options, { l1: 0, l2: 0, scaling: 'keras' });
  checkNumber('l1l2: l1', set.l1, { from: 0 });
  checkNumber('l1l2: l2', set.l2, { from: 0 });
  checkScaling('l1l2', set.scaling);
  return named('l1l2', set, (w: Tensor) => {
    const parts = [
      ...(set.l1 ? [absoluteSum(w, set.l1)] : []),
      ...(set.l2 ? [squareSum(w, set.l2)] : []),
    ];
    return parts.length ? parts.reduce((a, b) => add(a, b)) : scalar(0);
  });
}

export const regularizers = { l1, l2, l1l2 };

/** The regulariser of that name; functions stay. Throws `OptionError` for unknown names. */
export function regularizer(given: string | Named | Regularizer): Regularizer {
  return find('regularizer', given, regularizers);
}
