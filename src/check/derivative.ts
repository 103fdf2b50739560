import { checkOptions, OptionError, shown, TypeMismatchError } from '../runtime/errors.ts';

/** Step of two-sided differences in double precision: about the cube root of the rounding error. */
export const EPSILON = 1e-5;

export interface DerivativeOptions {
  /** Default 1e-5. */
  readonly epsilon?: number;
  /** 2 (default): (f(x + ε) − f(x − ε))/2ε, error O(ε²); 1: (f(x + ε) − f(x))/ε, error O(ε). */
  readonly sides?: 1 | 2;
}

/**
 * The derivative of a function of a number at x, by differences.
 *
 * @example numericalDerivative((x) => x ** 3, 1, { epsilon: 0.01 }) // 3.0001; with `sides: 1` 3.0301
 */
export function numericalDerivative(
  f: (x: number) => number,
  x: number,
  options: DerivativeOptions = {},
): number {
  checkOptions('numericalDerivative', options, ['epsilon', 'sides']);
  if (typeof x !== 'number')
    throw new TypeMismatchError(`numericalDerivative: x is ${shown(x)}, expected a number`);
  const { epsilon = EPSILON, sides = 2 } = options;
  checkEpsilon('numericalDerivative', epsilon);
  if (sides === 1) return (f(x + epsilon) - f(x)) / epsilon;
  return (f(x + epsilon) - f(x - epsilon)) / (2 * epsilon);
}

/** Throws `OptionError` unless ε is a number above 0. */
export function checkEpsilon(what: string, epsilon: number): void {
  if (!(epsilon > 0 && Number.isFinite(epsilon)))
    throw new OptionError(`${what}: epsilon is ${epsilon}, expected a number above 0`);
}
