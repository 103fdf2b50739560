import { defineOp } from '../graph/op.ts';
import { formatShape, type Shape, sameShape, sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { checkOptions, ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { NONE } from '../runtime/row.ts';
import { expectReal } from './emit.ts';

/** What stands beyond the edges of an image: a value, the nearest pixel, the image mirrored at its edge. */
export const FILL_MODES = ['constant', 'nearest', 'reflect'] as const;
export type FillMode = (typeof FILL_MODES)[number];

/** Between pixels: weighted by distance from the four around, or the nearest one. */
export const INTERPOLATIONS = ['bilinear', 'nearest'] as const;
export type Interpolation = (typeof INTERPOLATIONS)[number];

export interface WarpAttrs {
  /** Height and width of the result, default those of x. */
  readonly size?: readonly [height: number, width: number];
  readonly fillMode?: FillMode;
  readonly fillValue?: number;
  /** Default 'bilinear'. */
  readonly interpolation?: Interpolation;
}

function expectShape(what: string, t: Tensor, shape: Shape): void {
  if (!sameShape(t.shape, shape))
    throw new ShapeError(`warp: ${what} ${formatShape(t.shape)}, expected ${formatShape(shape)}`);
}

/**
 * Images drawn anew: pixel (i, j) of the result is x between the four pixels around column u and row v (or the nearest), with
 * (u, v) = maps·(j, i, 1) + field[:, i, j]. x [B, H, W] or [B, H, W, C], maps [B, 6] the rows of two equations, field
 * [B, 2, h, w] for results of h × w. It has no gradient: it is for data.
 */
export const warp = defineOp({
  name: 'warp',
  args: (x: Tensor, maps: Tensor, field: Tensor | null = null, attrs: WarpAttrs = {}) => {
    checkOptions('warp', attrs, ['size', 'fillMode', 'fillValue', 'interpolation']);
    const [, height = 0, width = 0] = x.shape;
    const filled = { size: [height, width], fillMode: 'constant', fillValue: 0 } as const;
    const set = { ...filled, interpolation: 'bilinear', ...attrs } as const;
    return [field ? [x, maps, field] : [x, maps], set];
  },
  type([x, maps, field], { size }) {
    const { shape } = x as Tensor;
    const [B = 0, H = 0, W = 0, ...channels] = shape;
    expectReal('warp', x as Tensor, maps as Tensor);
    if ((shape.length !== 3 && shape.length !== 4) || H * W === 0)
      throw new ShapeError(
        `warp: input ${formatShape(shape)}, expected images [B,H,W] or [B,H,W,C]`,
      );
    expectShape('maps', maps as Tensor, [B, 6]);
    if (field) expectShape('field', field, [B, 2, ...size]);
    return { shape: [B, ...size, ...channels], dtype: 'real' };
  },
  flops: (node) => 10 * sizeOf(node.shape),
  emit(e, node) {
    const [x, maps, field] = node.inputs as [Tensor, Tensor, Tensor | undefined];
    const [B, H, W, C = 1] = x.shape as [number, number, number, number?];
    const { size, fillMode, fillValue, interpolation } = node.attrs as Required<WarpAttrs>;
    e.row(
      kernels.warp(
        e.at(node),
        e.at(x),
        e.at(maps),
        field ? e.at(field) : NONE,
        B,
        e.unit(B, sizeOf(node.shape.slice(1))),
        H,
        W,
        C,
        size[0],
        size[1],
        FILL_MODES.indexOf(fillMode),
        fillValue,
        INTERPOLATIONS.indexOf(interpolation),
      ),
    );
  },
});

/** 1 inside of each image's box, 0 outside: boxes [B, 4] (top, left, height, width) in pixels → [B, height, width]. */
export const boxMask = defineOp({
  name: 'boxMask',
  flat: true,
  args: (boxes: Tensor, height: number, width: number) => [[boxes], { height, width }],
  type([boxes], { height, width }) {
    const { shape } = boxes as Tensor;
    expectReal('boxMask', boxes as Tensor);
    if (shape.length !== 2 || shape[1] !== 4)
      throw new ShapeError(`boxMask: boxes ${formatShape(shape)}, expected [B,4]`);
    return { shape: [shape[0] as number, height, width], dtype: 'real' };
  },
  emit(e, node) {
    const [B, H, W] = node.shape as [number, number, number];
    const boxes = e.at(node.inputs[0] as Tensor);
    e.row(kernels.boxMask(e.at(node), boxes, B, e.unit(B, H * W), H, W));
  },
});
