import { formatShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { linear } from '../ops/linear.ts';
import { ShapeError } from '../runtime/errors.ts';
import { type Layer, layer } from './layer.ts';
import { checkCount, layerTitle } from './named.ts';
import { type WeightedOptions, weighted } from './weighted.ts';

export type DenseOptions = WeightedOptions;

/**
 * activation(x·kernel + bias): x [.., in] with at least two axes, kernel [in, units], bias [units] → [.., units].
 * Throws `OptionError` for options, `ShapeError` for an input that does not fit the kernel.
 */
export function dense(units: number, options: DenseOptions = {}): Layer<[x: Tensor]> {
  const title = layerTitle('dense', options);
  checkCount(`${title}: units`, units);
  const { kernel, output } = weighted(title, options, {});
  const self: Layer<[x: Tensor]> = layer('dense', { units, ...options }, (scope, x: Tensor) => {
    const inputs = inputWidth(x, self.variables[0]?.shape[0]);
    const w = scope.weight('kernel', [inputs, units], { ...kernel, operand: true });
    return output(scope, units, (b) => linear(x, w, b));
  });
  return self;
}

/** Size of the last axis; throws unless the kernel, if there is one, expects it. */
function inputWidth({ shape }: Tensor, expected: number | undefined): number {
  if (shape.length < 2)
    throw new ShapeError(`input ${formatShape(shape)}, expected [batch, .., inputs]`);
  const inputs = shape.at(-1) as number;
  if (expected !== undefined && inputs !== expected) {
    throw new ShapeError(`input ${formatShape(shape)}, weight expects ${expected}`);
  }
  return inputs;
}
