import { later } from '../runtime/later.ts';

const stored = () => import('./stored.ts');
const measured = () => import('./measure.ts');

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
export const freeze = later(stored, 'freeze');

/**
 * The model that `save` wrote to a folder, or `toFiles` to files by name: compiled, with its weights. On the same build its
 * predictions have the same bits, and training goes on as if it had not stopped. Throws `DataError` naming the file for
 * anything that is missing, damaged, unknown or does not fit.
 */
export const loadModel = later(stored, 'loadModel');

/**
 * The figures of these metrics over the examples, whatever the model was compiled with, by their names (behind
 * `output_` where the model has several outputs). Matrices and figures for each class keep their shapes.
 */
export const measure = later(measured, 'measure');

/**
 * Examples by true class (rows) and predicted class (columns), [C, C]: the largest output, or for one output whether it is
 * above 0.5. Throws `OptionError` for models with several outputs, see `measure`.
 */
export const confusionMatrix = later(measured, 'confusionMatrix');
