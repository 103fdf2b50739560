import type { Tensor } from '../graph/tensor.ts';
import { add, affine, div, maximum, mul } from '../ops/binary.ts';
import { reduceSum } from '../ops/sum.ts';
import { clip, sqrt, square } from '../ops/unary.ts';
import { OptionError } from '../runtime/errors.ts';
import { type Configured, checkNumber, find, type Named, named, withDefaults } from './named.ts';

/** Where a weight may be: its value behind each update becomes the function's result. */
export type Constraint = ((w: Tensor) => Tensor) & Configured;

export interface AxisOptions {
  /** Axes over which the norm of a unit's weights goes, default 0: the inputs of a dense layer. */
  readonly axis?: number | readonly number[];
}

/** Norms below it count as it, so that zeros stay zeros. */
const LEAST_NORM = 1e-7;

function norm(w: Tensor, axes: number | readonly number[]): Tensor {
  return sqrt(reduceSum(square(w), { axes, keepDims: true }));
}

function checkAxis(name: string, axis: number | readonly number[]): void {
  if ([axis].flat().every((a) => Number.isInteger(a))) return;
  throw new OptionError(`${name}: axis is ${axis}, expected whole numbers`);
}

/** max(w, 0) */
export function nonNeg(options: object = {}): Constraint {
  withDefaults('nonNeg', options, {});
  return named('nonNeg', {}, (w: Tensor) => maximum(w, 0));
}

/** Shortens the weights of each unit to norm `maxValue` (default 2) where they are longer (Srebro et al. 2005). */
export function maxNorm(options: number | ({ maxValue?: number } & AxisOptions) = {}): Constraint {
  const given = typeof options === 'number' ? { maxValue: options } : options;
  const set = withDefaults('maxNorm', given, { maxValue: 2, axis: 0 });
  checkNumber('maxNorm: maxValue', set.maxValue, { above: 0 });
  checkAxis('maxNorm', set.axis);
  return named('maxNorm', set, (w: Tensor) => {
    const factor = affine(maximum(norm(w, set.axis), set.maxValue), 1 / set.maxValue);
    return div(w, factor);
  });
}

/** w/‖w‖: the weights of each unit have norm 1. */
export function unitNorm(options: AxisOptions = {}): Constraint {
  const set = withDefaults<Required<AxisOptions>>('unitNorm', options, { axis: 0 });
  checkAxis('unitNorm', set.axis);
  return named('unitNorm', set, (w: Tensor) => div(w, maximum(norm(w, set.axis), LEAST_NORM)));
}

export interface MinMaxNormOptions extends AxisOptions {
  /** Default 0. */
  readonly minValue?: number;
  /** Default 1. */
  readonly maxValue?: number;
  /** Share of the way that each step goes to the nearest allowed norm, default 1. */
  readonly rate?: number;
}

/** Brings the norm of each unit's weights into [minValue, maxValue]. */
export function minMaxNorm(options: MinMaxNormOptions = {}): Constraint {
  const name = 'minMaxNorm';
  const set = withDefaults<Required<MinMaxNormOptions>>(name, options, {
    minValue: 0,
    maxValue: 1,
    rate: 1,
    axis: 0,
  });
  checkNumber(`${name}: minValue`, set.minValue, { from: 0 });
  checkNumber(`${name}: maxValue`, set.maxValue, { from: set.minValue });
  checkNumber(`${name}: rate`, set.rate, { from: 0, to: 1 });
  checkAxis(name, set.axis);
  return named(name, set, (w: Tensor) => {
    const found = norm(w, set.axis);
    const wanted = clip(found, set.minValue, set.maxValue);
    const moved = add(affine(wanted, set.rate), affine(found, 1 - set.rate));
    return mul(w, div(moved, maximum(found, LEAST_NORM)));
  });
}

/** What weights are brought to behind each update, by the names that `kernelConstraint` takes. */
export const constraints = { maxNorm, nonNeg, unitNorm, minMaxNorm };

/** The constraint of that name; functions stay. Throws `OptionError` for unknown names. */
export function constraint(given: string | Named | Constraint): Constraint {
  return find<Constraint>('constraint', given, constraints);
}
