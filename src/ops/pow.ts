import type { Grads, Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { affine, binaryOp, mul } from './binary.ts';
import { log } from './unary.ts';

/** a^b for each element. With a constant exponent, `powScalar` is faster. */
export const pow = binaryOp({
  name: 'pow',
  same: kernels.pow,
  broadcast: kernels.powBroadcast,
  grad(dy, node): Grads {
    const [a, b] = node.inputs as [Tensor, Tensor];
    return [mul(dy, mul(b, pow(a, affine(b, 1, -1)))), mul(dy, mul(node, log(a)))];
  },
});
