import { later } from '../runtime/later.ts';

/** A new layer of the same kind, with fresh weights. Throws `OptionError` for unknown types. */
export const layerFromConfig = later(() => import('./fromConfig.ts'), 'layerFromConfig');
