import { expect, test } from 'vitest';
import { encode } from '../../src/runtime/encode.ts';
import { address, end, kernel, type Row, repeat } from '../../src/runtime/row.ts';

const bytes = (rows: readonly Row[]) =>
  encode(
    rows,
    rows.map(() => false),
    (p) => p.offset,
    4,
  );

function nested(depth: number): Row[] {
  return [...Array.from({ length: depth }, () => repeat(2)), ...Array.from({ length: depth }, end)];
}

const wide = kernel(9, Array.from({ length: 49 }, (_, i) => `p${i}:In`).join(' '));

test('programs that a thread could not run are refused', () => {
  expect(bytes(nested(7)).length).toBe(7 * (8 + 24) + 7 * 16);
  expect(() => bytes(nested(8))).toThrow('8 nested loops, at most 7');
  expect(() => bytes([repeat(1)])).toThrow('`repeat` without `end`');
  expect(() => bytes([end()])).toThrow('`end` without `repeat`');
  const still = Array.from({ length: 49 }, (_, i) => address(64 * i));
  const moving = still.map((p) => ({ ...p, strides: [[0, 4]] as const }));
  expect(bytes([wide(...still)]).length).toBe(8 * 50);
  expect(() => bytes([wide(...moving)])).toThrow('kernel 9 moves with 49 arguments, at most 48');
});
