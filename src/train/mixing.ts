import type { Tensor } from '../graph/tensor.ts';
import { checkNumber } from '../nn/named.ts';
import type { Mixed } from './mixed.ts';

export interface MixingOptions {
  /**
   * Trains on λ·x + (1 − λ)·x′, x′ being another example of the batch and λ from Beta(α, α) for each example, with the losses of
   * both targets in the same proportion; metrics take the target of the larger share (Zhang et al. 2018, arXiv:1710.09412). Default 0: not.
   */
  readonly mixup?: number;
  /**
   * Trains on images in which a box holds what another image has there, its area being 1 − λ of the image's, with the losses of
   * both targets in proportion to their areas (Yun et al. 2019, arXiv:1905.04899). With mixup too, each example takes one of
   * both at random. Default 0: not.
   */
  readonly cutmix?: number;
}

/** Throws `OptionError` unless the options are numbers from 0 on. */
export function checkMixing({ mixup = 0, cutmix = 0 }: MixingOptions): void {
  checkNumber('mixup', mixup, { from: 0 });
  checkNumber('cutmix', cutmix, { from: 0 });
}

/** Mixes the examples of a batch. */
export type Mixer = (inputs: Readonly<Record<string, Tensor>>) => Mixed;

/** What the options ask for, if anything. */
export async function mixerOf(options: MixingOptions): Promise<Mixer | undefined> {
  if (!options.mixup && !options.cutmix) return undefined;
  const { Mixed } = await import('./mixed.ts');
  return (inputs) => new Mixed(inputs, options);
}
