import { addRule, defineOp } from '../graph/op.ts';
import { formatShape, sizeOf } from '../graph/shape.ts';
import type { Grads, Tensor } from '../graph/tensor.ts';
import { ShapeError } from '../runtime/errors.ts';
import { NONE } from '../runtime/row.ts';
import { expectReal } from './emit.ts';
import { activated, biased, fusedOf, type LinearActivation } from './fused.ts';
import { flatProduct, matMul } from './matmul.ts';
import { emitProduct } from './product.ts';
import { reduceSum } from './sum.ts';

/** act(x·w + b): x [.., K], w [K, N], b [N]; bias and activation while the tile is in registers. */
export const linear = defineOp({
  name: 'linear',
  args: (x: Tensor, w: Tensor, b?: Tensor, activation: LinearActivation = 'linear') => [
    b ? [x, w, b] : [x, w],
    { activation },
  ],
  range: (node) => fusedOf(node).op?.range?.(node),
  rewrite: {
    activation: activated,
    bias: biased(),
  },
  type([x, w, b]) {
    const [input, weight] = [x as Tensor, w as Tensor];
    expectReal('linear', input, weight);
    const [K, N] = weight.shape as [number, number];
    if (input.shape.length < 2 || weight.shape.length !== 2 || input.shape.at(-1) !== K) {
      throw new ShapeError(`input ${formatShape(input.shape)}, weight expects ${K}`);
    }
    if (b && (b.shape.length !== 1 || b.shape[0] !== N)) {
      throw new ShapeError(
        `bias ${formatShape(b.shape)}, weight ${formatShape(weight.shape)} expects [${N}]`,
      );
    }
    return { shape: [...input.shape.slice(0, -1), N], dtype: 'real' };
  },
  flops: ({ inputs, shape }) => 2 * sizeOf(shape) * ((inputs[1] as Tensor).shape[0] as number),
  emit(e, node) {
    const [x, w, b] = node.inputs as [Tensor, Tensor, Tensor | undefined];
    const [K, N] = w.shape as [number, number];
    const product = { M: sizeOf(x.shape.slice(0, -1)), N, K, transposeA: false, transposeB: false };
    const activation = fusedOf(node).code;
    emitProduct(e, e.at(node), e.at(x), w, b ? e.at(b) : NONE, { ...product, activation });
  },
  grad(dy, node): Grads {
    const [x, w, b] = node.inputs as [Tensor, Tensor, Tensor | undefined];
    const dz = fusedOf(node).grad(dy, node, 0);
    const dx = matMul(dz, w, { transposeB: true });
    const dw = flatProduct(x, dz);
    const axes = dz.shape.slice(0, -1).map((_, i) => i);
    return b ? [dx, dw, reduceSum(dz, { axes })] : [dx, dw];
  },
});

addRule(matMul, 'bias', biased(linear));
