import { later } from '../runtime/later.ts';

/** Data sets of IDX files in a folder: see `idxFolder.ts`. */
export const readIdxFolder = later(() => import('./idxFolder.ts'), 'readIdxFolder');
export const writeIdxFolder = later(() => import('./idxFolder.ts'), 'writeIdxFolder');
/** Pictures in folders named like their classes: see `imageFolder.ts`. */
export const readImageFolder = later(() => import('./imageFolder.ts'), 'readImageFolder');
