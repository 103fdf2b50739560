import { defineOp } from '../graph/op.ts';
import { broadcastShapes, type Shape, sameShape, sizeOf } from '../graph/shape.ts';
import type { DType, Emitter, Grads, OpInfo, Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import type { Pointer, Row } from '../runtime/row.ts';
import { emitMap, emitZip, expectReal } from './emit.ts';
import { folds, full, isUnsigned } from './fold.ts';
import { asTensor } from './leaf.ts';
import { expand, knownScalar } from './sum.ts';

type Same = (z: Pointer, a: Pointer, b: Pointer, n: number, unit: number) => Row;
type Broadcast = (
  z: Pointer,
  a: Pointer,
  b: Pointer,
  rows: number,
  unit: number,
  columns: number,
  bRow: number,
  bCol: number,
) => Row;

interface Form {
  readonly rows: number;
  readonly columns: number;
  readonly bRow: 0 | 1;
  readonly bCol: 0 | 1;
}

/** How a smaller `b` is repeated over rows × columns of `shape`; undefined when no kernel form fits. */
function broadcastForm(shape: Shape, b: Shape): Form | undefined {
  const size = sizeOf(shape);
  const bSize = sizeOf(b);
  if (bSize === 1) {
    const rows = shape.length > 1 ? (shape[0] as number) : size;
    return { rows, columns: rows === 0 ? 0 : size / rows, bRow: 0, bCol: 0 };
  }
  const full = [...new Array<number>(shape.length - b.length).fill(1), ...b];
  const first = full.findIndex((n) => n !== 1);
  const last = full.findLastIndex((n) => n !== 1);
  if (sameShape(full.slice(first), shape.slice(first))) {
    return { rows: size / bSize, columns: bSize, bRow: 0, bCol: 1 };
  }
  if (sameShape(full.slice(0, last + 1), shape.slice(0, last + 1))) {
    return { rows: bSize, columns: size / bSize, bRow: 1, bCol: 0 };
  }
  return undefined;
}

/** Brings the operands to forms that kernels have: the first is full, the second full or a scalar, row or column. */
function operands(a: Tensor, b: Tensor, commutes: boolean): readonly Tensor[] {
  const shape = broadcastShapes(a.shape, b.shape);
  if (commutes && sizeOf(a.shape) < sizeOf(b.shape)) [a, b] = [b, a];
  const full = sameShape(a.shape, shape) ? a : expand(a, shape);
  const fits = sizeOf(b.shape) === sizeOf(shape) || broadcastForm(shape, b.shape);
  return [full, fits ? b : expand(b, shape)];
}

interface BinaryRules {
  readonly name: string;
  readonly same: Same;
  readonly broadcast: Broadcast;
  readonly commutes?: boolean;
  readonly result?: DType;
  /** What IEEE 754 rounds the same everywhere. */
  readonly fold?: (a: number, b: number) => number;
  /** Whether x with the number k is x. */
  readonly neutral?: (k: number, x: Tensor) => boolean;
  readonly grad?: OpInfo<Record<string, never>>['grad'];
}

/** An elementwise op of two tensors (or numbers) with broadcasting. */
export function binaryOp({
  name,
  same,
  broadcast,
  commutes = false,
  result = 'real',
  fold,
  neutral,
  grad,
}: BinaryRules) {
  return defineOp<[a: Tensor | number, b: Tensor | number], Record<string, never>>({
    name,
    inplace: [0, 1],
    args: (a, b) => [operands(asTensor(a), asTensor(b), commutes), {}],
    type: ([a, b]) => {
      expectReal(name, a as Tensor, b as Tensor);
      return { shape: broadcastShapes((a as Tensor).shape, (b as Tensor).shape), dtype: result };
    },
    flops: (node) => sizeOf(node.shape),
    emit(e, node) {
      const [a, b] = node.inputs as [Tensor, Tensor];
      if (sizeOf(b.shape) === sizeOf(node.shape)) emitZip(e, node, same);
      else emitBroadcast(e, node, a, b, broadcast);
    },
    ...(grad ? { grad } : { flat: true }),
    rewrite: {
      ...(fold && { fold: folds(([a, b]) => fold(a as number, b as number)) }),
      ...(neutral && { neutral: { replace: (node) => withoutNeutral(node, commutes, neutral) } }),
    },
  });
}

/** The operand that an op with a number does not change. */
function withoutNeutral(
  { shape, inputs: [a, b] }: Tensor,
  commutes: boolean,
  neutral: (k: number, x: Tensor) => boolean,
): Tensor | null {
  const isOne = (x: Tensor, k: Tensor) => {
    const known = knownScalar(k);
    return known !== undefined && sameShape(x.shape, shape) && neutral(known, x);
  };
  if (isOne(a as Tensor, b as Tensor)) return a as Tensor;
  return commutes && isOne(b as Tensor, a as Tensor) ? (b as Tensor) : null;
}

function emitBroadcast(e: Emitter, node: Tensor, a: Tensor, b: Tensor, row: Broadcast): void {
  const { rows, columns, bRow, bCol } = broadcastForm(node.shape, b.shape) as Form;
  e.row(row(e.at(node), e.at(a), e.at(b), rows, e.unit(rows, columns), columns, bRow, bCol));
}

type Pair = [Tensor, Tensor];

/** a·x + b with numbers a and b. */
export const affine = defineOp({
  name: 'affine',
  inplace: [0],
  args: (x: Tensor, a: number, b = 0) => [[x], { a, b }],
  type: ([x]) => {
    expectReal('affine', x as Tensor);
    return { shape: (x as Tensor).shape, dtype: 'real' };
  },
  flops: (node) => 2 * sizeOf(node.shape),
  emit: (e, node) =>
    emitMap(e, node, (y, x, n, unit) => kernels.affine(y, x, n, unit, node.attrs.a, node.attrs.b)),
  grad: (dy, { attrs }): Grads => [scale(dy, attrs.a)],
  rewrite: {
    neutral: {
      replace({ inputs: [x], attrs: { a, b } }) {
        const same = a === 1 && b === 0 && (Object.is(b, -0) || isUnsigned(x as Tensor));
        return same ? (x as Tensor) : null;
      },
    },
    // Fused and not, a·x + b is the same where the product is exact, or is all that there is.
    fold: folds(([x], { attrs }, round) => {
      const [a, b] = [round(attrs.a), round(attrs.b)];
      const y = a * (x as number) + b;
      return Math.abs(a) === 1 || (b === 0 && round(y) !== 0) ? y : undefined;
    }),
  },
  summed({ inputs: [x], attrs: { a, b } }, _, sum): Tensor | null {
    const whole = b === 0 ? sum(x as Tensor) : null;
    return whole && affine(whole, a);
  },
});

/** a·x: of a constant at once, and nothing for a = 1. */
export function scale(x: Tensor, a: number): Tensor {
  if (a === 1) return x;
  const known = knownScalar(x);
  if (known === undefined) return affine(x, a);
  return full(x.shape, a * known);
}

/** dy·x of the same shape, where dy is often one number everywhere. */
export function times(dy: Tensor, x: Tensor): Tensor {
  const known = knownScalar(dy);
  return known === undefined ? mul(dy, x) : scale(x, known);
}

/** −x */
export function neg(x: Tensor): Tensor {
  return affine(x, -1);
}

/** a + b */
export const add = binaryOp({
  name: 'add',
  same: kernels.add,
  broadcast: kernels.addBroadcast,
  commutes: true,
  fold: (a, b) => a + b,
  neutral: (k, x) => k === 0 && (Object.is(k, -0) || isUnsigned(x)),
  grad: (dy): Grads => [dy, dy],
});

/** a − b */
export const sub = binaryOp({
  name: 'sub',
  same: kernels.sub,
  broadcast: kernels.subBroadcast,
  fold: (a, b) => a - b,
  neutral: (k) => Object.is(k, 0),
  grad: (dy): Grads => [dy, neg(dy)],
});

/** a·b */
export const mul = binaryOp({
  name: 'mul',
  same: kernels.mul,
  broadcast: kernels.mulBroadcast,
  commutes: true,
  fold: (a, b) => a * b,
  neutral: (k) => k === 1,
  grad: (dy, { inputs }): Grads => [mul(dy, inputs[1] as Tensor), mul(dy, inputs[0] as Tensor)],
});

/** a/b */
export const div = binaryOp({
  name: 'div',
  same: kernels.div,
  broadcast: kernels.divBroadcast,
  fold: (a, b) => a / b,
  neutral: (k) => k === 1,
  grad(dy, node): Grads {
    const b = node.inputs[1] as Tensor;
    const da = div(dy, b);
    return [da, neg(mul(da, node))];
  },
});

/** The gradient goes to the operand that was taken; to both in halves where they are equal. */
function share(dy: Tensor, wins: Tensor, loses: Tensor): Tensor {
  return mul(dy, affine(sub(wins, loses), 0.5, 0.5));
}

/** The larger of a and b; NaN if either is. */
export const maximum = binaryOp({
  name: 'maximum',
  same: kernels.maximum,
  broadcast: kernels.maximumBroadcast,
  commutes: true,
  grad(dy, { inputs }): Grads {
    const [a, b] = inputs as Pair;
    return [share(dy, greater(a, b), less(a, b)), share(dy, less(a, b), greater(a, b))];
  },
});

/** The smaller of a and b; NaN if either is. */
export const minimum = binaryOp({
  name: 'minimum',
  same: kernels.minimum,
  broadcast: kernels.minimumBroadcast,
  commutes: true,
  grad(dy, { inputs }): Grads {
    const [a, b] = inputs as Pair;
    return [share(dy, less(a, b), greater(a, b)), share(dy, greater(a, b), less(a, b))];
  },
});

/** 1 where a = b, else 0. */
export const equal = binaryOp({
  name: 'equal',
  same: kernels.equal,
  broadcast: kernels.equalBroadcast,
  commutes: true,
  result: 'bool',
});
/** 1 where a ≠ b, else 0. */
export const notEqual = binaryOp({
  name: 'notEqual',
  same: kernels.notEqual,
  broadcast: kernels.notEqualBroadcast,
  commutes: true,
  result: 'bool',
});
/** 1 where a < b, else 0. */
export const less = binaryOp({
  name: 'less',
  same: kernels.less,
  broadcast: kernels.lessBroadcast,
  result: 'bool',
});
/** 1 where a ≤ b, else 0. */
export const lessEqual = binaryOp({
  name: 'lessEqual',
  same: kernels.lessEqual,
  broadcast: kernels.lessEqualBroadcast,
  result: 'bool',
});
/** 1 where a > b, else 0. */
export const greater = binaryOp({
  name: 'greater',
  same: kernels.greater,
  broadcast: kernels.greaterBroadcast,
  result: 'bool',
});
/** 1 where a ≥ b, else 0. */
export const greaterEqual = binaryOp({
  name: 'greaterEqual',
  same: kernels.greaterEqual,
  broadcast: kernels.greaterEqualBroadcast,
  result: 'bool',
});
