import { defineOp } from '../graph/op.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import { type Emitter, type Grads, type Tensor, wholeOf } from '../graph/tensor.ts';
import { checkOptions } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { reluGrad } from './activation.ts';
import { expectReal } from './emit.ts';
import { reshape } from './layout.ts';
import { reduceSum } from './sum.ts';
import {
  adaptiveWindows,
  type Geometry,
  geometryOf,
  type Padding,
  padsOf,
  perAxis,
  slidingWindows,
  spatialAxes,
  type Window,
} from './windows.ts';

export interface PoolOptions {
  /** Of a window: one number for all axes, or one each. */
  readonly size: number | readonly number[];
  /** Elements from window to window, default `size`. */
  readonly strides?: number | readonly number[];
  /** Default valid. Padding is no part of a window: it is not counted. */
  readonly padding?: Padding;
}

interface AverageAttrs extends Geometry {
  readonly mean: boolean;
}

type Windows = (n: number, axis: number) => readonly Window[];

/** Inputs and geometry of a pooling of x with these windows along each axis. */
function pooled(op: string, x: Tensor, windows: Windows): [Tensor[], Geometry] {
  expectReal(op, x);
  const axes = spatialAxes(op, x);
  const [geometry, table] = geometryOf(x.shape.slice(1), axes.map(windows));
  return [[x, table], geometry];
}

function sliding(op: string, x: Tensor, options: PoolOptions): Windows {
  checkOptions(op, options, ['size', 'strides', 'padding']);
  const { size, strides, padding = 'valid' } = options;
  const axes = spatialAxes(op, x).length;
  const sizes = perAxis(`${op}: size`, size, axes);
  const steps = perAxis(`${op}: strides`, strides ?? sizes, axes);
  return (n, a) => {
    const [k, s] = [sizes[a] as number, steps[a] as number];
    return slidingWindows(n, k, s, padsOf(padding, a, axes, n, k, s));
  };
}

function adaptive(op: string, x: Tensor, outputSize: number | readonly number[]): Windows {
  const counts = perAxis(`${op}: outputSize`, outputSize, spatialAxes(op, x).length);
  return (n, a) => adaptiveWindows(n, counts[a] as number);
}

const real = (images: Tensor, image: Shape) => ({
  shape: [images.shape[0] as number, ...image],
  dtype: 'real' as const,
});

/** Numbers in an image from which on threads share single ones, as convolutions do. */
const LARGE = 1024;

/** Images, unit of threads, and bytes of a pooled image. */
function shares(e: Emitter, node: Tensor, { large, small }: Geometry) {
  const images = node.shape[0] as number;
  const size = sizeOf(large);
  const unit = size >= LARGE ? 1 : e.unit(images, size);
  return [images, unit, sizeOf(small) * e.realBytes] as const;
}

const maxPoolOp = defineOp<[x: Tensor, windows: Windows], Geometry>({
  name: 'maxPool',
  args: (x, windows) => pooled('maxPool', x, windows),
  type: ([x], { small }) => real(x as Tensor, small),
  flops: ({ inputs: [x] }) => sizeOf((x as Tensor).shape),
  emit(e, node) {
    const [x, table] = node.inputs as [Tensor, Tensor];
    const { attrs } = node;
    const last = attrs.whole ? 1 : 0;
    e.row(kernels.maxPool(e.at(node), e.at(x), e.at(table), ...shares(e, node, attrs), last));
  },
  grad(dy, node): Grads {
    const [x, table] = node.inputs as [Tensor, Tensor];
    return [maxPoolGrad(dy, x, node, table, node.attrs), null];
  },
});

type MaxInputs = [dy: Tensor, x: Tensor, y: Tensor, table: Tensor, geometry: Geometry];

const maxPoolGrad = defineOp<MaxInputs, Geometry>({
  name: 'maxPoolGrad',
  rewrite: {
    // What goes to the largest of several passes where that is above 0: the few are masked, not the many.
    gradMask: {
      user: [reluGrad],
      replace(user, { inputs, attrs }): Tensor | null {
        const [few, x, y, table] = inputs as [Tensor, Tensor, Tensor, Tensor];
        if (wholeOf(x) !== wholeOf(user.inputs[1] as Tensor)) return null;
        return reshape(maxPoolGrad(reluGrad(few, y, 0), x, y, table, attrs), user.shape);
      },
    },
    // Sums over all axes but the last are those of the few.
    gradSum: {
      user: [reduceSum],
      shared: true,
      replace({ attrs: { over, inner }, shape }, { inputs: [few] }): Tensor | null {
        const axes = (few as Tensor).shape.slice(1).map((_, axis) => axis);
        const fits = over === 'outer' && inner === few?.shape.at(-1);
        return fits ? reshape(reduceSum(few as Tensor, { axes }), shape) : null;
      },
    },
  },
  inplace: ({ tiles }) => (tiles ? [1] : []),
  args: (dy, x, y, table, geometry) => [[dy, x, y, table], geometry],
  type: ([dy], { large }) => real(dy as Tensor, large),
  flops: (node) => sizeOf(node.shape),
  emit(e, node) {
    const [dy, x, y, table] = node.inputs.map((t) => e.at(t)) as [never, never, never, never];
    const { attrs } = node;
    const tiles = attrs.tiles ? 1 : 0;
    e.row(kernels.maxPoolGrad(e.at(node), dy, x, y, table, ...shares(e, node, attrs), tiles));
  },
  grad(u, { inputs, attrs }): Grads {
    const [, x, y, table] = inputs as [Tensor, Tensor, Tensor, Tensor];
    return [maxPoolPick(u, x, y, table, attrs), null, null, null];
  },
});

const maxPoolPick = defineOp<MaxInputs, Geometry>({
  name: 'maxPoolPick',
  args: (u, x, y, table, geometry) => [[u, x, y, table], geometry],
  type: ([u], { small }) => real(u as Tensor, small),
  flops: ({ inputs: [u] }) => sizeOf((u as Tensor).shape),
  emit(e, node) {
    const [u, x, y, table] = node.inputs.map((t) => e.at(t)) as [never, never, never, never];
    e.row(kernels.maxPoolPick(e.at(node), u, x, y, table, ...shares(e, node, node.attrs)));
  },
  grad(dz, { inputs, attrs }): Grads {
    const [, x, y, table] = inputs as [Tensor, Tensor, Tensor, Tensor];
    return [maxPoolGrad(dz, x, y, table, attrs), null, null, null];
  },
});

const averagePoolOp = defineOp<[x: Tensor, table: Tensor, attrs: AverageAttrs], AverageAttrs>({
  name: 'averagePool',
  args: (x, table, attrs) => [[x, table], attrs],
  type: ([x], { small }) => real(x as Tensor, small),
  flops: ({ inputs: [x] }) => sizeOf((x as Tensor).shape),
  emit(e, node) {
    const [x, table] = node.inputs as [Tensor, Tensor];
    const { attrs } = node;
    const flags = [attrs.mean ? 1 : 0, attrs.whole ? 1 : 0] as const;
    e.row(
      kernels.averagePool(e.at(node), e.at(x), e.at(table), ...shares(e, node, attrs), ...flags),
    );
  },
  grad: (dy, { inputs, attrs }): Grads => [averagePoolGrad(dy, inputs[1] as Tensor, attrs), null],
});

const averagePoolGrad = defineOp<[dy: Tensor, table: Tensor, attrs: AverageAttrs], AverageAttrs>({
  name: 'averagePoolGrad',
  args: (dy, table, attrs) => [[dy, table], attrs],
  type: ([dy], { large }) => real(dy as Tensor, large),
  flops: (node) => sizeOf(node.shape),
  emit(e, node) {
    const [dy, table] = node.inputs as [Tensor, Tensor];
    const { attrs } = node;
    const flags = [attrs.mean ? 1 : 0, attrs.tiles ? 1 : 0] as const;
    const args = shares(e, node, attrs);
    e.row(kernels.averagePoolGrad(e.at(node), e.at(dy), e.at(table), ...args, ...flags));
  },
  grad: (u, { inputs, attrs }): Grads => [averagePoolOp(u, inputs[1] as Tensor, attrs), null],
});

function averaged(op: string, x: Tensor, windows: Windows): Tensor {
  const [inputs, geometry] = pooled(op, x, windows);
  return averagePoolOp(x, inputs[1] as Tensor, { ...geometry, mean: true });
}

/** Largest element of each window: x [B, .., C], one to three axes of windows. NaN if any is; ties: the first gets the gradient. */
export function maxPool(x: Tensor, options: PoolOptions): Tensor {
  return maxPoolOp(x, sliding('maxPool', x, options));
}

/** Mean of each window. */
export function averagePool(x: Tensor, options: PoolOptions): Tensor {
  return averaged('averagePool', x, sliding('averagePool', x, options));
}

/** Largest elements of `outputSize` windows as PyTorch chooses them. */
export function adaptiveMaxPool(x: Tensor, outputSize: number | readonly number[]): Tensor {
  return maxPoolOp(x, adaptive('adaptiveMaxPool', x, outputSize));
}

/** Means of `outputSize` windows as PyTorch chooses them. */
export function adaptiveAveragePool(x: Tensor, outputSize: number | readonly number[]): Tensor {
  return averaged('adaptiveAveragePool', x, adaptive('adaptiveAveragePool', x, outputSize));
}

/** Each element `factors` times along each axis between the first and the last. */
export function repeatElements(x: Tensor, factors: number | readonly number[]): Tensor {
  const axes = spatialAxes('repeatElements', x);
  const times = perAxis('repeatElements: factors', factors, axes.length);
  const windows = axes.map((n, a) => {
    const f = times[a] as number;
    return slidingWindows(n * f, f, f, [0, 0]);
  });
  const image = [...axes.map((n, a) => n * (times[a] as number)), x.shape.at(-1) as number];
  const [geometry, table] = geometryOf(image, windows);
  return averagePoolGrad(x, table, { ...geometry, mean: false });
}
