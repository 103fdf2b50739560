import { registered } from './config.ts';
import { imageMakers } from './imageMakers.ts';
import type { Layer } from './layer.ts';
import { commonMakers, type LayerConfig, makeLayer } from './makers.ts';
import { mergeMakers } from './mergeMakers.ts';
import { normMakers } from './normMakers.ts';

const makers = { ...commonMakers, ...mergeMakers, ...normMakers, ...imageMakers };

/** Types of layers that `layerFromConfig` knows. */
export function layerTypes(): string[] {
  return Object.keys({ ...makers, ...registered });
}

export function layerFromConfig(config: LayerConfig): Layer {
  return makeLayer({ ...makers, ...registered }, config);
}
