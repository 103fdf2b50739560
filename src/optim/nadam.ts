import { checkNumber } from '../nn/named.ts';
import { nadamUpdate } from '../ops/update.ts';
import { makeOptimizer } from './base.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

export interface NadamOptions extends OptimizerOptions {
  /** In [0, 1), default 0.9. */
  readonly beta1?: number;
  /** In [0, 1), default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

/**
 * Nadam (Dozat 2016): Adam whose momentum looks one step ahead, step t = 1, 2, …, μₜ = β₁·(1 − 0.96ᵗ/2):
 *
 *     m ← β₁·m + (1 − β₁)·g
 *     v ← β₂·v + (1 − β₂)·g²
 *     p ← p − rate·(μₜ₊₁·m/(1 − Πμ₁…ₜ₊₁) + (1 − μₜ)·g/(1 − Πμ₁…ₜ))/(√(v/(1 − β₂ᵗ)) + ε)
 *
 * Default rate 0.001.
 */
export function nadam(options: NadamOptions = {}): Optimizer {
  const defaults = { learningRate: 0.001, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
  return makeOptimizer('nadam', options, defaults, ({ beta1, beta2, epsilon }) => {
    checkNumber('nadam: beta1', beta1, { from: 0, below: 1 });
    checkNumber('nadam: beta2', beta2, { from: 0, below: 1 });
    checkNumber('nadam: epsilon', epsilon, { from: 0 });
    return {
      slots: [
        { name: 'momentum', initial: 0 },
        { name: 'velocity', initial: 0 },
      ],
      update: (parameter, gradient, slots, guard, common) =>
        nadamUpdate(parameter, gradient, slots, guard, { beta1, beta2, epsilon, ...common }),
    };
  });
}
