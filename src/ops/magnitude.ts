import { defineOp } from '../graph/op.ts';
import { sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { expectReal } from './emit.ts';
import { CHUNK } from './sum.ts';

/**
 * [root of the mean square, largest |x|] over all elements; [0, 0] for none. Scaled by the largest, so that squares neither
 * overflow nor vanish (Blue 1978). Has no gradient.
 */
export const magnitude = defineOp({
  name: 'magnitude',
  flat: true,
  args: (x: Tensor) => [[x], {}],
  type([x]) {
    expectReal('magnitude', x as Tensor);
    return { shape: [2], dtype: 'real' };
  },
  flops: ({ inputs: [x] }) => 3 * sizeOf((x as Tensor).shape),
  emit(e, node) {
    const [x] = node.inputs as [Tensor];
    const n = sizeOf(x.shape);
    const chunks = Math.ceil(n / CHUNK);
    const partial = e.temp(2 * chunks * e.realBytes);
    e.row(kernels.magnitudeChunks(partial, e.panels(x) ?? e.at(x), chunks, 1, CHUNK, n));
    e.row(kernels.combineMagnitudes(e.at(node), partial, chunks, CHUNK, n));
  },
});
