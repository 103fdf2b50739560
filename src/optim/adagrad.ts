import { checkNumber } from '../nn/named.ts';
import { adagradUpdate } from '../ops/update.ts';
import { type EpsilonPlacement, makeOptimizer, placedAsTorch } from './base.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

export interface AdagradOptions extends OptimizerOptions {
  /** First value of a, default 0.1. */
  readonly initialAccumulatorValue?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
  /** `'torch'`: √a + ε. */
  readonly epsilonPlacement?: EpsilonPlacement;
}

/**
 * Adagrad (Duchi et al. 2011):
 *
 *     a ← a + g²
 *     p ← p − rate·g/√(a + ε)                 torch: √a + ε
 *
 * Default rate 0.001.
 */
export function adagrad(options: AdagradOptions = {}): Optimizer {
  const defaults = {
    learningRate: 0.001,
    weightDecay: 0,
    initialAccumulatorValue: 0.1,
    epsilon: 1e-7,
    epsilonPlacement: 'keras' as EpsilonPlacement,
  };
  return makeOptimizer(
    'adagrad',
    options,
    defaults,
    ({ initialAccumulatorValue, epsilon, epsilonPlacement }) => {
      checkNumber('adagrad: initialAccumulatorValue', initialAccumulatorValue, { from: 0 });
      checkNumber('adagrad: epsilon', epsilon, { from: 0 });
      const outside = placedAsTorch('adagrad', epsilonPlacement);
      return {
        slots: [{ name: 'accumulator', initial: initialAccumulatorValue }],
        update: (parameter, gradient, slots, guard, common) =>
          adagradUpdate(parameter, gradient, slots, guard, { epsilon, outside, ...common }),
      };
    },
  );
}
