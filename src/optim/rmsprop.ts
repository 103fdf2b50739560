import { checkNumber } from '../nn/named.ts';
import { rmspropUpdate } from '../ops/update.ts';
import { type EpsilonPlacement, makeOptimizer, placedAsTorch } from './base.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

export interface RmspropOptions extends OptimizerOptions {
  /** ρ in [0, 1), default 0.9. */
  readonly rho?: number;
  /** μ in [0, 1), default 0. */
  readonly momentum?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
  /** Divides by the standard deviation of the gradient instead of its root mean square, default false. */
  readonly centered?: boolean;
  /** `'torch'`: √v + ε. */
  readonly epsilonPlacement?: EpsilonPlacement;
}

/**
 * RMSprop (Tieleman and Hinton 2012):
 *
 *     v ← ρ·v + (1 − ρ)·g²
 *     a ← ρ·a + (1 − ρ)·g                     when centered, and v − a² in place of v below
 *     p ← p − rate·g/√(v + ε)                 torch: √v + ε
 *
 * With momentum: m ← μ·m + rate·g/√(v + ε), p ← p − m. Default rate 0.001.
 */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const defaults = {
    learningRate: 0.001,
    weightDecay: 0,
    rho: 0.9,
    momentum: 0,
    epsilon: 1e-7,
    centered: false,
    epsilonPlacement: 'keras' as EpsilonPlacement,
  };
  return makeOptimizer(
    'rmsprop',
    options,
    defaults,
    ({ rho, momentum, epsilon, centered, epsilonPlacement }) => {
      checkNumber('rmsprop: rho', rho, { from: 0, below: 1 });
      checkNumber('rmsprop: momentum', momentum, { from: 0, below: 1 });
      checkNumber('rmsprop: epsilon', epsilon, { from: 0 });
      const outside = placedAsTorch('rmsprop', epsilonPlacement);
      const names = [
        'velocity',
        ...(centered ? ['average'] : []),
        ...(momentum ? ['momentum'] : []),
      ];
      return {
        slots: names.map((name) => ({ name, initial: 0 })),
        update: (parameter, gradient, slots, guard, common) =>
          rmspropUpdate(parameter, gradient, slots, guard, {
            rho,
            momentum,
            epsilon,
            outside,
            centered,
            ...common,
          }),
      };
    },
  );
}
