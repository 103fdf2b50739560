import type { Tensor } from '../graph/tensor.ts';
import { checkPadding, type Padding, type Pads, padsOf, perAxis } from '../ops/windows.ts';
import { checkDataFormat, type DataFormat, withChannelsLast } from './dataFormat.ts';
import { expectImage } from './pooling.ts';

/** The same for all axes, or one each. */
export type Sizes = number | readonly number[];

export interface WalkOptions {
  /** Elements from one output to the next, default 1. */
  readonly strides?: Sizes;
  /**
   * Zeros around the image. Default valid; same (the odd one behind, as Keras); causal (one axis: all in front, so that no
   * output sees what comes later); or numbers or pairs for the axes.
   */
  readonly padding?: Padding | 'causal';
  /** Elements from one tap of the kernel to the next, default 1. */
  readonly dilationRate?: Sizes;
  /** Default channelsLast: [batch, .., channels]. */
  readonly dataFormat?: DataFormat;
}

export const WALK: Required<WalkOptions> = {
  strides: 1,
  padding: 'valid',
  dilationRate: 1,
  dataFormat: 'channelsLast',
};

/** How a kernel of this size walks over images of `axes` axes: `options` of the ops, and `on`, which gives them channels last. */
export function walker(title: string, axes: number, kernelSize: Sizes, set: Required<WalkOptions>) {
  const kernel = perAxis(`${title}: kernelSize`, kernelSize, axes);
  const strides = perAxis(`${title}: strides`, set.strides, axes);
  const dilation = perAxis(`${title}: dilationRate`, set.dilationRate, axes);
  const format = checkDataFormat(title, set.dataFormat);
  const { padding } = set;
  checkPadding(title, padding, axes, ['valid', 'same', ...(axes === 1 ? ['causal'] : [])]);
  /** Elements that the kernel spans. */
  const spans = kernel.map((k, i) => (k - 1) * (dilation[i] as number) + 1);
  const padsFor = (sizes: readonly number[]): Pads[] =>
    sizes.map((n, i) => {
      const span = spans[i] as number;
      if (padding === 'causal') return [span - 1, 0];
      return padsOf(padding, i, axes, n, span, strides[i] as number);
    });
  return {
    kernel,
    spans,
    strides,
    dilation,
    padsFor,
    on(x: Tensor, body: (x: Tensor) => Tensor): Tensor {
      expectImage(x, axes, format);
      return withChannelsLast(x, format, body);
    },
    options: ({ shape }: Tensor) => ({ strides, dilation, pads: padsFor(shape.slice(1, -1)) }),
  };
}
