import { checkNumber } from '../nn/named.ts';
import { adamUpdate } from '../ops/update.ts';
import { type EpsilonPlacement, makeOptimizer, placedAsTorch } from './base.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

export interface AdamOptions extends OptimizerOptions {
  /** In [0, 1), default 0.9. */
  readonly beta1?: number;
  /** In [0, 1), default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
  /** Divides by the largest v so far (Reddi et al. 2018, arXiv:1904.09237), default false. */
  readonly amsgrad?: boolean;
  /** `'torch'`: ε is added to √v after its bias correction. */
  readonly epsilonPlacement?: EpsilonPlacement;
}

/**
 * Adam (Kingma and Ba 2014, arXiv:1412.6980), step t = 1, 2, …:
 *
 *     m ← β₁·m + (1 − β₁)·g
 *     v ← β₂·v + (1 − β₂)·g²
 *     p ← p − rate·√(1 − β₂ᵗ)/(1 − β₁ᵗ)·m/(√v + ε)
 *
 * torch: p ← p − rate/(1 − β₁ᵗ)·m/(√(v/(1 − β₂ᵗ)) + ε). Default rate 0.001.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamLike('adam', options, 0);
}

/** Adam under the name `name`, with its default weight decay. */
export function adamLike(name: string, options: AdamOptions, weightDecay: number): Optimizer {
  const defaults = {
    learningRate: 0.001,
    weightDecay,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-7,
    amsgrad: false,
    epsilonPlacement: 'keras' as EpsilonPlacement,
  };
  return makeOptimizer(
    name,
    options,
    defaults,
    ({ beta1, beta2, epsilon, amsgrad, epsilonPlacement }) => {
      checkNumber(`${name}: beta1`, beta1, { from: 0, below: 1 });
      checkNumber(`${name}: beta2`, beta2, { from: 0, below: 1 });
      checkNumber(`${name}: epsilon`, epsilon, { from: 0 });
      const outside = placedAsTorch(name, epsilonPlacement);
      const names = ['momentum', 'velocity', ...(amsgrad ? ['largestVelocity'] : [])];
      return {
        slots: names.map((slot) => ({ name: slot, initial: 0 })),
        update: (parameter, gradient, slots, guard, common) =>
          adamUpdate(parameter, gradient, slots, guard, {
            beta1,
            beta2,
            epsilon,
            outside,
            ...common,
          }),
      };
    },
  );
}
