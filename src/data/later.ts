import { later } from '../runtime/later.ts';

/**
 * The data set in a folder with the file names of MNIST (`train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, the same
 * with `t10k`; with or without `.gz`). Pixels stay bytes with scale 1/255. Class names: lines of `labels.txt`; those of
 * MNIST and Fashion-MNIST as distributed are known; else the numbers. The files of `t10k` may both be absent. Node only.
 */
export const readIdxFolder = later(() => import('./idxFolder.ts'), 'readIdxFolder');

/**
 * Writes images and labels as `readIdxFolder` reads them, with `labels.txt`. The folder must not exist; it appears when it
 * is complete. Node only.
 */
export const writeIdxFolder = later(() => import('./idxFolder.ts'), 'writeIdxFolder');

/**
 * Images in a folder for each class, PNG or JPEG, brought to one size. Folders called `train`, `dev` (or `val`) and `test`
 * that hold the classes' folders become the parts; else all is `train`. Pixels stay bytes with scale 1/255. Node only.
 */
export const readImageFolder = later(() => import('./imageFolder.ts'), 'readImageFolder');
