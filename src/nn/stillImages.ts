import { formatShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { slice } from '../ops/slice.ts';
import { ShapeError } from '../runtime/errors.ts';
import { type Layer, layer } from './layer.ts';
import { still } from './still.ts';

type Size = readonly [height: number, width: number];

/** Height and width of a crop from images of H × W. */
export function cropSize(crop: Size | undefined, H: number, W: number): Size {
  const [h, w] = crop ?? [H, W];
  if (h <= H && w <= W) return [h, w];
  throw new ShapeError(`images of ${H} × ${W}, too small for a crop of ${h} × ${w}`);
}

/** Number, height and width of images [B, H, W] or [B, H, W, C]. */
export function imageSize({ shape }: Tensor): readonly [B: number, H: number, W: number] {
  if (shape.length === 3 || shape.length === 4) return shape as unknown as [number, number, number];
  throw new ShapeError(
    `input ${formatShape(shape)}, expected images [B,H,W] or [B,H,W,C] (see reshape)`,
  );
}

/** The middle of images. */
export function middle(x: Tensor, crop: Size): Tensor {
  const [B, H, W] = imageSize(x);
  const [h, w] = cropSize(crop, H, W);
  const rest = x.shape.slice(3);
  const begin = [0, Math.floor((H - h) / 2), Math.floor((W - w) / 2), ...rest.map(() => 0)];
  return slice(x, begin, [B, h, w, ...rest]);
}

export function randomCrop(height: number, width: number): Layer<[x: Tensor]> {
  return augmentation({ crop: [height, width] });
}

export function augmentation({ crop }: { crop?: Size } = {}): Layer<[x: Tensor]> {
  return crop ? layer('still', {}, (_, x: Tensor) => middle(x, crop)) : still();
}
