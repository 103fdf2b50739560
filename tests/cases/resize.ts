import * as ops from '../../src/ops/index.ts';
import { at, type Case, make, spread, type Values } from './case.ts';

type Shape = readonly number[];

const repeatCase = (shape: Shape, factors: readonly number[], more: Partial<Case> = {}): Case => ({
  name: `[${shape}] by [${factors}]`,
  inputs: [spread(shape)],
  op: (x) => ops.repeatElements(x, factors),
  reference: (x) =>
    make(
      shape.map((n, a) => n * (a > 0 && a < shape.length - 1 ? (factors[a - 1] as number) : 1)),
      (ix) =>
        at(
          x,
          ...ix.map((i, a) =>
            a > 0 && a < shape.length - 1 ? Math.floor(i / (factors[a - 1] as number)) : i,
          ),
        ),
    ),
  order: 2,
  ...more,
});

/** The value at a place between pixels, along one axis after the other. */
function between(x: Values, ix: readonly number[], places: readonly number[], axis = 0): number {
  const place = places[axis];
  if (place === undefined) return at(x, ...ix);
  const n = x.shape[axis + 1] as number;
  const inside = Math.min(Math.max(place, 0), n - 1);
  const low = Math.floor(inside);
  const value = (i: number) => between(x, ix.with(axis + 1, Math.min(i, n - 1)), places, axis + 1);
  return value(low) * (1 - inside + low) + value(low + 1) * (inside - low);
}

const linearCase = (shape: Shape, size: readonly number[], more: Partial<Case> = {}): Case => ({
  name: `[${shape}] to [${size}]`,
  inputs: [spread(shape)],
  op: (x) => ops.resizeLinear(x, size),
  reference: (x) =>
    make([shape[0] as number, ...size, shape.at(-1) as number], (ix) =>
      between(
        x,
        ix,
        size.map((n, a) => (((ix[a + 1] as number) + 0.5) * (shape[a + 1] as number)) / n - 0.5),
      ),
    ),
  order: 2,
  ...more,
});

export const resizes = {
  repeatElements: [
    repeatCase([2, 3, 4, 5], [2, 2]),
    repeatCase([2, 3, 2, 8], [3, 2]),
    repeatCase([2, 5, 3], [4]),
    repeatCase([1, 2, 3, 2, 3], [2, 1, 3]),
    repeatCase([16, 14, 14, 16], [2, 2], { order: 0, bench: true }),
  ],
  resizeLinear: [
    linearCase([2, 3, 4, 3], [6, 8]),
    linearCase([2, 5, 4, 2], [3, 7]),
    linearCase([2, 4, 4, 1], [4, 4]),
    linearCase([2, 5, 2], [9]),
    linearCase([1, 2, 3, 2, 2], [3, 3, 4]),
    linearCase([1, 1, 1, 4], [2, 3]),
  ],
} satisfies Record<string, Case[]>;
