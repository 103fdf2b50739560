import { sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, affine, less, mul, sub } from '../ops/binary.ts';
import { reshape } from '../ops/layout.ts';
import { randomUniform } from '../ops/random.ts';
import { reduceMean } from '../ops/reduce.ts';
import { concat } from '../ops/slice.ts';
import { clip, exp, floor, round, sqrt } from '../ops/unary.ts';
import { boxMask } from '../ops/warp.ts';
import { column, type Entry, minus, plus, times } from './affine.ts';
import type { LayerScope } from './layer.ts';
import { imageSize } from './stillImages.ts';
import { draw, type Range } from './warping.ts';

/** One number for each image, for all its pixels. */
function perImage(x: Tensor, values: Tensor): Tensor {
  return reshape(values, [sizeOf(values.shape), ...x.shape.slice(1).map(() => 1)]);
}

/** x + r, r from the range. */
export function brighten(scope: LayerScope, x: Tensor, range: Range): Tensor {
  const [B] = imageSize(x);
  return add(x, perImage(x, column(draw(scope, range, B), B)));
}

/** mean + (1 + r)·(x − mean), mean that of each channel of each image. */
export function stretch(scope: LayerScope, x: Tensor, range: Range): Tensor {
  const [B] = imageSize(x);
  const mean = reduceMean(x, { axes: [1, 2], keepDims: true });
  const factor = column(plus(draw(scope, range, B), 1), B);
  return add(mul(sub(x, mean), perImage(x, factor)), mean);
}

/** Top, left, height and width of a box in each image. */
type Box = readonly [top: Entry, left: Entry, height: Entry, width: Entry];

/** 1 in the boxes, 0 elsewhere, for all channels. */
function maskOf(x: Tensor, box: Box): Tensor {
  const [B, H, W] = imageSize(x);
  const boxes = concat(
    box.map((e) => column(e, B)),
    1,
  );
  return reshape(boxMask(boxes, H, W), [B, H, W, ...x.shape.slice(3).map(() => 1)]);
}

/** 1 in a box of h × w pixels around any pixel, cut off at the edges (DeVries and Taylor 2017, arXiv:1708.04552). */
export function cutoutMask(
  x: Tensor,
  h: Entry,
  w: Entry,
  stream: (what: string) => number,
): Tensor {
  const [B, H, W] = imageSize(x);
  const begin = (n: number, size: Entry, what: string) => {
    const centre = floor(randomUniform([B, 1], stream(what), 0, n));
    const half = typeof size === 'number' ? Math.floor(size / 2) : floor(affine(size, 0.5));
    return minus(centre, half);
  };
  return maskOf(x, [begin(H, h, 'row'), begin(W, w, 'column'), h, w]);
}

/** ln(10/3) */
const LOG_RATIO = 1.2039728043259361;

/**
 * 1 in a box within each image whose area is a share of the image's drawn from `scale`, of proportions between 0.3 and 1/0.3; with
 * probability 1 − p none (Zhong et al. 2020, arXiv:1708.04896).
 */
export function erasingMask(scope: LayerScope, x: Tensor, scale: Range, p: number): Tensor {
  const [B, H, W] = imageSize(x);
  const area = column(times(H * W, draw(scope, scale, B)), B);
  const slope = randomUniform([B, 1], scope.stream(), -LOG_RATIO / 2, LOG_RATIO / 2);
  const height = clip(round(mul(sqrt(area), exp(slope))), 1, H);
  const width = clip(round(mul(sqrt(area), exp(affine(slope, -1)))), 1, W);
  const chosen = less(randomUniform([B, 1], scope.stream()), p);
  const [top, left] = [placeOf(scope, height, H), placeOf(scope, width, W)];
  return maskOf(x, [top, left, mul(height, chosen), width]);
}

/** Where a part of `size` of n pixels begins. */
function placeOf(scope: LayerScope, size: Tensor, n: number): Tensor {
  const u = randomUniform(size.shape, scope.stream());
  return floor(mul(u, affine(size, -1, n + 1)));
}
