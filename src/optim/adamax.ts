import { checkNumber } from '../nn/named.ts';
import { adamaxUpdate } from '../ops/update.ts';
import { makeOptimizer } from './base.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

export interface AdamaxOptions extends OptimizerOptions {
  /** In [0, 1), default 0.9. */
  readonly beta1?: number;
  /** In [0, 1), default 0.999. */
  readonly beta2?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

/**
 * Adamax (Kingma and Ba 2014, arXiv:1412.6980): Adam by the largest gradient, step t = 1, 2, …:
 *
 *     m ← β₁·m + (1 − β₁)·g
 *     u ← max(β₂·u, |g|)
 *     p ← p − rate/(1 − β₁ᵗ)·m/(u + ε)
 *
 * Default rate 0.001.
 */
export function adamax(options: AdamaxOptions = {}): Optimizer {
  const defaults = { learningRate: 0.001, weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
  return makeOptimizer('adamax', options, defaults, ({ beta1, beta2, epsilon }) => {
    checkNumber('adamax: beta1', beta1, { from: 0, below: 1 });
    checkNumber('adamax: beta2', beta2, { from: 0, below: 1 });
    checkNumber('adamax: epsilon', epsilon, { from: 0 });
    return {
      slots: [
        { name: 'momentum', initial: 0 },
        { name: 'largest', initial: 0 },
      ],
      update: (parameter, gradient, slots, guard, common) =>
        adamaxUpdate(parameter, gradient, slots, guard, { beta1, beta2, epsilon, ...common }),
    };
  });
}
