import { formatShape, type Shape, sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { OptionError, ShapeError, shown } from '../runtime/errors.ts';
import { tensor } from './leaf.ts';

/** First element of a window and the one behind its last. */
export type Window = readonly [first: number, end: number];

/** Elements around an axis: in front and behind. */
export type Pads = readonly [before: number, after: number];

/** Elements at both ends of all axes, or for each axis a number or [in front, behind]. One axis takes [in front, behind]. */
export type Sides = number | readonly (number | Pads)[];

/** `valid`: none; `same`: so many that there are ⌈n/stride⌉ windows, the odd one behind (as Keras); or `Sides`. */
export type Padding = 'valid' | 'same' | Sides;

/** One number for all `axes`, or one each. */
export function perAxis(what: string, given: number | readonly number[], axes: number): number[] {
  const list = Array.isArray(given) ? [...given] : new Array<number>(axes).fill(given as number);
  if (list.length !== axes || !list.every((n) => Number.isSafeInteger(n) && n >= 1)) {
    throw new OptionError(
      `${what} is ${shown(given)}, expected a whole number ≥ 1, or ${axes} of them`,
    );
  }
  return list;
}

/** [in front, behind] of each axis. */
export function sidesOf(what: string, given: Sides, axes: number): Pads[] {
  const list = !Array.isArray(given)
    ? new Array<number>(axes).fill(given as number)
    : axes === 1 && given.length === 2
      ? [given as unknown as Pads]
      : (given as readonly (number | Pads)[]);
  const pairs = list.map((s) => (typeof s === 'number' ? [s, s] : s) as Pads);
  const fits =
    pairs.length === axes &&
    pairs.every((p) => p?.length === 2 && p.every((n) => Number.isSafeInteger(n) && n >= 0));
  if (fits) return pairs;
  throw new OptionError(
    `${what} is ${JSON.stringify(given)}, expected a whole number ≥ 0, or one or a pair for each of ${axes} axes`,
  );
}

/** Throws for a word that is no padding, and for numbers that do not fit the axes. */
export function checkPadding(
  title: string,
  given: Padding | 'causal',
  axes: number,
  words: readonly string[] = ['valid', 'same'],
): void {
  if (typeof given !== 'string') sidesOf(`${title}: padding`, given, axes);
  else if (!words.includes(given))
    throw new OptionError(
      `${title}: padding is "${given}", expected ${words.slice(0, -1).join(', ')}, ${words.at(-1)} or numbers`,
    );
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
  if (padding !== 'same') return sidesOf('padding', padding, axes)[i] as Pads;
  const total = Math.max((Math.ceil(n / stride) - 1) * stride + size - n, 0);
  return [total >> 1, total - (total >> 1)];
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
