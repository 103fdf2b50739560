import { defineOp } from '../graph/op.ts';
import { formatShape, sizeOf } from '../graph/shape.ts';
import type { Grads, Tensor } from '../graph/tensor.ts';
import { checkOptions, ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { add, affine, mul, neg, sub } from './binary.ts';
import { expectReal } from './emit.ts';
import { reshape } from './layout.ts';
import { filled, half } from './norm.ts';
import { reduceMean } from './reduce.ts';
import { reduceSum } from './sum.ts';
import { rsqrt, square } from './unary.ts';

export interface LayerNormOptions {
  /** Default 1e-3. */
  readonly epsilon?: number;
  /** Default true; false: without the mean, by the root mean square. */
  readonly centered?: boolean;
}

interface Attrs {
  readonly epsilon: number;
  readonly centered: boolean;
}

/** Rows and columns of x [.., C]. */
function sizesOf({ shape }: Tensor): { rows: number; columns: number } {
  return { rows: sizeOf(shape.slice(0, -1)), columns: shape.at(-1) as number };
}

const LAST = { axes: -1, keepDims: true } as const;

/** x̂ and 1/σ of each row, from ops: what second derivatives are made of. */
function standardized(x: Tensor, { epsilon, centered }: Attrs): { z: Tensor; inverse: Tensor } {
  const centre = centered ? sub(x, reduceMean(x, LAST)) : x;
  const inverse = rsqrt(affine(reduceMean(square(centre), LAST), 1, epsilon));
  return { z: mul(centre, inverse), inverse };
}

/**
 * (x − mean)/√(variance + ε)·scale + offset of each row: x [.., C], scale and offset [C]. Ba, Kiros and Hinton 2016; with
 * `centered` false x/√(mean of x² + ε)·scale + offset, Zhang and Sennrich 2019.
 */
export const layerNorm = defineOp<
  [x: Tensor, scale: Tensor, offset: Tensor, options?: LayerNormOptions],
  Attrs
>({
  name: 'layerNorm',
  inplace: [0],
  args(x, scale, offset, options = {}) {
    checkOptions('layerNorm', options, ['epsilon', 'centered']);
    const { epsilon = 1e-3, centered = true } = options;
    return [[x, scale, offset], { epsilon, centered }];
  },
  type([x, scale, offset]) {
    const { shape } = x as Tensor;
    expectReal('layerNorm', x as Tensor, scale as Tensor, offset as Tensor);
    for (const t of [scale as Tensor, offset as Tensor]) {
      if (shape.length > 0 && t.shape.length === 1 && t.shape[0] === shape.at(-1)) continue;
      throw new ShapeError(
        `layerNorm: ${formatShape(t.shape)} for rows of ${formatShape(shape)}, expected [${shape.at(-1)}]`,
      );
    }
    return { shape, dtype: 'real' };
  },
  flops: (node) => 8 * sizeOf(node.shape),
  emit(e, node) {
    const [x, scale, offset] = node.inputs as [Tensor, Tensor, Tensor];
    const { rows, columns } = sizesOf(x);
    const { epsilon, centered } = node.attrs;
    const unit = e.unit(rows, columns);
    const at = [e.at(node), e.at(x), e.at(scale), e.at(offset)] as const;
    e.row(kernels.layerNorm(...at, rows, unit, columns, centered ? 1 : 0, epsilon));
  },
  grad(dy, { inputs, attrs }): Grads {
    const [x, scale] = inputs as [Tensor, Tensor];
    const sums = layerNormSums(dy, x, attrs);
    const { columns } = sizesOf(x);
    return [
      layerNormGrad(dy, x, scale, attrs),
      reshape(half(sums, 1), [columns]),
      reshape(half(sums, 0), [columns]),
    ];
  },
});

/** (g − mean of g − x̂·mean of g·x̂)/σ with g = scale·dy: a projection P(g)/σ of each row. */
const layerNormGrad = defineOp<[dy: Tensor, x: Tensor, scale: Tensor, attrs: Attrs], Attrs>({
  name: 'layerNormGrad',
  inplace: [0],
  args: (dy, x, scale, attrs) => [[dy, x, scale], attrs],
  type: ([dy]) => ({ shape: (dy as Tensor).shape, dtype: 'real' }),
  flops: (node) => 12 * sizeOf(node.shape),
  emit(e, node) {
    const [dy, x, scale] = node.inputs as [Tensor, Tensor, Tensor];
    const { rows, columns } = sizesOf(x);
    const { epsilon, centered } = node.attrs;
    const unit = e.unit(rows, columns);
    const at = [e.at(node), e.at(dy), e.at(x), e.at(scale)] as const;
    e.row(kernels.layerNormGrad(...at, rows, unit, columns, centered ? 1 : 0, epsilon));
  },
  grad(u, node): Grads {
    const [dy, x, scale] = node.inputs as [Tensor, Tensor, Tensor];
    const { z, inverse } = standardized(x, node.attrs);
    const { rows, columns } = sizesOf(x);
    const pu = layerNormGrad(u, x, filled(columns, 1), node.attrs);
    const along = (a: Tensor, b: Tensor) => reduceMean(mul(a, b), LAST);
    const gz = mul(pu, along(mul(dy, scale), z));
    const uz = mul(node, along(u, z));
    const dx = neg(mul(add(add(gz, uz), mul(z, along(u, node))), inverse));
    const dScale = reduceSum(reshape(mul(dy, pu), [rows, columns]), { axes: 0 });
    return [mul(pu, scale), dx, dScale];
  },
});

/** Elements of a chunk of rows. */
const CHUNK = 4096;

/** [1, 2, C]: Σ dy and Σ dy·x̂ of each column. */
const layerNormSums = defineOp<[dy: Tensor, x: Tensor, attrs: Attrs], Attrs>({
  name: 'layerNormSums',
  args: (dy, x, attrs) => [[dy, x], attrs],
  type: ([x]) => ({ shape: [1, 2, sizesOf(x as Tensor).columns], dtype: 'real' }),
  flops: ({ inputs: [x] }) => 8 * sizeOf((x as Tensor).shape),
  emit(e, node) {
    const [dy, x] = node.inputs as [Tensor, Tensor];
    const { rows, columns } = sizesOf(x);
    const { epsilon, centered } = node.attrs;
    const flag = centered ? 1 : 0;
    const chunk = Math.max(16, Math.ceil(CHUNK / Math.max(columns, 1)));
    const chunks = Math.max(1, Math.ceil(rows / chunk));
    const to = chunks === 1 ? e.at(node) : e.temp(chunks * 2 * columns * e.realBytes);
    const sizes = [chunks, 1, chunk, rows, columns, flag, epsilon] as const;
    e.row(kernels.layerNormSums(to, e.at(dy), e.at(x), ...sizes));
    if (chunks > 1) e.row(kernels.sumColumns(e.at(node), to, 2 * columns, 32, chunks));
  },
  grad(dz, { inputs, attrs }): Grads {
    const [dy, x] = inputs as [Tensor, Tensor];
    const { columns } = sizesOf(x);
    const [plain, scale] = [reshape(half(dz, 0), [columns]), reshape(half(dz, 1), [columns])];
    return [layerNorm(x, scale, plain, attrs), layerNormGrad(dy, x, scale, attrs)];
  },
});
