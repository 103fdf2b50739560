import { later } from '../runtime/later.ts';

/**
 * Computes tensors: compiles what they depend on, runs it once, returns owned copies. A function is traced first, so
 * that it may call layers.
 *
 * @example await evaluate(add(tensor([1, 2]), 3)) // { data: Float32Array [4, 5], shape: [2] }
 */
export const evaluate = later(() => import('./evaluate.ts'), 'evaluate');
