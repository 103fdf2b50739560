import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { flattenRows, reshape } from '../ops/layout.ts';
import { OptionError, shown } from '../runtime/errors.ts';
import { type Activation, activation } from './activations.ts';
import { type Layer, type LayerOptions, layer } from './layer.ts';
import { layerTitle, type Named, withDefaults } from './named.ts';

export const ANY = { name: undefined, trainable: undefined };

/** Checks the options that all layers take; returns what stands in errors for the layer. */
export function startLayer(type: string, options: LayerOptions): string {
  const title = layerTitle(type, options);
  withDefaults<object>(title, options, ANY);
  return title;
}

/** Applies an activation, given by name or as a function. */
export function activationLayer(
  given: string | Named | Activation,
  options: LayerOptions = {},
): Layer<[x: Tensor]> {
  startLayer('activation', options);
  const act = activation(given);
  return layer('activation', { activation: given, ...options }, (_, x: Tensor) => act(x));
}

/** All axes but the first in one: [B, …] → [B, n]. */
export function flatten(options: LayerOptions = {}): Layer<[x: Tensor]> {
  startLayer('flatten', options);
  return layer('flatten', { ...options }, (_, x: Tensor) => flattenRows(x));
}

/** The same elements as [B, …targetShape]; one size may be −1: what remains. */
export function reshapeLayer(targetShape: Shape, options: LayerOptions = {}): Layer<[x: Tensor]> {
  const title = startLayer('reshape', options);
  const fits =
    Array.isArray(targetShape) && targetShape.every((n) => Number.isSafeInteger(n) && n >= -1);
  if (!fits || targetShape.filter((n) => n === -1).length > 1) {
    throw new OptionError(
      `${title}: targetShape is ${shown(targetShape)}, expected sizes ≥ 0 and at most one −1`,
    );
  }
  return layer('reshape', { targetShape, ...options }, (_, x: Tensor) =>
    reshape(x, [x.shape[0] ?? 1, ...targetShape]),
  );
}

/** A plain function of tensors as a layer. It cannot be saved. */
export function lambda<Inputs extends Tensor[]>(
  body: (...inputs: Inputs) => Tensor,
  options: LayerOptions = {},
): Layer<Inputs> {
  const title = startLayer('lambda', options);
  if (typeof body !== 'function')
    throw new OptionError(`${title}: got ${typeof body}, expected a function of tensors`);
  return layer('lambda', { body, ...options }, (_, ...inputs: Inputs) => body(...inputs));
}
