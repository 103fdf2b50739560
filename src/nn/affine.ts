import type { Tensor } from '../graph/tensor.ts';
import { add, affine, mul } from '../ops/binary.ts';
import { scalar } from '../ops/leaf.ts';
import { concat } from '../ops/slice.ts';
import { expand } from '../ops/sum.ts';
import { cos, sin } from '../ops/unary.ts';

/** A number for all images, or one for each: [B, 1]. */
export type Entry = number | Tensor;

export function times(a: Entry, b: Entry): Entry {
  if (typeof a !== 'number') return typeof b === 'number' ? times(b, a) : mul(a, b);
  if (typeof b === 'number') return a * b;
  if (a === 0) return 0;
  return a === 1 ? b : affine(b, a);
}

export function plus(a: Entry, b: Entry): Entry {
  if (typeof a !== 'number') return typeof b === 'number' ? plus(b, a) : add(a, b);
  if (typeof b === 'number') return a + b;
  return a === 0 ? b : affine(b, 1, a);
}

export const minus = (a: Entry, b: Entry): Entry => plus(a, times(-1, b));

/** The map (x, y) → (a·x + b·y, c·x + d·y). */
export type Linear = readonly [a: Entry, b: Entry, c: Entry, d: Entry];

export const IDENTITY: Linear = [1, 0, 0, 1];

/** First g, then f. */
export function compose([a, b, c, d]: Linear, [p, q, r, s]: Linear): Linear {
  return [
    plus(times(a, p), times(b, r)),
    plus(times(a, q), times(b, s)),
    plus(times(c, p), times(d, r)),
    plus(times(c, q), times(d, s)),
  ];
}

/** Turns by the angle, from the x axis to the y axis. */
export function turn(angle: Tensor): Linear {
  const [c, s] = [cos(angle), sin(angle)];
  return [c, times(-1, s), s, c];
}

type Size = readonly [height: number, width: number];
type Point = readonly [y: Entry, x: Entry];

/**
 * The rows of `maps` for `warp` [B, 6] that draw an image of size `to` from one of size `from`: where an output pixel lies from
 * the middle, less `shift`, is mapped by `linear` to where to look from the middle of the input.
 */
export function mapsOf(linear: Linear, shift: Point, from: Size, to: Size, B: number): Tensor {
  const [a, b, c, d] = linear;
  const y = minus(-(to[0] - 1) / 2, shift[0]);
  const x = minus(-(to[1] - 1) / 2, shift[1]);
  const u = plus(plus(times(a, x), times(b, y)), (from[1] - 1) / 2);
  const v = plus(plus(times(c, x), times(d, y)), (from[0] - 1) / 2);
  return concat(
    [a, b, u, c, d, v].map((e) => column(e, B)),
    1,
  );
}

export function column(e: Entry, B: number): Tensor {
  return typeof e === 'number' ? expand(scalar(e), [B, 1]) : e;
}
