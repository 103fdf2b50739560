import { formatShape, sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { ShapeError } from '../runtime/errors.ts';
import { type Conv2dOptions, conv2d, conv2dInputGrad } from './conv.ts';
import type { LinearActivation } from './fused.ts';
import { reshape, squeeze, transpose, unsqueeze } from './layout.ts';
import { concat, pad, slice } from './slice.ts';
import { addAll } from './unary.ts';
import type { Pads } from './windows.ts';

/** How a filter walks over images of one to three axes: one entry for each of them. */
export interface ConvolveOptions {
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  /** Zeros in front of and behind each axis. */
  readonly pads: readonly Pads[];
  /** Channels are in so many groups that do not meet, default 1. */
  readonly groups?: number;
  /** Applied to the sum, default linear. */
  readonly activation?: LinearActivation;
}

type Two = readonly [number, number];

/** The last two axes of the options; in front of one axis there is one of size 1. */
function planar({ strides, dilation, pads, ...rest }: ConvolveOptions): Conv2dOptions {
  const two = (list: readonly number[]) => [1, ...list].slice(-2) as unknown as Two;
  const sides = [[0, 0] as const, ...pads].slice(-2) as unknown as readonly [Pads, Pads];
  return {
    ...rest,
    strides: two(strides),
    dilation: two(dilation),
    pads: [...sides[0], ...sides[1]],
  };
}

/**
 * Convolution over one to three axes: x [B, .., C], w [..kernel, C/groups, F], bias [F] → [B, .., F]. Throws `ShapeError` where
 * they do not fit.
 */
export function convolve(
  x: Tensor,
  w: Tensor,
  b: Tensor | undefined,
  options: ConvolveOptions,
): Tensor {
  const axes = options.strides.length;
  if (x.shape.length !== axes + 2 || w.shape.length !== axes + 2) {
    throw new ShapeError(
      `convolve: input ${formatShape(x.shape)}, filter ${formatShape(w.shape)}, expected ${axes} axes and two each`,
    );
  }
  if (axes === 1) return squeeze(conv2d(unsqueeze(x, 1), unsqueeze(w, 0), b, planar(options)), 1);
  if (axes === 2) return conv2d(x, w, b, planar(options));
  return convolveVolumes(x, w, b, options);
}

/** What the taps of a volume's filter meet along its depth become channels of planes. */
function convolveVolumes(
  x: Tensor,
  w: Tensor,
  b: Tensor | undefined,
  options: ConvolveOptions,
): Tensor {
  const [KD, KH, KW, depth, F] = w.shape as [number, number, number, number, number];
  const [planes, OD] = planesOf(x, KD, options);
  const filter = reshape(transpose(w, [1, 2, 0, 3, 4]), [KH, KW, KD * depth, F]);
  const y = conv2d(planes, filter, b, planar(options));
  return reshape(y, [x.shape[0] as number, OD, ...y.shape.slice(1)]);
}

/** x [B, D, H, W, C] → [B·OD, H, W, groups·taps·C/groups], and OD. */
function planesOf(x: Tensor, taps: number, options: ConvolveOptions): [Tensor, number] {
  const { strides, dilation, pads, groups = 1 } = options;
  const [stride, step, [front, behind]] = [strides[0], dilation[0], pads[0]] as [
    number,
    number,
    Pads,
  ];
  const [B, D, H, W, C] = x.shape as [number, number, number, number, number];
  const OD = Math.floor((D + front + behind - (taps - 1) * step - 1) / stride) + 1;
  if (OD < 1 || C % groups !== 0) {
    throw new ShapeError(
      `convolve: ${taps} taps with dilation ${step} do not fit into the depth of the input ${formatShape(x.shape)} in ${groups} groups`,
    );
  }
  const after = Math.max(0, (taps - 1) * step + OD * stride - front - D);
  const padded = front || after ? pad(x, [0, front, 0, 0, 0], [0, after, 0, 0, 0]) : x;
  const met = Array.from({ length: taps }, (_, k) => {
    const part = slice(padded, [0, k * step, 0, 0, 0], [B, OD * stride, H, W, C]);
    const each = everyOne(reshape(part, [B * OD, stride, H * W * C]));
    return reshape(each, [B * OD * H * W, groups, C / groups]);
  });
  return [reshape(concat(met, -1), [B * OD, H, W, taps * C]), OD];
}

/** [n, stride, rest] → the first of each stride, [n, rest]. */
function everyOne(x: Tensor): Tensor {
  const [n, stride, rest] = x.shape as [number, number, number];
  return reshape(stride > 1 ? slice(x, [0, 0, 0], [n, 1, rest]) : x, [n, rest]);
}

/**
 * Transposed convolution over one to three axes, the gradient of the input of a convolution whose output is x: x [B, .., F],
 * w [..kernel, C, F] → [B, ..size, C].
 */
export function convolveTransposed(
  x: Tensor,
  w: Tensor,
  size: readonly number[],
  options: ConvolveOptions,
): Tensor {
  const two = [1, ...size].slice(-2) as unknown as Two;
  if (size.length === 1)
    return squeeze(conv2dInputGrad(unsqueeze(x, 1), unsqueeze(w, 0), two, planar(options)), 1);
  if (size.length === 2) return conv2dInputGrad(x, w, two, planar(options));
  return transposedVolumes(x, w, size, options);
}

/** All taps of the depth at once as channels of planes, each then moved to where it belongs. */
function transposedVolumes(
  x: Tensor,
  w: Tensor,
  size: readonly number[],
  options: ConvolveOptions,
): Tensor {
  const { strides, dilation, pads } = options;
  const [stride, step, [front]] = [strides[0], dilation[0], pads[0]] as [number, number, Pads];
  const [B, D, h, v, F] = x.shape as [number, number, number, number, number];
  const [KD, KH, KW, C] = w.shape as [number, number, number, number];
  const [depth, H, W] = size as [number, number, number];
  const filter = reshape(transpose(w, [1, 2, 0, 3, 4]), [KH, KW, KD * C, F]);
  const planes = conv2dInputGrad(reshape(x, [B * D, h, v, F]), filter, [H, W], planar(options));
  const byTap = reshape(planes, [B * D * H * W, KD, C]);
  const length = Math.max((KD - 1) * step + D * stride, front + depth);
  const moved = Array.from({ length: KD }, (_, k) => {
    const one = slice(byTap, [0, k, 0], [-1, 1, -1]);
    const apart = pad(reshape(one, [B * D, 1, H * W * C]), [0, 0, 0], [0, stride - 1, 0]);
    const at = k * step;
    return pad(
      reshape(apart, [B, D * stride, H * W * C]),
      [0, at, 0],
      [0, length - at - D * stride, 0],
    );
  });
  const whole = slice(addAll(moved), [0, front, 0], [B, depth, H * W * C]);
  return reshape(whole, [B, depth, H, W, C]);
}

/** Channels in, one filter bank each: w [..kernel, C, times] as a filter of C groups, [..kernel, 1, C·times]. */
export function depthwiseFilter(w: Tensor): Tensor {
  return reshape(w, [...w.shape.slice(0, -2), 1, sizeOf(w.shape.slice(-2))]);
}
