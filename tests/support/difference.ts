import { expect } from 'vitest';

/** The largest difference, relative to the largest number. */
export function difference(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((e, i) => Math.abs((actual[i] as number) - e))) / scale;
}
