import { defineOp } from '../graph/op.ts';
import { formatShape, type Shape } from '../graph/shape.ts';
import type { Grads, Tensor } from '../graph/tensor.ts';
import { ShapeError } from '../runtime/errors.ts';
import { NONE } from '../runtime/row.ts';
import {
  backwardAxis,
  type ConvAttrs,
  type ConvOptions,
  type ConvSizes,
  convAttrs,
  convFlops,
  convSizes,
  forwardAxis,
} from './convGeometry.ts';
import { emitConvolution, emitFilterGrad } from './convRows.ts';
import { expectReal } from './emit.ts';
import { activated, biased, fusedOf, type LinearActivation } from './fused.ts';
import { reshape } from './layout.ts';
import { expand, reduceSum } from './sum.ts';

export type { ConvOptions } from './convGeometry.ts';

export interface Conv2dOptions extends ConvOptions {
  /** Applied to the sum, default linear. */
  readonly activation?: LinearActivation;
}

/** Each channel `times` times, one behind the other. */
function repeatChannels(x: Tensor, times: number): Tensor {
  const shape = [...x.shape, times];
  const wide = expand(reshape(x, [...x.shape, 1]), shape);
  return reshape(wide, [...x.shape.slice(0, -1), (x.shape.at(-1) as number) * times]);
}

/** Several filters for each channel are one for each of as many copies of it. */
function conv2dArgs(x: Tensor, w: Tensor, b?: Tensor, options: Conv2dOptions = {}) {
  const { activation = 'linear' } = options;
  const attrs = convAttrs('conv2d', options, ['activation']);
  const [C, F] = [x.shape.at(-1) as number, w.shape.at(-1) as number];
  const { groups } = attrs;
  const single = groups > 1 && groups === C && x.shape.length === 4;
  const times = single && w.shape[2] === 1 && F % C === 0 ? F / C : 1;
  const inputs = [times > 1 ? repeatChannels(x, times) : x, w, ...(b ? [b] : [])];
  return [inputs, { ...attrs, groups: groups * times, activation }] as const;
}

/**
 * y[b, i, j, f] = act(Σ x[b, i·s + ky·d − top, j·s + kx·d − left, c]·w[ky, kx, c, f] + bias[f]), zeros outside: x [B, H, W, C],
 * w [KH, KW, C/groups, F], bias [F] → [B, OH, OW, F]. Throws `ShapeError` where they do not fit.
 *
 * 3 × 3 taps with stride 1 and 16 channels or more go by Winograd's F(4×4, 3×3) (Lavin and Gray, 2015) where that pays, with points 0, ±3/4,
 * ±3/2, as do their gradients: errors up to 4e-6 of the largest number with 256 channels, twice those of sums by definition, and NaN or
 * infinities spread in tiles of 4 × 4. Not in f64, nor where `reproducible` asks for the bits of every machine.
 */
export const conv2d = defineOp({
  name: 'conv2d',
  args: conv2dArgs,
  type([x, w, b], attrs) {
    const [input, weight] = [x as Tensor, w as Tensor];
    expectReal('conv2d', input, weight);
    const { B, OH, OW, F } = convSizes('conv2d', input.shape, weight.shape, attrs);
    if (b && (b.shape.length !== 1 || b.shape[0] !== F)) {
      throw new ShapeError(
        `conv2d: bias ${formatShape(b.shape)}, filter ${formatShape(weight.shape)} expects [${F}]`,
      );
    }
    return { shape: [B, OH, OW, F], dtype: 'real' };
  },
  range: (node) => fusedOf(node).op?.range?.(node),
  rewrite: {
    activation: activated,
    bias: biased(),
  },
  flops: ({ inputs: [x, w], attrs }) =>
    convFlops(convSizes('conv2d', (x as Tensor).shape, (w as Tensor).shape, attrs), attrs.groups),
  emit(e, node) {
    const [x, w, b] = node.inputs as [Tensor, Tensor, Tensor | undefined];
    const { groups } = node.attrs;
    const s = convSizes('conv2d', x.shape, w.shape, node.attrs);
    const { B, H, W, C, OH, OW, F, KW } = s;
    const depth = C / groups;
    emitConvolution(e, {
      x: { tensor: x, at: e.at(x), B, H, W, C },
      y: { at: e.at(node), B, H: OH, W: OW, C: F },
      vertical: forwardAxis(s, node.attrs, 0),
      horizontal: forwardAxis(s, node.attrs, 1),
      groups,
      filter: {
        tensor: w,
        sY: KW * depth * F,
        sX: depth * F,
        sK: F,
        sN: 1,
        sGroup: F / groups,
      },
      bias: b ? e.at(b) : NONE,
      activation: fusedOf(node).code,
    });
  },
  grad(dy, node): Grads {
    const [x, w, b] = node.inputs as [Tensor, Tensor, Tensor | undefined];
    const { activation, ...options } = node.attrs;
    const dz = fusedOf(node).grad(dy, node, 0);
    const dx = conv2dInputGrad(dz, w, [x.shape[1] ?? 0, x.shape[2] ?? 0], options);
    const dw = conv2dFilterGrad(x, dz, [w.shape[0] ?? 0, w.shape[1] ?? 0], options);
    return b ? [dx, dw, reduceSum(dz, { axes: [0, 1, 2] })] : [dx, dw];
  },
});

type Pair = readonly [number, number];

/** Throws unless dy is what a convolution of these sizes gives. */
function expectOutput(op: string, dy: Shape, { B, OH, OW, F }: ConvSizes): void {
  if (formatShape(dy) !== formatShape([B, OH, OW, F])) {
    throw new ShapeError(
      `${op}: gradient ${formatShape(dy)}, expected ${formatShape([B, OH, OW, F])}`,
    );
  }
}

interface InputGradAttrs extends ConvAttrs {
  readonly size: Pair;
}

function inputGradSizes(dy: Tensor, w: Tensor, attrs: InputGradAttrs): ConvSizes {
  const C = (w.shape[2] ?? 0) * attrs.groups;
  return convSizes('conv2dInputGrad', [dy.shape[0] ?? 0, ...attrs.size, C], w.shape, attrs);
}

/**
 * The gradient dx [B, …size, C] of a convolution's input from that of its output, dy [B, OH, OW, F], and its filter: also the
 * transposed convolution of dy.
 */
export const conv2dInputGrad = defineOp({
  name: 'conv2dInputGrad',
  args: (dy: Tensor, w: Tensor, size: Pair, options: ConvOptions = {}) => [
    [dy, w],
    { ...convAttrs('conv2dInputGrad', options), size },
  ],
  type([dy, w], attrs) {
    expectReal('conv2dInputGrad', dy as Tensor, w as Tensor);
    const sizes = inputGradSizes(dy as Tensor, w as Tensor, attrs);
    expectOutput('conv2dInputGrad', (dy as Tensor).shape, sizes);
    return { shape: [sizes.B, sizes.H, sizes.W, sizes.C], dtype: 'real' };
  },
  flops: ({ inputs: [dy, w], attrs }) =>
    convFlops(inputGradSizes(dy as Tensor, w as Tensor, attrs), attrs.groups),
  emit(e, node) {
    const [dy, w] = node.inputs as [Tensor, Tensor];
    const { groups } = node.attrs;
    const s = inputGradSizes(dy, w, node.attrs);
    const { B, H, W, C, OH, OW, F, KW } = s;
    const depth = C / groups;
    emitConvolution(e, {
      x: { tensor: dy, at: e.at(dy), B, H: OH, W: OW, C: F },
      y: { at: e.at(node), B, H, W, C },
      vertical: backwardAxis(s, node.attrs, 0),
      horizontal: backwardAxis(s, node.attrs, 1),
      groups,
      filter: {
        tensor: w,
        sY: KW * depth * F,
        sX: depth * F,
        sK: 1,
        sN: F,
        sGroup: F / groups,
      },
      bias: NONE,
      activation: 0,
    });
  },
  grad(d, { inputs: [dy, w], attrs }): Grads {
    const { size: _, ...options } = attrs as InputGradAttrs;
    const [KH, KW] = (w as Tensor).shape as [number, number];
    return [
      conv2d(d, w as Tensor, undefined, options),
      conv2dFilterGrad(d, dy as Tensor, [KH, KW], options),
    ];
  },
});

interface FilterGradAttrs extends ConvAttrs {
  readonly kernel: Pair;
}

function filterGradSizes(x: Tensor, dy: Tensor, attrs: FilterGradAttrs): ConvSizes {
  const depth = (x.shape[3] ?? 0) / attrs.groups;
  const w = [...attrs.kernel, depth, dy.shape[3] ?? 0];
  return convSizes('conv2dFilterGrad', x.shape, w, attrs);
}

/** The gradient dw [...kernel, C/groups, F] of a convolution's filter from its input x and the gradient dy of its output. */
export const conv2dFilterGrad = defineOp({
  name: 'conv2dFilterGrad',
  args: (x: Tensor, dy: Tensor, kernel: Pair, options: ConvOptions = {}) => [
    [x, dy],
    { ...convAttrs('conv2dFilterGrad', options), kernel },
  ],
  type([x, dy], attrs) {
    expectReal('conv2dFilterGrad', x as Tensor, dy as Tensor);
    const sizes = filterGradSizes(x as Tensor, dy as Tensor, attrs);
    expectOutput('conv2dFilterGrad', (dy as Tensor).shape, sizes);
    const { KH, KW, C, F } = sizes;
    return { shape: [KH, KW, C / attrs.groups, F], dtype: 'real' };
  },
  flops: ({ inputs: [x, dy], attrs }) =>
    convFlops(filterGradSizes(x as Tensor, dy as Tensor, attrs), attrs.groups),
  emit(e, node) {
    const [x, dy] = node.inputs as [Tensor, Tensor];
    const sizes = filterGradSizes(x, dy, node.attrs);
    emitFilterGrad(e, e.at(node), x, dy, sizes, node.attrs);
  },
  grad(d, { inputs: [x, dy], attrs }): Grads {
    const { kernel: _, ...options } = attrs as FilterGradAttrs;
    const [, H, W] = (x as Tensor).shape as [number, number, number];
    return [
      conv2dInputGrad(dy as Tensor, d, [H, W], options),
      conv2d(x as Tensor, d, undefined, options),
    ];
  },
});
