import { expect, test } from 'vitest';
import { numericalDerivative } from '../../src/check/derivative.ts';

const cube = (x: number) => x ** 3;

test('one-sided and two-sided differences of θ³ at 1', () => {
  expect(numericalDerivative(cube, 1, { epsilon: 0.01, sides: 1 })).toBeCloseTo(3.0301, 12);
  expect(numericalDerivative(cube, 1, { epsilon: 0.01 })).toBeCloseTo(3.0001, 12);
  expect(Math.abs(numericalDerivative(cube, 1) - 3)).toBeLessThan(1e-9);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('ε %f is refused', (epsilon) => {
  expect(() => numericalDerivative(cube, 1, { epsilon })).toThrow('expected a number above 0');
});
