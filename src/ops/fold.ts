import { sizeOf } from '../graph/shape.ts';
import type { Rewrite, Tensor } from '../graph/tensor.ts';
import { rootOf } from '../graph/tensor.ts';
import { scalar, tensor } from './leaf.ts';
import { expand, knownScalar } from './sum.ts';

/** Numbers up to which constants are computed ahead. */
const MOST = 4096;

/** One number everywhere. */
export function full(shape: Tensor['shape'], value: number): Tensor {
  return shape.length ? expand(scalar(value), shape) : scalar(value);
}

/** The numbers of a constant, or one for all. */
function numbersOf(x: Tensor): readonly number[] | undefined {
  const known = knownScalar(x);
  if (known !== undefined) return [known];
  const { op, attrs } = rootOf(x);
  return op.source === 'constant' ? attrs.data : undefined;
}

/**
 * Constants in, a constant out, where the bits are those of any kernel: `f` computes one element in f64 from numbers of the
 * build, and says undefined where that is not sure.
 */
export function folds(
  f: (x: readonly number[], node: Tensor, round: (x: number) => number) => number | undefined,
): Rewrite {
  return {
    replace(node, _, round) {
      const given = node.inputs.map((x) => numbersOf(x) ?? []);
      const n = Math.max(...given.map((g) => g.length));
      const fits = n === 1 || n === sizeOf(node.shape);
      if (!fits || n > MOST || !given.every((g) => g.length === 1 || (g.length && g.length === n)))
        return null;
      const found = Array.from({ length: n }, (_, i) => {
        const x = given.map((g) => round(g[g.length > 1 ? i : 0] as number));
        return f(x, node, round);
      });
      if (found.includes(undefined)) return null;
      const values = found.map((v) => round(v as number));
      return n === 1 ? full(node.shape, values[0] as number) : tensor(values, node.shape);
    },
  };
}

/** Whether no element is −0, to which adding 0 makes a difference. */
export function isUnsigned(x: Tensor): boolean {
  const { op, dtype } = rootOf(x);
  const known = dtype === 'bool' ? [0] : numbersOf(x);
  return op.unsigned ?? known?.every((v) => !Object.is(v, -0)) ?? false;
}
