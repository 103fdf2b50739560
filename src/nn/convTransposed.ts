import type { Tensor } from '../graph/tensor.ts';
import { add } from '../ops/binary.ts';
import { convolveTransposed } from '../ops/convolve.ts';
import type { Pads } from '../ops/windows.ts';
import { OptionError } from '../runtime/errors.ts';
import { type Layer, layer } from './layer.ts';
import { checkCount, layerTitle } from './named.ts';
import { type Sizes, WALK, type WalkOptions, walker } from './walk.ts';
import { type WeightedOptions, weighted } from './weighted.ts';

export interface TransposedOptions extends WeightedOptions, WalkOptions {
  /** Default valid; same. */
  readonly padding?: 'valid' | 'same';
  /** Elements more at the end of each axis, below its stride. Default: as many as make the size below. */
  readonly outputPadding?: Sizes;
}

/** Size of an axis of n elements and what is cut from its ends; as Keras. */
function reach(
  n: number,
  span: number,
  stride: number,
  same: boolean,
  more: number | undefined,
): { size: number; pads: Pads } {
  const whole = (n - 1) * stride + span;
  const size = same
    ? more === undefined
      ? n * stride
      : (n - 1) * stride + (span % 2) + more
    : whole + (more ?? Math.max(stride - span, 0));
  const padded = more === undefined ? stride + span - 2 : span + (span % 2) - 2 + more;
  const front = same ? Math.max(span - 1 - Math.ceil(padded / 2), 0) : 0;
  return { size, pads: [front, Math.max(whole - size - front, 0)] };
}

function transposed(type: string, axes: number) {
  return (
    filters: number,
    kernelSize: Sizes,
    options: TransposedOptions = {},
  ): Layer<[x: Tensor]> => {
    const title = layerTitle(type, options);
    checkCount(`${title}: filters`, filters);
    const more = { ...WALK, outputPadding: undefined as TransposedOptions['outputPadding'] };
    const { set, kernel, output } = weighted(title, options, more);
    const { padding, outputPadding } = set;
    if (padding !== 'valid' && padding !== 'same')
      throw new OptionError(
        `${title}: padding is ${JSON.stringify(padding)}, expected "valid" or "same"`,
      );
    const walk = walker(title, axes, kernelSize, set);
    const { strides, dilation, spans } = walk;
    const extra = outputPadding === undefined ? undefined : extras(title, outputPadding, strides);
    return layer(type, { filters, kernelSize, ...options }, (scope, given: Tensor) =>
      walk.on(given, (x) => {
        const w = scope.weight(
          'kernel',
          [...walk.kernel, filters, x.shape.at(-1) as number],
          kernel,
        );
        const to = x.shape
          .slice(1, -1)
          .map((n, i) =>
            reach(n, spans[i] as number, strides[i] as number, padding === 'same', extra?.[i]),
          );
        return output(scope, filters, (b) => {
          const size = to.map((t) => t.size);
          const pads = to.map((t) => t.pads);
          const y = convolveTransposed(x, w, size, { strides, dilation, pads });
          return b ? add(y, b) : y;
        });
      }),
    );
  };
}

/** `outputPadding` of each axis. */
function extras(title: string, given: Sizes, strides: readonly number[]): readonly number[] {
  const list = typeof given === 'number' ? strides.map(() => given) : given;
  const fits =
    list.length === strides.length &&
    list.every((n, i) => Number.isSafeInteger(n) && n >= 0 && n < (strides[i] as number));
  if (fits) return list;
  throw new OptionError(
    `${title}: outputPadding is ${JSON.stringify(given)}, expected whole numbers from 0 and below the strides [${strides}]`,
  );
}

/**
 * Transposed convolution of x [B, n, C] with a kernel [K, filters, C]: what makes an input of a convolution from its output →
 * [B, m, filters], with activation and bias. m = (n − 1)·stride + span + outputPadding for padding valid, where the span is
 * (K − 1)·dilationRate + 1 and outputPadding max(stride − span, 0) unless given; for same n·stride, or with outputPadding
 * (n − 1)·stride + span mod 2 + outputPadding. Throws `OptionError` for options, `ShapeError` for an input that does not fit.
 */
export const conv1DTranspose = transposed('conv1DTranspose', 1);
/** As conv1DTranspose for images: x [B, H, W, C], kernel [KH, KW, filters, C]. */
export const conv2DTranspose = transposed('conv2DTranspose', 2);
/** As conv1DTranspose for volumes: x [B, D, H, W, C], kernel [KD, KH, KW, filters, C]. */
export const conv3DTranspose = transposed('conv3DTranspose', 3);
