import { defineOp } from '../graph/op.ts';
import { formatShape, normalizeAxis, type Shape, sizeOf, stridesOf } from '../graph/shape.ts';
import { type Emitter, type Grads, rootOf, type Tensor } from '../graph/tensor.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { elementwise, expectReal } from './emit.ts';
import { emitStrided, six } from './layout.ts';

/** Elements behind `begin`, `size` of them on each axis; −1: to the end. */
export const slice = defineOp({
  name: 'slice',
  view: isBlock,
  offset: ({ inputs: [x], attrs }) => offsetOf(attrs.begin, stridesOf((x as Tensor).shape)),
  args: (x: Tensor, begin: readonly number[], size: readonly number[]) => [
    [x],
    { begin, size: size.map((n, i) => (n === -1 ? (x.shape[i] ?? 0) - (begin[i] ?? 0) : n)) },
  ],
  type([x], { begin, size }) {
    const { shape } = x as Tensor;
    if (!isBlock({ inputs: [x as Tensor], attrs: { size } })) expectReal('slice', x as Tensor);
    const fits =
      begin.length === shape.length &&
      size.length === shape.length &&
      shape.every((n, i) => {
        const [from, count] = [begin[i] as number, size[i] as number];
        return from >= 0 && count >= 0 && from + count <= n;
      });
    if (!fits) {
      throw new ShapeError(
        `slice: ${formatShape(size)} from ${formatShape(begin)} is outside of ${formatShape(shape)}`,
      );
    }
    return { shape: size, dtype: (x as Tensor).dtype };
  },
  emit(e, node) {
    if (isBlock(node)) return;
    const [x] = node.inputs as [Tensor];
    const strides = stridesOf(x.shape);
    emitStrided(e, node, x, strides, offsetOf(node.attrs.begin, strides));
  },
  grad(dy, { inputs: [x], attrs: { begin, size } }): Grads {
    const shape = (x as Tensor).shape;
    const after = shape.map((n, i) => n - (begin[i] as number) - (size[i] as number));
    return [pad(dy, begin, after)];
  },
});

/** Whether a slice is one piece of memory, of a tensor that is not kept in panels. */
function isBlock({ inputs: [x], attrs }: Pick<Tensor, 'inputs' | 'attrs'>): boolean {
  const { shape } = x as Tensor;
  const { source } = rootOf(x as Tensor).op;
  const size = attrs.size as readonly number[];
  const first = size.findIndex((n) => n !== 1);
  const whole = size.every((n, i) => i <= first || n === shape[i]);
  return source !== 'variable' && source !== 'loop' && (first < 0 || whole);
}

function offsetOf(begin: readonly number[], strides: readonly number[]): number {
  return begin.reduce((sum, b, i) => sum + b * (strides[i] as number), 0);
}

/** x with `before` and `after` elements of `value` around it on each axis. */
export const pad = defineOp({
  name: 'pad',
  args: (x: Tensor, before: readonly number[], after: readonly number[], value = 0) => [
    [x],
    { before, after, value },
  ],
  type([x], { before, after }) {
    const { shape } = x as Tensor;
    expectReal('pad', x as Tensor);
    const given = [...before, ...after];
    if (
      before.length !== shape.length ||
      after.length !== shape.length ||
      given.some((n) => n < 0)
    ) {
      throw new OptionError(`pad: [${before}] and [${after}] do not fit ${formatShape(shape)}`);
    }
    return {
      shape: shape.map((n, i) => n + (before[i] as number) + (after[i] as number)),
      dtype: 'real',
    };
  },
  emit(e, node) {
    const [x] = node.inputs as [Tensor];
    const { n, unit } = elementwise(e, node);
    e.row(kernels.fill(e.at(node), n, unit, node.attrs.value));
    place(e, node, x, node.attrs.before);
  },
  grad: (dy, { inputs: [x], attrs }): Grads => [slice(dy, attrs.before, (x as Tensor).shape)],
});

/** Copies x into `node` from `begin` on. */
function place(e: Emitter, node: Tensor, x: Tensor, begin: readonly number[]): void {
  const strides = stridesOf(node.shape);
  const { sizes, steps } = six(x.shape, strides);
  const [n0, ...n] = sizes;
  const to = e.at(node);
  const moved = { ...to, offset: to.offset + offsetOf(begin, strides) * e.realBytes };
  e.row(kernels.placeStrided(moved, e.at(x), n0, e.unit(n0, sizeOf(n)), ...n, ...steps));
}

/** Tensors one behind the other along `axis`. */
export const concat = defineOp<[tensors: readonly Tensor[], axis?: number], { axis: number }>({
  name: 'concat',
  args: (tensors, axis = -1) => {
    if (tensors.length === 0) throw new OptionError('concat: no tensors');
    return [tensors, { axis: normalizeAxis(axis, (tensors[0] as Tensor).shape.length) }];
  },
  type(tensors, { axis }) {
    const [first] = tensors as [Tensor];
    expectReal('concat', ...tensors);
    for (const t of tensors) {
      const fits =
        t.shape.length === first.shape.length &&
        t.shape.every((n, i) => i === axis || n === first.shape[i]);
      if (!fits) {
        throw new ShapeError(
          `concat: ${formatShape(t.shape)} does not fit ${formatShape(first.shape)} along axis ${axis}`,
        );
      }
    }
    const total = tensors.reduce((sum, t) => sum + (t.shape[axis] as number), 0);
    return { shape: first.shape.with(axis, total), dtype: 'real' };
  },
  emit(e, node) {
    offsets(node.inputs, node.attrs.axis).forEach((begin, i) => {
      place(e, node, node.inputs[i] as Tensor, begin);
    });
  },
  grad: (dy, { inputs, attrs }): Grads =>
    offsets(inputs, attrs.axis).map((begin, i) => slice(dy, begin, (inputs[i] as Tensor).shape)),
});

function offsets(tensors: readonly Tensor[], axis: number): Shape[] {
  let at = 0;
  return tensors.map((t) => {
    const begin = t.shape.map((_, i) => (i === axis ? at : 0));
    at += t.shape[axis] as number;
    return begin;
  });
}
