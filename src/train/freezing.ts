import type { Layer } from '../nn/layer.ts';
import { checkType } from '../nn/named.ts';
import { StateError } from '../runtime/errors.ts';
import type { ModelCore } from './core.ts';
import { partsOf } from './unbuilt.ts';

/** Layers of a model, built or not. */
export function layersOf({ built, layers, network }: ModelCore): readonly Layer[] {
  const parts = built ? { layers } : partsOf(network);
  if (parts) return [...parts.layers];
  throw new StateError(`layers of model "${network.name}" are not known yet: give inputShape`);
}

/** Freezes or thaws a model, built or not, and all its parts as far as they are known. */
export function setTrainable({ built, network, layers, models }: ModelCore, value: boolean): void {
  checkType('model: trainable', value, 'boolean');
  const parts = built ? { layers, models } : partsOf(network);
  for (const part of [network, ...(parts?.layers ?? []), ...(parts?.models ?? [])])
    part.trainable = value;
}
