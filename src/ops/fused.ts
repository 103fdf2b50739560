import { atPath } from '../graph/scope.ts';
import { sizeOf } from '../graph/shape.ts';
import { makeTensor, type Rewrite, type Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { relu, reluGrad, sigmoid, sigmoidGrad, tanh, tanhGrad } from './activation.ts';
import { add } from './binary.ts';
import { reshape } from './layout.ts';

export type LinearActivation = 'linear' | 'relu' | 'sigmoid' | 'tanh';

interface FusedActivation {
  /** Of the kernels of products; with 3 more that of the slope, by which they multiply. */
  readonly code: number;
  readonly op?: typeof relu;
  /** dy times the slope where the value is y. */
  readonly grad: (dy: Tensor, y: Tensor, alpha: number) => Tensor;
  readonly gradRow?: typeof kernels.reluGrad;
}

/** Activations that a product applies while a tile is in registers. */
export const FUSED: Readonly<Record<LinearActivation, FusedActivation>> = {
  linear: { code: 0, grad: (dy) => dy },
  relu: { code: 1, op: relu, grad: reluGrad, gradRow: kernels.reluGrad },
  sigmoid: { code: 2, op: sigmoid, grad: sigmoidGrad, gradRow: kernels.sigmoidGrad },
  tanh: { code: 3, op: tanh, grad: tanhGrad, gradRow: kernels.tanhGrad },
};

/** The activation of a product. */
export function fusedOf({ attrs }: Tensor): FusedActivation {
  return FUSED[attrs.activation as LinearActivation];
}

/** product + bias, one number for each column, as a node of `op`: by default the product's own. */
export function biased(op?: Tensor['op']): Rewrite {
  return {
    user: [add],
    replace({ shape, inputs: [x, bias] }, product) {
      const { inputs, scope, attrs } = product;
      const { activation = 'linear', transposeA, transposeB } = attrs;
      const N = product.shape.at(-1) as number;
      const b = bias as Tensor;
      const columns = [x as Tensor, b].every((t) => (t.shape.at(-1) ?? 1) === N);
      const plain = activation === 'linear' && !transposeA && !transposeB && inputs.length === 2;
      if (!plain || !columns || sizeOf(b.shape) !== N) return null;
      const all = [...inputs, reshape(b, [N])];
      const whole = () => makeTensor(op ?? product.op, all, op ? { activation } : attrs);
      return reshape(atPath(scope, whole), shape);
    },
  };
}

/** act(product), where the product can apply it. */
export const activated: Rewrite = {
  user: Object.values(FUSED).map((f) => f.op),
  replace(user, { op, inputs, attrs, scope }) {
    if (attrs.activation !== 'linear') return null;
    const whole = () => makeTensor(op, inputs, { ...attrs, activation: user.op.name });
    return reshape(atPath(scope, whole), user.shape);
  },
};
