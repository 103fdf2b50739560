import { OptionError, shown } from '../runtime/errors.ts';
import type { Layer } from './layer.ts';
import type { LayerConfig, Make, Makers } from './makers.ts';
import { toPlain } from './named.ts';

export type { LayerConfig } from './makers.ts';

const own: Record<string, Make> = {};

/** Types of layers that were registered. */
export const registered: Makers = own;

/** Lets `layerFromConfig` rebuild layers of a type of your own. */
export function registerLayer(type: string, make: Make): void {
  if (typeof type !== 'string' || typeof make !== 'function')
    throw new OptionError(
      `registerLayer: got ${shown(type)} and ${shown(make)}, expected a name and a function`,
    );
  own[type] = make;
}

/** What rebuilds the layer. Throws `OptionError` when it holds a function of the user's. */
export function layerConfig(layer: Layer<never>): LayerConfig {
  const { type, label, trainable, config } = layer;
  const title = label ? `${type} "${label}"` : type;
  return {
    type,
    ...(label ? { name: label } : {}),
    ...(trainable ? {} : { trainable }),
    config: toPlain(title, config) as LayerConfig['config'] & object,
  };
}
