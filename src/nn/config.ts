import { OptionError, shown } from '../runtime/errors.ts';
import { imageMakers } from './imageMakers.ts';
import type { Layer } from './layer.ts';
import { commonMakers, type LayerConfig, type Make, makeLayer } from './makers.ts';
import { toPlain } from './named.ts';
import { normMakers } from './normMakers.ts';

export type { LayerConfig } from './makers.ts';

const makers: Record<string, Make> = { ...commonMakers, ...normMakers, ...imageMakers };

/** Lets `layerFromConfig` rebuild layers of a type of your own. */
export function registerLayer(type: string, make: Make): void {
  if (typeof type !== 'string' || typeof make !== 'function')
    throw new OptionError(
      `registerLayer: got ${shown(type)} and ${shown(make)}, expected a name and a function`,
    );
  makers[type] = make;
}

/** Types of layers that `layerFromConfig` knows. */
export function layerTypes(): string[] {
  return Object.keys(makers);
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

/** A new layer of the same kind, with fresh weights. Throws `OptionError` for unknown types. */
export function layerFromConfig(config: LayerConfig): Layer {
  return makeLayer(makers, config);
}
