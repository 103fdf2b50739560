import { defineOp } from '../graph/op.ts';
import {
  checkShape,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
} from '../graph/shape.ts';
import type { Emitter, Grads, Tensor } from '../graph/tensor.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { expectReal } from './emit.ts';

/** The same elements in another shape; one size may be −1: what remains. Costs nothing. */
export const reshape = defineOp({
  name: 'reshape',
  view: true,
  rewrite: {
    chain: {
      replace({ shape, inputs: [x] }): Tensor | null {
        const { op, inputs, shape: before } = x as Tensor;
        if (sameShape(shape, before)) return x as Tensor;
        return op === reshape ? reshape(inputs[0] as Tensor, shape) : null;
      },
    },
  },
  args: (x: Tensor, shape: Shape) => [[x], { shape: resolveShape(x, shape) }],
  type: ([x], { shape }) => ({ shape, dtype: (x as Tensor).dtype }),
  emit() {},
  grad: (dy, { inputs: [x] }): Grads => [reshape(dy, (x as Tensor).shape)],
  summed({ inputs: [x], shape }, _, sum): Tensor | null {
    const whole = sum(x as Tensor);
    return whole && reshape(whole, shape);
  },
});

function resolveShape(x: Tensor, shape: Shape): number[] {
  if (!Array.isArray(shape)) checkShape(shape);
  const known = sizeOf(shape.filter((n) => n !== -1));
  const free = shape.filter((n) => n === -1).length;
  const size = sizeOf(x.shape);
  const fits = free === 0 ? known === size : free === 1 && known > 0 && size % known === 0;
  if (!fits) {
    throw new ShapeError(
      `reshape: ${formatShape(x.shape)} does not fit into ${formatShape(shape)}`,
    );
  }
  return shape.map((n) => (n === -1 ? size / known : n));
}

/** All axes but the first in one: [B, …] → [B, n]. */
export function flattenRows(x: Tensor): Tensor {
  const rows = x.shape[0] ?? 1;
  return reshape(x, [rows, sizeOf(x.shape.slice(1))]);
}

/** Without the axes of size 1 (or the given ones, which must be of size 1). */
export function squeeze(x: Tensor, axes?: number | readonly number[]): Tensor {
  const drop = axes === undefined ? undefined : normalizeAxes(axes, x.shape.length);
  const wrong = drop?.find((a) => x.shape[a] !== 1);
  if (wrong !== undefined)
    throw new ShapeError(`squeeze: axis ${wrong} of ${formatShape(x.shape)} is not 1`);
  return reshape(
    x,
    x.shape.filter((n, i) => (drop ? !drop.includes(i) : n !== 1)),
  );
}

/** With a new axis of size 1 at `axis`. */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.shape.length + 1);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Axes in another order: axis i of the result is axis perm[i] of x; without `perm`, reversed. */
export const transpose = defineOp({
  name: 'transpose',
  args: (x: Tensor, perm?: readonly number[]) => [
    [x],
    {
      perm: perm ? checkPerm(perm, x.shape.length) : x.shape.map((_, i) => x.shape.length - 1 - i),
    },
  ],
  type: ([x], { perm }) => {
    expectReal('transpose', x as Tensor);
    return { shape: perm.map((p) => (x as Tensor).shape[p] as number), dtype: (x as Tensor).dtype };
  },
  emit(e, node) {
    const [x] = node.inputs as [Tensor];
    if (x.shape.length === 2 && node.attrs.perm[0] === 1) {
      const [rows, columns] = node.shape as [number, number];
      e.row(kernels.transpose(e.at(node), e.at(x), rows, e.unit(rows, columns), columns));
      return;
    }
    const strides = stridesOf(x.shape);
    emitStrided(
      e,
      node,
      x,
      (node.attrs.perm as number[]).map((p) => strides[p] as number),
    );
  },
  grad: (dy, { attrs }): Grads => [transpose(dy, invert(attrs.perm))],
  rewrite: {
    chain: {
      replace({ shape, inputs: [x], attrs: { perm } }): Tensor | null {
        const { op, inputs, attrs, shape: before } = x as Tensor;
        if (op === transpose)
          return transpose(
            inputs[0] as Tensor,
            perm.map((p: number) => attrs.perm[p]),
          );
        const moved = perm.filter((p: number) => before[p] !== 1);
        const stays = moved.every((p: number, i: number) => !i || p > moved[i - 1]);
        return stays ? reshape(x as Tensor, shape) : null;
      },
    },
  },
  summed({ inputs: [x], attrs }, _, sum): Tensor | null {
    const whole = sum(x as Tensor);
    return whole && transpose(whole, attrs.perm);
  },
});

function checkPerm(perm: readonly number[], rank: number): number[] {
  const list = perm.map((p) => normalizeAxis(p, rank));
  if (list.length !== rank || new Set(list).size !== rank) {
    throw new OptionError(`transpose: [${perm}] is not an order of ${rank} axes`);
  }
  return list;
}

function invert(perm: readonly number[]): number[] {
  const inverse: number[] = [];
  perm.forEach((p, i) => {
    inverse[p] = i;
  });
  return inverse;
}

const MAX_RANK = 6;

/** y[i] = x[Σ i_d·strides_d] for all i of y's shape; stride 0 repeats. */
export function emitStrided(
  e: Emitter,
  y: Tensor,
  x: Tensor,
  strides: readonly number[],
  offset = 0,
) {
  const { sizes, steps } = six(y.shape, strides);
  const [n0, ...n] = sizes as [number, number, number, number, number, number];
  const unit = e.unit(n0, sizeOf(n));
  const from = e.at(x);
  const source = { ...from, offset: from.offset + offset * e.realBytes };
  e.row(kernels.copyStrided(e.at(y), source, n0, unit, ...n, ...steps));
}

type Six = [number, number, number, number, number, number];

/** Sizes and strides with neighbouring axes merged where they walk as one, filled up to six axes. */
export function six(shape: Shape, strides: readonly number[]): { sizes: Six; steps: Six } {
  const sizes: number[] = [];
  const steps: number[] = [];
  shape.forEach((n, i) => {
    const last = sizes.length - 1;
    const stride = strides[i] as number;
    if (n === 1 && shape.length > 1) return;
    if (last > 0 && steps[last] === stride * n) {
      sizes[last] = (sizes[last] as number) * n;
      steps[last] = stride;
    } else {
      sizes.push(n);
      steps.push(stride);
    }
  });
  if (sizes.length > MAX_RANK)
    throw new ShapeError(`more than ${MAX_RANK} axes: ${formatShape(shape)}`);
  const front = sizes.length === 0 ? 0 : 1;
  const fill = new Array<number>(MAX_RANK - sizes.length);
  const pad = (list: number[], value: number) =>
    [...list.slice(0, front), ...fill.fill(value), ...list.slice(front)] as Six;
  return { sizes: pad(sizes, 1), steps: pad(steps, 0) };
}
