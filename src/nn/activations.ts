import { type Activation, commonActivations } from './commonActivations.ts';
import { find, type Named } from './named.ts';
import { rareActivations } from './rareActivations.ts';

export type { Activation };

/** Functions of tensors by the names that `activation` of a layer takes; `linear` leaves x as it is. */
export const activations = { ...commonActivations, ...rareActivations };

/** The activation of that name; functions stay. Throws `OptionError` for unknown names. */
export function activation(given: string | Named | Activation): Activation {
  return find<Activation>('activation', given, activations);
}
