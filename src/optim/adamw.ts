import { type AdamOptions, adamLike } from './adam.ts';
import type { Optimizer } from './optimizer.ts';

/**
 * AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101): Adam with weight decay that its moments do not see:
 *
 *     p ← p − rate·λ·p, then as `adam`
 *
 * Default λ (`weightDecay`) 0.004.
 */
export function adamw(options: AdamOptions = {}): Optimizer {
  return adamLike('adamw', options, 0.004);
}
