import { defineOp } from '../graph/op.ts';
import { sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { OptionError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { elementwise, expectReal } from './emit.ts';
import { tensor } from './leaf.ts';

/** How many of the thresholds (in ascending order) are below each element; none are below a NaN. */
export const countBelow = defineOp({
  name: 'countBelow',
  flat: true,
  args: (x: Tensor, thresholds: readonly number[]) => {
    if (thresholds.some((t, i) => !(t >= (thresholds[i - 1] ?? Number.NEGATIVE_INFINITY))))
      throw new OptionError(`countBelow: thresholds [${thresholds}], expected ascending numbers`);
    return [[x, tensor(thresholds)], { count: thresholds.length }];
  },
  type([x]) {
    expectReal('countBelow', x as Tensor);
    return { shape: (x as Tensor).shape, dtype: 'real' };
  },
  emit(e, node) {
    const [x, thresholds] = node.inputs as [Tensor, Tensor];
    const { n, unit } = elementwise(e, node);
    e.row(kernels.countBelow(e.at(node), e.at(x), e.at(thresholds), n, unit, node.attrs.count));
  },
});

/**
 * Place of each element in the descending order of its row (the last axis), from 0; equals go from left to right. A NaN
 * comes behind all others of its row, and before all of them for those.
 */
export const rank = defineOp({
  name: 'rank',
  flat: true,
  args: (x: Tensor) => [[x], {}],
  type([x]) {
    expectReal('rank', x as Tensor);
    return { shape: (x as Tensor).shape, dtype: 'real' };
  },
  emit(e, node) {
    const columns = node.shape.at(-1) ?? 1;
    const rows = columns ? sizeOf(node.shape) / columns : 0;
    const x = e.at(node.inputs[0] as Tensor);
    e.row(kernels.rankRows(e.at(node), x, rows, e.unit(rows, columns), columns));
  },
});
