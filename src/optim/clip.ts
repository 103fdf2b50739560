import type { Tensor } from '../graph/tensor.ts';
import { div, maximum, mul } from '../ops/binary.ts';
import { scalar } from '../ops/leaf.ts';
import { reduceSum } from '../ops/sum.ts';
import { addAll, clip, sqrt, square } from '../ops/unary.ts';
import type { OptimizerOptions } from './optimizer.ts';

/** The gradients limited as the options say: `clipValue`, `clipNorm` or `globalClipNorm`; without them as they are. */
export function clipGradients(
  gradients: readonly Tensor[],
  { clipValue, clipNorm, globalClipNorm }: OptimizerOptions,
): readonly Tensor[] {
  if (clipValue !== undefined) return gradients.map((g) => clip(g, -clipValue, clipValue));
  if (clipNorm !== undefined) return gradients.map((g) => mul(g, shrink(squares(g), clipNorm)));
  if (globalClipNorm === undefined || gradients.length === 0) return gradients;
  const factor = shrink(addAll(gradients.map(squares)), globalClipNorm);
  return gradients.map((g) => mul(g, factor));
}

function squares(g: Tensor): Tensor {
  return reduceSum(square(g));
}

/** limit/max(norm, limit) from the square of the norm */
function shrink(sumOfSquares: Tensor, limit: number): Tensor {
  return div(scalar(limit), maximum(sqrt(sumOfSquares), limit));
}
