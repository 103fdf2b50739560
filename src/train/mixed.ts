import { hash } from '../graph/scope.ts';
import { formatShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { cutoutMask } from '../nn/colour.ts';
import { add, affine, greaterEqual, less, mul, sub } from '../ops/binary.ts';
import { gather } from '../ops/gather.ts';
import { reshape } from '../ops/layout.ts';
import { randomBeta, randomPermutation, randomUniform } from '../ops/random.ts';
import { reduceMean } from '../ops/reduce.ts';
import { cast, where } from '../ops/select.ts';
import { round, sqrt } from '../ops/unary.ts';
import { OptionError } from '../runtime/errors.ts';
import type { MixingOptions } from './mixing.ts';

/** Numbers of the same examples, one for each, for tensors of any rank. */
function perExample(values: Tensor, like: Tensor): Tensor {
  return reshape(values, [values.shape[0] as number, ...like.shape.slice(1).map(() => 1)]);
}

/** a + λ·(b − a), λ [B, 1]. */
function between(a: Tensor, b: Tensor, share: Tensor): Tensor {
  return add(a, mul(perExample(share, a), sub(b, a)));
}

/** A batch in which each example is mixed with another one of it. */
export class Mixed {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly #order: Tensor;
  /** How much of each is its own: [B, 1]. */
  readonly #share: Tensor;

  constructor(given: Readonly<Record<string, Tensor>>, options: MixingOptions) {
    const entries = Object.entries(given);
    for (const [name, x] of entries) {
      if (x.dtype === 'i32')
        throw new OptionError(
          `mixup and cutmix: input "${name}" holds whole numbers, expected real`,
        );
    }
    const B = (entries[0] as [string, Tensor])[1].shape[0] as number;
    this.#order = randomPermutation(B, hash('mixing order'));
    const { mixup = 0, cutmix = 0 } = options;
    const blend = mixup > 0 ? randomBeta([B, 1], hash('mixup'), mixup) : null;
    const mask = cutmix > 0 ? this.#mask(entries, cutmix) : null;
    const cut = mask && ownShare(mask, B);
    const coin = less(randomUniform([B, 1], hash('mixup or cutmix')), 0.5);
    this.#share = blend && cut ? where(coin, blend, cut) : ((blend ?? cut) as Tensor);
    const mix = (x: Tensor): Tensor => {
      const other = this.#others(x);
      const blended = blend && between(other, x, blend);
      const pasted = mask && where(mask, other, x);
      return blended && pasted
        ? where(perExample(coin, x), blended, pasted)
        : ((blended ?? pasted) as Tensor);
    };
    this.inputs = Object.fromEntries(entries.map(([name, x]) => [name, mix(x)]));
  }

  /** 1 where an image shows the other one: a box around any pixel, cut off at the edges. */
  #mask(entries: readonly (readonly [string, Tensor])[], alpha: number): Tensor {
    const [[name, x], ...more] = entries as [[string, Tensor]];
    const { shape } = x;
    if (more.length || shape.length < 3 || shape.length > 4)
      throw new OptionError(
        `cutmix: ${more.length ? `${entries.length} inputs` : `input "${name}" ${formatShape(shape)}`}, expected one input of images [B,H,W] or [B,H,W,C]`,
      );
    const [B, H, W] = shape as readonly [number, number, number];
    const side = sqrt(randomBeta([B, 1], hash('cutmix'), alpha));
    const [h, w] = [H, W].map((n) => round(affine(side, n))) as [Tensor, Tensor];
    return cutoutMask(x, h, w, (n) => hash(`cutmix ${n}`));
  }

  /** The other examples' rows. */
  #others(x: Tensor): Tensor {
    if (x.dtype !== 'i32') return gather(x, this.#order);
    return cast(gather(cast(x, 'real'), this.#order), 'i32');
  }

  /** λ·loss of the own targets + (1 − λ)·loss of the other's, with their weights. */
  loss(truth: Tensor, weight: Tensor | undefined, mean: LossMean): Tensor {
    const own = mean(truth, weight, (each) => mul(each, perExample(this.#share, each)));
    const rest = affine(this.#share, -1, 1);
    const other = mean(this.#others(truth), weight && this.#others(weight), (each) =>
      mul(each, perExample(rest, each)),
    );
    return add(own, other);
  }

  /** Targets or weights of whichever has the larger share, for metrics. */
  larger(values: Tensor): Tensor {
    const isLabel = values.dtype === 'i32';
    const own = isLabel ? cast(values, 'real') : values;
    const larger = perExample(greaterEqual(this.#share, 0.5), own);
    const chosen = where(larger, own, gather(own, this.#order));
    return isLabel ? cast(chosen, 'i32') : chosen;
  }
}

/** The mean loss of a batch against targets; `scaled` is applied to the loss of each example. */
export type LossMean = (
  truth: Tensor,
  weight: Tensor | undefined,
  scaled: (each: Tensor) => Tensor,
) => Tensor;

/** The part of each image that is outside of the mask. */
function ownShare(mask: Tensor, B: number): Tensor {
  const flat = reshape(mask, [B, mask.shape.slice(1).reduce((a, b) => a * b, 1)]);
  return affine(reduceMean(flat, { axes: 1, keepDims: true }), -1, 1);
}
