import { checkNumber } from '../nn/named.ts';
import { momentumUpdate, sgdUpdate } from '../ops/update.ts';
import { makeOptimizer } from './base.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

export interface SgdOptions extends OptimizerOptions {
  /** μ in [0, 1), default 0. */
  readonly momentum?: number;
  /** Default false. */
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent:
 *
 *     p ← p − rate·g
 *
 * with momentum (Polyak 1964), and Nesterov's (Sutskever et al. 2013):
 *
 *     m ← μ·m − rate·g
 *     p ← p + m          Nesterov: p + μ·m − rate·g
 *
 * Default rate 0.01.
 */
export function sgd(options: SgdOptions = {}): Optimizer {
  const defaults = { learningRate: 0.01, weightDecay: 0, momentum: 0, nesterov: false };
  return makeOptimizer('sgd', options, defaults, ({ momentum, nesterov }) => {
    checkNumber('sgd: momentum', momentum, { from: 0, below: 1 });
    return {
      slots: momentum ? [{ name: 'momentum', initial: 0 }] : [],
      update: (parameter, gradient, slots, guard, common) =>
        momentum
          ? momentumUpdate(parameter, gradient, slots, guard, { momentum, nesterov, ...common })
          : sgdUpdate(parameter, gradient, slots, guard, common),
    };
  });
}
