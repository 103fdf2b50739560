import { defineOp } from '../graph/op.ts';
import { broadcastShapes, formatShape, type Shape, sameShape, sizeOf } from '../graph/shape.ts';
import { type Grads, makeTensor, type OpInfo, type Tensor } from '../graph/tensor.ts';
import { checkOptions, ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { NONE } from '../runtime/row.ts';
import { emitBatch } from './batched.ts';
import { type Turns, turnsOf } from './eachProduct.ts';
import { expectReal } from './emit.ts';
import { FUSED, type LinearActivation } from './fused.ts';
import { reshape, transpose } from './layout.ts';
import { emitProduct, leftOf, packedB } from './product.ts';
import { expand } from './sum.ts';

export interface MatMulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

interface MatMulAttrs {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  /** The product is multiplied by the slope of an activation where its value is a third input: made by a rule. */
  readonly slope?: LinearActivation;
}

interface Sizes {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly batch: Shape;
}

function productSizes(
  name: string,
  a: Tensor,
  b: Tensor,
  { transposeA, transposeB }: MatMulAttrs,
): Sizes {
  expectReal(name, a, b);
  if (a.shape.length < 2 || b.shape.length < 2) {
    throw new ShapeError(
      `${name}: operands ${formatShape(a.shape)} and ${formatShape(b.shape)} need two axes`,
    );
  }
  const [ar, ac] = a.shape.slice(-2) as [number, number];
  const [br, bc] = b.shape.slice(-2) as [number, number];
  const [M, K] = transposeA ? [ac, ar] : [ar, ac];
  const [K2, N] = transposeB ? [bc, br] : [br, bc];
  if (K !== K2) {
    const flip = (t: boolean) => (t ? 'ᵀ' : '');
    throw new ShapeError(
      `${name}: ${formatShape(a.shape)}${flip(transposeA)} times ${formatShape(b.shape)}${flip(transposeB)}: ${K} columns, ${K2} rows`,
    );
  }
  return { M, N, K, batch: broadcastShapes(leadOf(a), leadOf(b)) };
}

/** The axes in front of a matrix. */
function leadOf({ shape }: Tensor): Shape {
  return shape.slice(0, -2);
}

/** Operands of a product: leading axes broadcast as `turnsOf` has it, or b is one matrix and a is not transposed. */
function matMulArgs(a: Tensor, b: Tensor, options: MatMulOptions = {}): [Tensor[], MatMulAttrs] {
  checkOptions('matMul', options, ['transposeA', 'transposeB']);
  const attrs = {
    transposeA: options.transposeA ?? false,
    transposeB: options.transposeB ?? false,
  };
  if (b.shape.length <= 2 && (a.shape.length <= 2 || !attrs.transposeA)) return [[a, b], attrs];
  const batch = broadcastShapes(leadOf(a), leadOf(b));
  const ranked = (t: Tensor) => {
    const missing = batch.length + 2 - t.shape.length;
    return missing ? reshape(t, [...new Array<number>(missing).fill(1), ...t.shape]) : t;
  };
  const widen = (t: Tensor) =>
    turnsOf(leadOf(t), batch) ? ranked(t) : expand(t, [...batch, ...t.shape.slice(-2)]);
  const alone = !attrs.transposeA && sizeOf(leadOf(b)) === 1 && sizeOf(leadOf(a)) === sizeOf(batch);
  return [[widen(a), alone ? reshape(b, b.shape.slice(-2)) : widen(b)], attrs];
}

/** Matrix product over the last two axes; leading axes are batches that broadcast. */
export const matMul = defineOp({
  name: 'matMul',
  panels: true,
  args: matMulArgs,
  type: ([a, b], attrs) => {
    const { M, N, batch } = productSizes('matMul', a as Tensor, b as Tensor, attrs);
    return { shape: [...batch, M, N], dtype: 'real' };
  },
  flops: ({ inputs: [a, b], attrs, shape }) =>
    2 * sizeOf(shape) * productSizes('matMul', a as Tensor, b as Tensor, attrs).K,
  emit(e, node) {
    const [a, b, y] = node.inputs as [Tensor, Tensor, Tensor | undefined];
    const { M, N, K, batch } = productSizes('matMul', a, b, node.attrs);
    const product = { N, K, ...node.attrs, activation: 0, y: y && e.at(y) };
    const count = sizeOf(batch);
    if (b.shape.length === 2) {
      const whole = { M: M * count, ...product };
      const panels = e.panels(node);
      if (panels) {
        const { at, strides } = leftOf(e, e.at(a), whole);
        const bp = packedB(e, b, whole);
        e.row(kernels.gemmPanels(panels, at, bp, N, e.NR, whole.M, K, ...strides));
      } else emitProduct(e, e.at(node), e.at(a), b, NONE, whole);
      return;
    }
    const matrices = (t: Tensor) => ({ at: e.at(t), ...(turnsOf(leadOf(t), batch) as Turns) });
    emitBatch(e, e.at(node), matrices(a), matrices(b), count, { M, ...product });
  },
  summed({ inputs: [a, b], attrs: { transposeA, transposeB } }, stack): Tensor | null {
    const fits = transposeA && !transposeB && (a as Tensor).shape.length === 2;
    return fits ? flatProduct(stack(a as Tensor), stack(b as Tensor)) : null;
  },
  rewrite: {
    gradSlope: {
      user: Object.values(FUSED).map((f) => f.grad),
      replace(user, { inputs, attrs, shape }): Tensor | null {
        const y = user.inputs[1] as Tensor;
        if (inputs[1]?.shape.length !== 2 || !sameShape(y.shape, shape)) return null;
        const slope = user.op.name.slice(0, -4) as LinearActivation;
        return reshape(makeTensor(matMulSlope, [...inputs, y], { ...attrs, slope }), user.shape);
      },
    },
  },
  grad(dy, { inputs, attrs: { transposeA, transposeB } }): Grads {
    const [a, b] = inputs as [Tensor, Tensor];
    const da = transposeA
      ? matMul(b, dy, { transposeA: transposeB, transposeB: true })
      : matMul(dy, b, { transposeB: !transposeB });
    if (b.shape.length === 2 && a.shape.length > 2) {
      const db = flatProduct(a, dy);
      return [da, transposeB ? transpose(db) : db];
    }
    const db = transposeB
      ? matMul(dy, a, { transposeA: true, transposeB: transposeA })
      : matMul(a, dy, { transposeA: !transposeA });
    return [da, db];
  },
});

/** aᵀ·dy with all leading axes of both taken as one. */
export function flatProduct(a: Tensor, dy: Tensor): Tensor {
  const rows = (t: Tensor) => reshape(t, [sizeOf(t.shape.slice(0, -1)), t.shape.at(-1) as number]);
  return matMul(rows(a), rows(dy), { transposeA: true });
}

/** (A·B)·f′, where f is an activation whose value is a third input: multiplied while the tile is in the cache. */
const matMulSlope: OpInfo<MatMulAttrs> = {
  ...matMul,
  name: 'matMulSlope',
  panels: false,
  rewrite: {},
};
