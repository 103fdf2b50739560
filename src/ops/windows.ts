import { formatShape, type Shape, sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import { tensor } from './leaf.ts';

/** First element of a window and the one behind its last. */
export type Window = readonly [first: number, end: number];

/** Elements around an axis: in front and behind. */
export type Pads = readonly [before: number, after: number];

/**
 * `valid`: none; `same`: so many that there are ⌈n/stride⌉ windows, the odd one behind (as Keras); a number for both ends
 * of all axes, or for each axis a number or a pair.
 */
export type Padding = 'valid' | 'same' | number | readonly (number | Pads)[];

/** One number for all `axes`, or one each. */
export function perAxis(what: string, given: number | readonly number[], axes: number): number[] {
  const list = typeof given === 'number' ? new Array<number>(axes).fill(given) : [...given];
  if (list.length !== axes || !list.every((n) => Number.isSafeInteger(n) && n >= 1)) {
    throw new OptionError(
      `${what} is ${formatShape(list)}, expected a whole number ≥ 1, or ${axes} of them`,
    );
  }
  return list;
}

/** The padding of axis `i` of `axes`, of n elements. */
export function padsOf(
  padding: Padding,
  i: number,
  axes: number,
  n: number,
  size: number,
  stride: number,
): Pads {
  if (padding === 'valid') return [0, 0];
  if (padding === 'same') {
    const total = Math.max((Math.ceil(n / stride) - 1) * stride + size - n, 0);
    return [total >> 1, total - (total >> 1)];
  }
  const given = typeof padding === 'object' && padding.length === axes ? padding[i] : padding;
  const pads = typeof given === 'number' ? ([given, given] as const) : (given as Pads);
  const fits = Array.isArray(pads) || typeof given === 'number';
  if (!fits || pads.length !== 2 || !pads.every((p) => Number.isSafeInteger(p) && p >= 0)) {
    throw new OptionError(
      `padding is ${JSON.stringify(padding)}, expected valid, same, a number ≥ 0, or one or a pair for each of ${axes} axes`,
    );
  }
  return pads;
}

/** Windows of `size` elements every `stride`, cut to the n elements that there are. */
export function slidingWindows(
  n: number,
  size: number,
  stride: number,
  [before, after]: Pads,
): Window[] {
  const count = Math.floor((n + before + after - size) / stride) + 1;
  if (count < 1) throw new ShapeError(`a window of ${size} does not fit into ${n} elements`);
  if (before >= size || after >= size) {
    throw new OptionError(`padding [${before},${after}] is not below the window's size ${size}`);
  }
  return Array.from({ length: count }, (_, i): Window => {
    const first = i * stride - before;
    return [Math.max(first, 0), Math.min(first + size, n)];
  });
}

/** Windows from ⌊i·n/count⌋ to ⌈(i + 1)·n/count⌉ (as PyTorch's adaptive pooling). */
export function adaptiveWindows(n: number, count: number): Window[] {
  return Array.from(
    { length: count },
    (_, i): Window => [Math.floor((i * n) / count), Math.ceil(((i + 1) * n) / count)],
  );
}

/** Windows over images [B, .., C] of one to three axes, as kernels take them (assembly/pool.ts). */
export interface Geometry {
  /** Shapes of one image. */
  readonly large: Shape;
  readonly small: Shape;
  /** Each element is in exactly one window. */
  readonly tiles: boolean;
  /** The only window is the image. */
  readonly whole: boolean;
}

export function spatialAxes(op: string, { shape }: Tensor): Shape {
  if (shape.length >= 3 && shape.length <= 5) return shape.slice(1, -1);
  throw new ShapeError(
    `${op}: input ${formatShape(shape)}, expected [batch, .., channels] with 1 to 3 axes between`,
  );
}

/** The geometry and the table that kernels read it from; `windows` of each axis. */
export function geometryOf(
  image: Shape,
  windows: readonly (readonly Window[])[],
): [Geometry, Tensor] {
  const channels = image.at(-1) as number;
  const sizes = image.slice(0, -1);
  const front = new Array<number>(3 - sizes.length).fill(1);
  const flat: Window[][] = front.map(() => [[0, 1]]);
  const all = [...flat, ...windows];
  const pooled = windows.map((w) => w.length);
  const table = [...front, ...sizes, channels, ...all.map((w) => w.length), ...all.flat(2)];
  const tiles = windows.every(
    (axis, a) =>
      axis.every(([first], i) => first === (i ? axis[i - 1]?.[1] : 0)) &&
      axis.at(-1)?.[1] === sizes[a],
  );
  const small = [...pooled, channels];
  const whole = tiles && sizeOf(pooled) === 1;
  return [{ large: image, small, tiles, whole }, tensor(Int32Array.from(table as number[]))];
}
