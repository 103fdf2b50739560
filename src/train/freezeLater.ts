import { later } from '../runtime/later.ts';

/**
 * A model for inference with the same predictions up to rounding, on the same engine: none of its weights can be trained, and
 * each batch normalisation right behind a dense layer or a convolution without activation is multiplied into its weights, an
 * activation behind it computed with the product. What is called more than once stays. The model itself is unchanged. Throws
 * `StateError` for a model that is not built, `OptionError` for one that cannot be saved.
 *
 * With the moving mean μ and variance σ²: s = γ/√(σ² + ε), kernel·s, (bias − μ)·s + β.
 *
 * @example
 * const frozen = await freeze(net);
 * await frozen.save('digits-frozen');
 */
export const freeze = later(() => import('./freeze.ts'), 'freeze');
