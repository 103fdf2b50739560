import { formatShape, sameShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { reshape } from '../ops/layout.ts';
import { cast } from '../ops/select.ts';
import { ShapeError } from '../runtime/errors.ts';
import type { Configured } from './named.ts';

/** One loss for each example or element: [B, …, n] targets and predictions → [B, …]. */
export interface Loss extends Configured {
  (yTrue: Tensor, yPred: Tensor): Tensor;
  /** `'labels'`: targets are i32 class numbers, one axis less than the predictions. */
  readonly targets?: 'labels';
  /** 1 for the losses that count, 0 for the others; default all do. */
  readonly valid?: ((yTrue: Tensor, yPred: Tensor) => Tensor) | undefined;
}

/** Numbers as real ones. */
export function asReal(x: Tensor): Tensor {
  return x.dtype === 'i32' || x.dtype === 'u8' ? cast(x, 'real') : x;
}

/**
 * Targets and predictions of one shape, at least [B, n]. An axis of size 1 at the end that only one of them has is
 * dropped, or added where the other is [B].
 */
export function align(what: string, yTrue: Tensor, yPred: Tensor): [t: Tensor, p: Tensor] {
  const [t, p] = sameRank(asReal(yTrue), asReal(yPred));
  if (!sameShape(t.shape, p.shape)) {
    throw new ShapeError(
      `${what}: targets ${formatShape(yTrue.shape)}, expected the shape of the predictions, ${formatShape(yPred.shape)}`,
    );
  }
  return p.shape.length < 2 ? [asColumn(t), asColumn(p)] : [t, p];
}

function asColumn(x: Tensor): Tensor {
  return reshape(x, [x.shape[0] ?? 1, 1]);
}

function sameRank(t: Tensor, p: Tensor): [Tensor, Tensor] {
  if (isColumnOf(t, p)) return p.shape.length < 2 ? [t, asColumn(p)] : [reshape(t, p.shape), p];
  if (isColumnOf(p, t)) return t.shape.length < 2 ? [asColumn(t), p] : [t, reshape(p, t.shape)];
  return [t, p];
}

/** Whether a is b with an axis of size 1 behind it. */
function isColumnOf(a: Tensor, b: Tensor): boolean {
  return a.shape.length === b.shape.length + 1 && sameShape(a.shape, [...b.shape, 1]);
}

/** Labels i32 [..] for predictions [.., C]; an axis of size 1 at the end is dropped. */
export function alignLabels(what: string, yTrue: Tensor, yPred: Tensor): Tensor {
  const shape = yPred.shape.slice(0, -1);
  const fits = sameShape(yTrue.shape, shape) || sameShape(yTrue.shape, [...shape, 1]);
  if (!fits) {
    throw new ShapeError(
      `${what}: labels ${formatShape(yTrue.shape)}, predictions ${formatShape(yPred.shape)} expect ${formatShape(shape)}`,
    );
  }
  const labels = yTrue.dtype === 'i32' ? yTrue : cast(asReal(yTrue), 'i32');
  return reshape(labels, shape);
}
