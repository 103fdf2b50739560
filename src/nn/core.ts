import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import * as binary from '../ops/binary.ts';
import { flattenRows, reshape } from '../ops/layout.ts';
import { concat } from '../ops/slice.ts';
import { OptionError, ShapeError, shown } from '../runtime/errors.ts';
import { type Activation, activation } from './activations.ts';
import { type Layer, type LayerOptions, layer } from './layer.ts';
import { layerTitle, type Named, withDefaults } from './named.ts';

const ANY = { name: undefined, trainable: undefined };

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

export interface ConcatenateOptions extends LayerOptions {
  /** Default the last. */
  readonly axis?: number;
}

/** Its inputs one behind the other along `axis`: called as f(a, b, …). */
export function concatenate(options: ConcatenateOptions = {}): Layer {
  const title = layerTitle('concatenate', options);
  const { axis } = withDefaults<{ axis: number }>(title, options, { ...ANY, axis: -1 });
  if (!Number.isInteger(axis))
    throw new OptionError(`${title}: axis is ${axis}, expected a whole number`);
  return layer('concatenate', { ...options }, (_, ...inputs) => concat(inputs, axis));
}

type Merge = (a: Tensor, b: Tensor) => Tensor;

/** A layer of two or more inputs (of exactly two where `count` says so), folded from the first on. */
function merge(
  type: string,
  fold: Merge,
  finish = (sum: Tensor, _n: number) => sum,
  count?: number,
) {
  return (options: LayerOptions = {}): Layer => {
    startLayer(type, options);
    return layer(type, { ...options }, (_, ...inputs) => {
      if (inputs.length < 2 || (count && inputs.length !== count)) {
        throw new ShapeError(`${inputs.length} inputs, expected ${count ?? 'at least 2'}`);
      }
      return finish(inputs.reduce(fold), inputs.length);
    });
  };
}

/** a + b + …, called as f(a, b, …). */
export const addLayer = merge('add', (a, b) => binary.add(a, b));
/** a − b */
export const subtract = merge('subtract', (a, b) => binary.sub(a, b), undefined, 2);
/** a·b·… */
export const multiply = merge('multiply', (a, b) => binary.mul(a, b));
/** (a + b + …)/n */
export const average = merge(
  'average',
  (a, b) => binary.add(a, b),
  (sum, n) => binary.affine(sum, 1 / n),
);
/** The largest of the inputs, element by element. */
export const maximum = merge('maximum', (a, b) => binary.maximum(a, b));
/** The smallest of the inputs, element by element. */
export const minimum = merge('minimum', (a, b) => binary.minimum(a, b));

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
