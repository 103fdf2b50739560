import { checkNumber } from '../nn/named.ts';
import { adadeltaUpdate } from '../ops/update.ts';
import { makeOptimizer } from './base.ts';
import type { Optimizer, OptimizerOptions } from './optimizer.ts';

export interface AdadeltaOptions extends OptimizerOptions {
  /** ρ in [0, 1), default 0.95. */
  readonly rho?: number;
  /** Default 1e-7. */
  readonly epsilon?: number;
}

/**
 * Adadelta (Zeiler 2012, arXiv:1212.5701):
 *
 *     a ← ρ·a + (1 − ρ)·g²
 *     Δ = g·√(d + ε)/√(a + ε)
 *     d ← ρ·d + (1 − ρ)·Δ²
 *     p ← p − rate·Δ
 *
 * Default rate 0.001; the paper's is 1.
 */
export function adadelta(options: AdadeltaOptions = {}): Optimizer {
  const defaults = { learningRate: 0.001, weightDecay: 0, rho: 0.95, epsilon: 1e-7 };
  return makeOptimizer('adadelta', options, defaults, ({ rho, epsilon }) => {
    checkNumber('adadelta: rho', rho, { from: 0, below: 1 });
    checkNumber('adadelta: epsilon', epsilon, { from: 0 });
    return {
      slots: [
        { name: 'accumulator', initial: 0 },
        { name: 'change', initial: 0 },
      ],
      update: (parameter, gradient, slots, guard, common) =>
        adadeltaUpdate(parameter, gradient, slots, guard, { rho, epsilon, ...common }),
    };
  });
}
