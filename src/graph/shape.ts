import { OptionError, ShapeError, shown } from '../runtime/errors.ts';

/** Sizes of the axes, outermost first; [] is a scalar. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((a, b) => a * b, 1);
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

export function formatShape(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

/** NumPy's rule: aligned at the last axis, axes of size 1 stretch. */
export function broadcastShapes(a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const m = a[i - rank + a.length] ?? 1;
    const n = b[i - rank + b.length] ?? 1;
    if (m !== n && m !== 1 && n !== 1) {
      throw new ShapeError(`shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
    }
    return m === 1 ? n : m;
  });
}

/** Axis counted from the front; negative ones count from the back. */
export function normalizeAxis(axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(at) || at < 0 || at >= rank) {
    throw new OptionError(`axis ${axis} is outside of a tensor with ${rank} axes`);
  }
  return at;
}

/** Distinct axes in ascending order; all of them when none is given. */
export function normalizeAxes(axes: number | readonly number[] | undefined, rank: number) {
  if (axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (Array.isArray(axes) ? (axes as readonly number[]) : [axes as number]).map((a) =>
    normalizeAxis(a, rank),
  );
  if (new Set(list).size !== list.length) throw new OptionError(`axes ${list} name one twice`);
  return list.sort((a, b) => a - b);
}

/** Elements between neighbours of each axis in row-major order. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    strides[i] = step;
    step *= shape[i] as number;
  }
  return strides;
}

export function checkShape(shape: Shape): void {
  if (!Array.isArray(shape))
    throw new ShapeError(`shape is ${shown(shape)}, expected a list of sizes`);
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new ShapeError(`shape ${formatShape(shape)}: sizes must be whole numbers of at least 0`);
  }
}
