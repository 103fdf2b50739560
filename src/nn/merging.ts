import type { Tensor } from '../graph/tensor.ts';
import * as binary from '../ops/binary.ts';
import { concat } from '../ops/slice.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import { ANY, startLayer } from './core.ts';
import { type Layer, type LayerOptions, layer } from './layer.ts';
import { layerTitle, withDefaults } from './named.ts';

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
