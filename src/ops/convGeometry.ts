import { formatShape, type Shape } from '../graph/shape.ts';
import { checkOptions, ShapeError } from '../runtime/errors.ts';

/** How a filter walks over images; all in pixels. */
export interface ConvOptions {
  /** Down and right, default [1, 1]. */
  readonly strides?: readonly [number, number];
  /** Distance of neighbouring taps of the filter, default [1, 1]. */
  readonly dilation?: readonly [number, number];
  /** Zeros around the image: top, bottom, left, right. Default none. */
  readonly pads?: readonly [number, number, number, number];
  /** Channels are in so many groups that do not meet, default 1. */
  readonly groups?: number;
}

export type ConvAttrs = Required<ConvOptions>;

export function convAttrs(
  op: string,
  options: ConvOptions,
  more: readonly string[] = [],
): ConvAttrs {
  checkOptions(op, options, ['strides', 'dilation', 'pads', 'groups', ...more]);
  const { strides = [1, 1], dilation = [1, 1], pads = [0, 0, 0, 0], groups = 1 } = options;
  const wrong = (list: readonly number[], from: number, count: number) =>
    list.length !== count || !list.every((n) => Number.isSafeInteger(n) && n >= from);
  if (wrong(strides, 1, 2) || wrong(dilation, 1, 2) || wrong(pads, 0, 4) || wrong([groups], 1, 1)) {
    throw new ShapeError(
      `${op}: strides [${strides}], dilation [${dilation}], pads [${pads}], groups ${groups}: expected whole numbers, two, two, four and one`,
    );
  }
  return { strides, dilation, pads, groups };
}

/** Sizes of a convolution: x [B, H, W, C], w [KH, KW, C/groups, F], y [B, OH, OW, F]. */
export interface ConvSizes {
  readonly B: number;
  readonly H: number;
  readonly W: number;
  readonly C: number;
  readonly KH: number;
  readonly KW: number;
  readonly F: number;
  readonly OH: number;
  readonly OW: number;
}

/** The sizes, from the shapes of image and filter. Throws `ShapeError` where they do not fit. */
export function convSizes(op: string, x: Shape, w: Shape, attrs: ConvAttrs): ConvSizes {
  const { strides, dilation, pads, groups } = attrs;
  if (x.length !== 4) {
    throw new ShapeError(
      `${op}: input ${formatShape(x)}, expected [batch, height, width, channels]`,
    );
  }
  const [B, H, W, C] = x as [number, number, number, number];
  const [KH, KW, depth, F] = w as [number, number, number, number];
  if (w.length !== 4 || depth * groups !== C || F % groups !== 0) {
    throw new ShapeError(
      `${op}: input ${formatShape(x)} in ${groups} groups, filter ${formatShape(w)}, expected [height, width, ${C / groups}, a multiple of ${groups}]`,
    );
  }
  const OH = outputs(H + pads[0] + pads[1], KH, strides[0], dilation[0]);
  const OW = outputs(W + pads[2] + pads[3], KW, strides[1], dilation[1]);
  if (OH < 1 || OW < 1 || KH < 1 || KW < 1) {
    throw new ShapeError(
      `${op}: filter ${formatShape(w)} with dilation [${dilation}] does not fit into the input ${formatShape(x)} with pads [${pads}]`,
    );
  }
  return { B, H, W, C, KH, KW, F, OH, OW };
}

function outputs(n: number, taps: number, stride: number, dilation: number): number {
  return Math.floor((n - (taps - 1) * dilation - 1) / stride) + 1;
}

export function convFlops({ B, OH, OW, KH, KW, C, F }: ConvSizes, groups: number): number {
  return (2 * B * OH * OW * KH * KW * C * F) / groups;
}

/** Which taps meet which pixels along one axis: output `first + i·every` = Σ_j source[start + i·stride + j·distance]·w[tap + j·tapStep]. */
export interface Walk {
  readonly first: number;
  readonly every: number;
  readonly count: number;
  readonly taps: number;
  readonly tap: number;
  readonly tapStep: number;
  readonly start: number;
  readonly stride: number;
  readonly distance: number;
}

/** Walks along an axis whose source has so many zeros before and behind it. */
export interface Axis {
  readonly before: number;
  readonly behind: number;
  readonly walks: readonly Walk[];
}

/** Axis 0 or 1 of a convolution. */
export function forwardAxis(sizes: ConvSizes, attrs: ConvAttrs, axis: 0 | 1): Axis {
  const taps = axis ? sizes.KW : sizes.KH;
  const walk = {
    first: 0,
    every: 1,
    count: axis ? sizes.OW : sizes.OH,
    taps,
    tap: 0,
    tapStep: 1,
    start: 0,
    stride: attrs.strides[axis],
    distance: attrs.dilation[axis],
  };
  const [before, behind] = attrs.pads.slice(2 * axis, 2 * axis + 2) as [number, number];
  return { before, behind, walks: [walk] };
}

/**
 * The gradient of an axis: positions of x whose distance is a multiple of the stride meet the same taps, so each such
 * set is a convolution of dy with stride 1.
 */
export function backwardAxis(sizes: ConvSizes, attrs: ConvAttrs, axis: 0 | 1): Axis {
  const [n, outs, taps] = axis ? [sizes.W, sizes.OW, sizes.KW] : [sizes.H, sizes.OH, sizes.KH];
  const stride = attrs.strides[axis];
  const dilation = attrs.dilation[axis];
  const pad = attrs.pads[2 * axis] as number;
  const walks = Array.from({ length: Math.min(stride, n) }, (_, first): Walk => {
    const met = Array.from({ length: taps }, (_, k) => k)
      .filter((k) => (first + pad - k * dilation) % stride === 0)
      .reverse();
    const at = met.map((k) => (first + pad - k * dilation) / stride);
    return {
      first,
      every: stride,
      count: Math.ceil((n - first) / stride),
      taps: met.length,
      tap: met[0] ?? 0,
      tapStep: met.length > 1 ? (met[1] as number) - (met[0] as number) : 0,
      start: at[0] ?? 0,
      stride: 1,
      distance: at.length > 1 ? (at[1] as number) - (at[0] as number) : 0,
    };
  });
  const reach = (w: Walk) => w.start + w.count - 1 + Math.max(0, w.taps - 1) * w.distance;
  const before = Math.max(0, ...walks.map((w) => -w.start));
  const behind = Math.max(0, ...walks.map((w) => reach(w) - (outs - 1)));
  return { before, behind, walks: walks.map((w) => ({ ...w, start: w.start + before })) };
}

/** One walk over all taps, one by one, with steps of one pixel. */
export function isPlain({ walks: [walk, ...others] }: Axis): boolean {
  if (!walk || others.length > 0 || walk.start !== 0) return false;
  return walk.every === 1 && walk.stride === 1 && (walk.taps === 1 || walk.distance === 1);
}

/** Images from which on threads share whole ones, and else the parts that all rows are cut into. */
export const MANY = 16;
/** Multiplications below which nothing is shared. */
const SERIAL = 4096;

/** Rows of images that threads share, `work` multiplications each. */
export function rowUnit(images: number, rows: number, work: number): number {
  if (images * rows * work <= SERIAL) return Math.max(1, images * rows);
  return images >= MANY ? rows : Math.ceil((images * rows) / MANY);
}
