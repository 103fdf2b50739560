import type { Makers } from './makers.ts';
import * as norm from './norm.ts';
import { normalization } from './normalization.ts';

/** Layers whose types end in `ormalization`. */
export const normMakers: Makers = {
  batchNormalization: norm.batchNormalization,
  layerNormalization: norm.layerNormalization,
  rmsNormalization: norm.rmsNormalization,
  groupNormalization: norm.groupNormalization,
  instanceNormalization: norm.instanceNormalization,
  unitNormalization: norm.unitNormalization,
  normalization,
};
