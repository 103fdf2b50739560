import { find, type Named, toPlain } from '../nn/named.ts';
import { OptionError } from '../runtime/errors.ts';
import { adadelta } from './adadelta.ts';
import { adagrad } from './adagrad.ts';
import { adam } from './adam.ts';
import { adamax } from './adamax.ts';
import { adamw } from './adamw.ts';
import { lion } from './lion.ts';
import { nadam } from './nadam.ts';
import type { Optimizer } from './optimizer.ts';
import { rmsprop } from './rmsprop.ts';
import { sgd } from './sgd.ts';

export { adadelta, adagrad, adam, adamax, adamw, lion, nadam, rmsprop, sgd };

/** Every optimiser by the name that `compile` takes; each entry makes one with options. */
export const optimizers = { sgd, rmsprop, adam, adamw, adagrad, adadelta, adamax, nadam, lion };

/** The optimiser of that name or configuration; optimisers stay. Throws `OptionError` for unknown names. */
export function optimizer(given: string | Named | Optimizer): Optimizer {
  const found = isOptimizer(given) ? given : find<Optimizer>('optimizer', given, optimizers);
  if (isOptimizer(found)) return found;
  throw new OptionError(
    `optimizer is a ${typeof given}, expected a name, a configuration or an optimizer`,
  );
}

function isOptimizer(x: unknown): x is Optimizer {
  return typeof x === 'object' && x !== null && 'update' in x && 'slots' in x;
}

/** Plain data that rebuilds the optimiser. Throws `OptionError` for a schedule that is a function of the user's. */
export function optimizerConfig({ name, config }: Optimizer): Named {
  return { ...(toPlain(name, config) as object), name };
}
