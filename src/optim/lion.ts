import { checkNumber } from '../nn/named.ts';
import { lionUpdate } from '../ops/update.ts';
import { makeOptimizer } from './base.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

export interface LionOptions extends OptimizerOptions {
  /** In [0, 1), default 0.9. */
  readonly beta1?: number;
  /** In [0, 1), default 0.99. */
  readonly beta2?: number;
}

/**
 * Lion (Chen et al. 2023, arXiv:2302.06675): every step is as long as the rate:
 *
 *     p ← p − rate·sign(β₁·m + (1 − β₁)·g)
 *     m ← β₂·m + (1 − β₂)·g
 *
 * Default rate 0.001.
 */
export function lion(options: LionOptions = {}): Optimizer {
  const defaults = { learningRate: 0.001, weightDecay: 0, beta1: 0.9, beta2: 0.99 };
  return makeOptimizer('lion', options, defaults, ({ beta1, beta2 }) => {
    checkNumber('lion: beta1', beta1, { from: 0, below: 1 });
    checkNumber('lion: beta2', beta2, { from: 0, below: 1 });
    return {
      slots: [{ name: 'momentum', initial: 0 }],
      update: (parameter, gradient, slots, guard, common) =>
        lionUpdate(parameter, gradient, slots, guard, { beta1, beta2, ...common }),
    };
  });
}
