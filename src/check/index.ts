import { later } from '../runtime/later.ts';

/**
 * Checks the gradients of a compiled model on one batch: the graph of training, penalties included, is compiled once more for
 * the `f64` build, and dL/dθ by backpropagation is compared with (L(θ + ε) − L(θ − ε))/2ε, entry by entry. The model is not
 * changed; it is built when it has no weights yet.
 *
 * ratio = ‖d − g‖/(‖d‖ + ‖g‖): at most 1e-7 is great, about 1e-5 worth a look, 1e-3 or more a worry (A. Ng, Deep Learning
 * Specialization, course 2). Entries where the loss bends within ±ε are listed apart.
 *
 * Throws `StateError` when the model is not compiled, draws random numbers, or has a loss that is not finite.
 *
 * @example
 * const check = await gradCheck(net, { x, y });
 * console.log(String(check)); // a table by parameter, then ratio and verdict
 */
export const gradCheck = later(() => import('./gradCheck.ts'), 'gradCheck');
