import type { Makers } from './makers.ts';
import * as merging from './merging.ts';

/** Layers of several inputs. */
export const mergeMakers: Makers = {
  concatenate: merging.concatenate,
  add: merging.addLayer,
  subtract: merging.subtract,
  multiply: merging.multiply,
  average: merging.average,
  maximum: merging.maximum,
  minimum: merging.minimum,
};
