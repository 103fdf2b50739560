import { later } from '../runtime/later.ts';

/** A model for predictions without its batch normalisations: see `fold.ts`. */
export const foldBatchNorm = later(() => import('./fold.ts'), 'foldBatchNorm');
