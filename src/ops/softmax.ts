import { defineOp } from '../graph/op.ts';
import { formatShape, normalizeAxis, sameShape, sizeOf } from '../graph/shape.ts';
import type { Grads, OpInfo, Tensor } from '../graph/tensor.ts';
import { ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import type { Pointer, Row } from '../runtime/row.ts';
import { sigmoid, sigmoidGrad } from './activation.ts';
import { affine, mul, neg, sub } from './binary.ts';
import { emitZip, expectI32, expectReal } from './emit.ts';
import { oneHot } from './gather.ts';
import { transpose, unsqueeze } from './layout.ts';
import { reduceSum } from './sum.ts';
import { exp } from './unary.ts';

type NoAttrs = Record<string, never>;
type Grad = NonNullable<OpInfo<NoAttrs>['grad']>;
type RowsRow = (at: readonly Pointer[], rows: number, unit: number, columns: number) => Row;
type Check = (name: string, inputs: readonly Tensor[]) => readonly number[];

/** An op over the rows (last axis) of its inputs. `check` returns the shape of the result. */
function rowsOp<Inputs extends Tensor[]>(
  name: string,
  check: Check,
  row: RowsRow,
  grad?: Grad,
  inplace: readonly number[] = [0],
) {
  return defineOp<Inputs, NoAttrs>({
    name,
    inplace,
    args: (...inputs) => [inputs, {}],
    type: (inputs) => ({ shape: check(name, inputs), dtype: 'real' }),
    flops: ({ inputs }) => 5 * sizeOf((inputs.at(-1) as Tensor).shape),
    emit(e, node) {
      const { shape } = node.inputs.find((t) => t.shape.length === widest(node.inputs)) as Tensor;
      const columns = shape.at(-1) ?? 1;
      const rows = columns === 0 ? 0 : sizeOf(shape) / columns;
      const at = [node as Tensor, ...node.inputs].map((t) => e.at(t));
      e.row(row(at, rows, e.unit(rows, columns), columns));
    },
    ...(grad ? { grad } : {}),
  });
}

function widest(tensors: readonly Tensor[]): number {
  return Math.max(...tensors.map((t) => t.shape.length));
}

const sameShapes: Check = (name, inputs) => {
  expectReal(name, ...inputs);
  const [first] = inputs as [Tensor];
  for (const t of inputs) {
    if (!sameShape(t.shape, first.shape)) {
      throw new ShapeError(
        `${name}: shapes ${formatShape(first.shape)} and ${formatShape(t.shape)} differ`,
      );
    }
  }
  return first.shape;
};

const LAST = { axes: -1 };

function innerSum(x: Tensor): Tensor {
  return reduceSum(x, { ...LAST, keepDims: true });
}

type At = [Pointer, Pointer, Pointer];
type At4 = [Pointer, Pointer, Pointer, Pointer];

const softmaxGrad = rowsOp<[dy: Tensor, y: Tensor]>(
  'softmaxGrad',
  sameShapes,
  (at, ...n) => kernels.softmaxGrad(...(at as At), ...n),
  (dz, { inputs }): Grads => {
    const [dy, y] = inputs as [Tensor, Tensor];
    const dYs = sub(mul(dz, sub(dy, innerSum(mul(dy, y)))), mul(dy, innerSum(mul(dz, y))));
    return [softmaxGrad(dz, y), dYs];
  },
);

/** eˣ/Σeˣ over the last axis. */
export const softmax = rowsOp<[x: Tensor]>(
  'softmax',
  sameShapes,
  ([y, x], ...n) => kernels.softmax(y as Pointer, x as Pointer, ...n),
  (dy, node): Grads => [softmaxGrad(dy, node)],
);

const logSoftmaxGrad = rowsOp<[dy: Tensor, y: Tensor]>(
  'logSoftmaxGrad',
  sameShapes,
  (at, ...n) => kernels.logSoftmaxGrad(...(at as At), ...n),
  (dz, { inputs }): Grads => {
    const [dy, y] = inputs as [Tensor, Tensor];
    const p = exp(y);
    return [sub(dz, innerSum(mul(dz, p))), neg(mul(mul(dz, p), innerSum(dy)))];
  },
);

/** x − ln Σeˣ over the last axis. */
export const logSoftmax = rowsOp<[x: Tensor]>(
  'logSoftmax',
  sameShapes,
  ([y, x], ...n) => kernels.logSoftmax(y as Pointer, x as Pointer, ...n),
  (dy, node): Grads => [logSoftmaxGrad(dy, node)],
);

/** Applies an op of the last axis to another one: `along(x, 0, softmax)`. */
export function along(x: Tensor, axis: number, op: (x: Tensor) => Tensor): Tensor {
  const last = x.shape.length - 1;
  const at = normalizeAxis(axis, x.shape.length);
  if (at === last) return op(x);
  const swap = x.shape.map((_, i) => (i === at ? last : i === last ? at : i));
  return transpose(op(transpose(x, swap)), swap);
}

/** Logits [.., C] and labels i32 [..]. */
const labelled: Check = (name, inputs) => {
  const labels = inputs.at(-1) as Tensor;
  const logits = inputs.at(-2) as Tensor;
  expectReal(name, logits);
  expectI32(name, 'labels', labels);
  if (!sameShape(logits.shape.slice(0, -1), labels.shape)) {
    throw new ShapeError(
      `${name}: logits ${formatShape(logits.shape)} expect labels ${formatShape(logits.shape.slice(0, -1))}, got ${formatShape(labels.shape)}`,
    );
  }
  return inputs.length === 2 ? labels.shape : logits.shape;
};

const softmaxCrossEntropyGrad = rowsOp<[dloss: Tensor, x: Tensor, labels: Tensor]>(
  'softmaxCrossEntropyGrad',
  labelled,
  (at, ...n) => kernels.softmaxCrossEntropyGrad(...(at as At4), ...n),
  (dz, { inputs }): Grads => {
    const [dloss, x, labels] = inputs as [Tensor, Tensor, Tensor];
    const p = softmax(x);
    const t = oneHot(labels, x.shape.at(-1) as number);
    return [
      reduceSum(mul(dz, sub(p, t)), LAST),
      mul(softmaxGrad(dz, p), unsqueeze(dloss, -1)),
      null,
    ];
  },
  [1],
);

/** −ln softmax(x)[label]: x [.., C] logits, labels i32 [..] in 0 … C − 1; one loss a row. */
export const softmaxCrossEntropy = rowsOp<[x: Tensor, labels: Tensor]>(
  'softmaxCrossEntropy',
  labelled,
  (at, ...n) => kernels.softmaxCrossEntropy(...(at as At), ...n),
  (dloss, { inputs: [x, labels] }): Grads => [
    softmaxCrossEntropyGrad(dloss, x as Tensor, labels as Tensor),
    null,
  ],
  [],
);

const distributed: Check = (name, inputs) => {
  const [x, t] = inputs.slice(-2) as [Tensor, Tensor];
  const shape = sameShapes(name, [x, t]);
  return inputs.length === 2 ? shape.slice(0, -1) : shape;
};

const softmaxCrossEntropyDenseGrad = rowsOp<[dloss: Tensor, x: Tensor, t: Tensor]>(
  'softmaxCrossEntropyDenseGrad',
  distributed,
  (at, ...n) => kernels.softmaxCrossEntropyDenseGrad(...(at as At4), ...n),
  (dz, { inputs }): Grads => {
    const [dloss, x, t] = inputs as [Tensor, Tensor, Tensor];
    const [p, d, sum] = [softmax(x), unsqueeze(dloss, -1), innerSum(t)];
    const moved = innerSum(mul(dz, p));
    return [
      reduceSum(mul(dz, sub(mul(p, sum), t)), LAST),
      mul(softmaxGrad(dz, p), mul(sum, d)),
      mul(d, neg(sub(dz, moved))),
    ];
  },
  [1],
);

/** −Σ t·ln softmax(x) over the last axis: x logits, t probabilities of the same shape; one loss a row. */
export const softmaxCrossEntropyDense = rowsOp<[x: Tensor, t: Tensor]>(
  'softmaxCrossEntropyDense',
  distributed,
  (at, ...n) => kernels.softmaxCrossEntropyDense(...(at as At), ...n),
  (dloss, { inputs }): Grads => {
    const [x, t] = inputs as [Tensor, Tensor];
    const dt = mul(neg(logSoftmax(x)), unsqueeze(dloss, -1));
    return [softmaxCrossEntropyDenseGrad(dloss, x, t), dt];
  },
  [],
);

const sigmoidCrossEntropyGrad = defineOp<[dloss: Tensor, x: Tensor, t: Tensor], NoAttrs>({
  name: 'sigmoidCrossEntropyGrad',
  inplace: [0, 1],
  args: (...inputs) => [inputs, {}],
  type: (inputs) => ({ shape: sameShapes('sigmoidCrossEntropyGrad', inputs), dtype: 'real' }),
  flops: (node) => 6 * sizeOf(node.shape),
  emit: (e, node) =>
    emitZip(e, node, (dx, dloss, x, n, unit) =>
      kernels.sigmoidCrossEntropyGrad(dx, dloss, x, e.at(node.inputs[2] as Tensor), n, unit),
    ),
  grad(dz, { inputs }): Grads {
    const [dloss, x, t] = inputs as [Tensor, Tensor, Tensor];
    const p = sigmoid(x);
    return [mul(dz, sub(p, t)), sigmoidGrad(mul(dz, dloss), p, 0), neg(mul(dz, dloss))];
  },
});

/** −t·ln σ(x) − (1 − t)·ln(1 − σ(x)) for each element: x logits, t targets in [0, 1]. */
export const sigmoidCrossEntropy = defineOp<[x: Tensor, t: Tensor], NoAttrs>({
  name: 'sigmoidCrossEntropy',
  inplace: [0, 1],
  args: (...inputs) => [inputs, {}],
  type: (inputs) => ({ shape: sameShapes('sigmoidCrossEntropy', inputs), dtype: 'real' }),
  flops: (node) => 8 * sizeOf(node.shape),
  emit: (e, node) => emitZip(e, node, kernels.sigmoidCrossEntropy),
  grad(dloss, { inputs }): Grads {
    const [x, t] = inputs as [Tensor, Tensor];
    return [sigmoidCrossEntropyGrad(dloss, x, t), mul(dloss, affine(x, -1))];
  },
});
