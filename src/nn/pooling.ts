import { formatShape, sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { div, mul } from '../ops/binary.ts';
import { reshape, squeeze, unsqueeze } from '../ops/layout.ts';
import { adaptiveAveragePool, adaptiveMaxPool, averagePool, maxPool } from '../ops/pool.ts';
import { reduceMean } from '../ops/reduce.ts';
import { checkPadding, type Padding, perAxis } from '../ops/windows.ts';
import { ShapeError } from '../runtime/errors.ts';
import { checkDataFormat, type DataFormat, withChannelsLast } from './dataFormat.ts';
import { type Layer, type LayerOptions, layer } from './layer.ts';
import { layerTitle, withDefaults } from './named.ts';
import { asReal } from './targets.ts';

export interface ImageOptions extends LayerOptions {
  /** Default channelsLast: [batch, .., channels]. */
  readonly dataFormat?: DataFormat;
}

export interface PoolingOptions extends ImageOptions {
  /** Of a window, default 2: one number for all axes, or one each. */
  readonly poolSize?: number | readonly number[];
  /** From window to window, default poolSize. */
  readonly strides?: number | readonly number[];
  /** Default valid; same; or numbers or pairs for the axes. It is not counted in means. */
  readonly padding?: Padding;
}

export interface GlobalPoolingOptions extends ImageOptions {
  /** Leave the pooled axes in place with size 1, default false. */
  readonly keepdims?: boolean;
}

/** Throws unless x has `axes` axes beside batch and channels. */
export function expectImage({ shape }: Tensor, axes: number, format: DataFormat): void {
  if (shape.length === axes + 2) return;
  const between = axes === 1 ? '1 axis' : `${axes} axes`;
  throw new ShapeError(
    `input ${formatShape(shape)}, expected ${format === 'channelsLast' ? '[batch, .., channels]' : '[batch, channels, ..]'} with ${between} between`,
  );
}

const ANY = { name: undefined, trainable: undefined, dataFormat: 'channelsLast' };

/** A layer of images with `axes` axes; `body` gets them with channels last. */
export function imageLayer(
  type: string,
  axes: number,
  config: LayerOptions & Readonly<Record<string, unknown>>,
  dataFormat: string,
  body: (x: Tensor) => Tensor,
): Layer<[x: Tensor]> {
  const format = checkDataFormat(layerTitle(type, config), dataFormat);
  return layer(type, config, (_, x: Tensor) => {
    expectImage(x, axes, format);
    return withChannelsLast(x, format, body);
  });
}

function pooling(type: string, axes: number, pool: typeof maxPool) {
  return (options: PoolingOptions = {}): Layer<[x: Tensor]> => {
    const title = layerTitle(type, options);
    const set = withDefaults(title, options, {
      ...ANY,
      poolSize: 2 as number | readonly number[],
      strides: undefined as PoolingOptions['strides'],
      padding: 'valid' as Padding,
    });
    const size = perAxis(`${title}: poolSize`, set.poolSize, axes);
    const strides = perAxis(`${title}: strides`, set.strides ?? size, axes);
    const { padding } = set;
    checkPadding(title, padding, axes);
    return imageLayer(type, axes, { ...options }, set.dataFormat, (x) =>
      pool(x, { size, strides, padding }),
    );
  };
}

/** The largest element of each window. NaN if any is; the gradient goes to the first of equal ones. */
export const maxPooling1D = pooling('maxPooling1D', 1, maxPool);
/** The largest element of each window. NaN if any is; the gradient goes to the first of equal ones. */
export const maxPooling2D = pooling('maxPooling2D', 2, maxPool);
/** The largest element of each window. NaN if any is; the gradient goes to the first of equal ones. */
export const maxPooling3D = pooling('maxPooling3D', 3, maxPool);

/** The mean of each window, of the elements that are there. */
export const averagePooling1D = pooling('averagePooling1D', 1, averagePool);
/** The mean of each window, of the elements that are there. */
export const averagePooling2D = pooling('averagePooling2D', 2, averagePool);
/** The mean of each window, of the elements that are there. */
export const averagePooling3D = pooling('averagePooling3D', 3, averagePool);

function globalPooling(type: string, axes: number, pool: typeof adaptiveMaxPool) {
  return (options: GlobalPoolingOptions = {}): Layer<[x: Tensor]> => {
    const set = withDefaults(layerTitle(type, options), options, { ...ANY, keepdims: false });
    return imageLayer(type, axes, { ...options }, set.dataFormat, (x) => {
      const y = pool(x, 1);
      return set.keepdims ? y : reshape(y, [y.shape[0] as number, sizeOf(y.shape.slice(1))]);
    });
  };
}

/** The largest element of each channel: [batch, .., channels] → [batch, channels]. */
export const globalMaxPooling1D = globalPooling('globalMaxPooling1D', 1, adaptiveMaxPool);
/** The largest element of each channel: [batch, .., channels] → [batch, channels]. */
export const globalMaxPooling2D = globalPooling('globalMaxPooling2D', 2, adaptiveMaxPool);
/** The largest element of each channel: [batch, .., channels] → [batch, channels]. */
export const globalMaxPooling3D = globalPooling('globalMaxPooling3D', 3, adaptiveMaxPool);

type Masked = [x: Tensor] | [x: Tensor, mask: Tensor];

/**
 * The mean of each channel: [batch, .., channels] → [batch, channels]. Called as f(x, mask) with a mask [batch, n] of 0 and
 * 1, that of one axis is the mean of the elements where it is 1.
 */
export function globalAveragePooling1D(options: GlobalPoolingOptions = {}): Layer<Masked> {
  const type = 'globalAveragePooling1D';
  const title = layerTitle(type, options);
  const set = withDefaults(title, options, { ...ANY, keepdims: false });
  const format = checkDataFormat(title, set.dataFormat);
  return layer(type, { ...options }, (_, ...[x, mask]: Masked) => {
    expectImage(x, 1, format);
    return withChannelsLast(x, format, (last) => {
      const y = mask ? maskedMean(last, asReal(mask)) : adaptiveAveragePool(last, 1);
      return set.keepdims ? y : squeeze(y, 1);
    });
  });
}

/** Σ x·mask/Σ mask: x [B, n, C], mask [B, n]. */
function maskedMean(x: Tensor, mask: Tensor): Tensor {
  const seen = unsqueeze(mask, -1);
  const share = div(seen, reduceMean(seen, { axes: 1, keepDims: true }));
  return adaptiveAveragePool(mul(x, share), 1);
}

/**
 * The mean of each channel: [batch, .., channels] → [batch, channels]. Called as f(x, mask) with a mask [batch, n] of 0 and
 * 1, that of one axis is the mean of the elements where it is 1.
 */
export const globalAveragePooling2D = globalPooling(
  'globalAveragePooling2D',
  2,
  adaptiveAveragePool,
);
/**
 * The mean of each channel: [batch, .., channels] → [batch, channels]. Called as f(x, mask) with a mask [batch, n] of 0 and
 * 1, that of one axis is the mean of the elements where it is 1.
 */
export const globalAveragePooling3D = globalPooling(
  'globalAveragePooling3D',
  3,
  adaptiveAveragePool,
);

type OutputSize = number | readonly number[];

function adaptivePooling(type: string, axes: number, pool: typeof adaptiveMaxPool) {
  return (outputSize: OutputSize, options: ImageOptions = {}): Layer<[x: Tensor]> => {
    const title = layerTitle(type, options);
    const { dataFormat } = withDefaults(title, options, ANY);
    const size = perAxis(`${title}: outputSize`, outputSize, axes);
    return imageLayer(type, axes, { outputSize, ...options }, dataFormat, (x) => pool(x, size));
  };
}

/** The largest element of each of `outputSize` windows, from ⌊i·n/outputSize⌋ to ⌈(i + 1)·n/outputSize⌉. */
export const adaptiveMaxPooling1D = adaptivePooling('adaptiveMaxPooling1D', 1, adaptiveMaxPool);
/** The largest element of each of `outputSize` windows, from ⌊i·n/outputSize⌋ to ⌈(i + 1)·n/outputSize⌉. */
export const adaptiveMaxPooling2D = adaptivePooling('adaptiveMaxPooling2D', 2, adaptiveMaxPool);
/** The largest element of each of `outputSize` windows, from ⌊i·n/outputSize⌋ to ⌈(i + 1)·n/outputSize⌉. */
export const adaptiveMaxPooling3D = adaptivePooling('adaptiveMaxPooling3D', 3, adaptiveMaxPool);

/** The mean of each of `outputSize` windows, from ⌊i·n/outputSize⌋ to ⌈(i + 1)·n/outputSize⌉. */
export const adaptiveAveragePooling1D = adaptivePooling(
  'adaptiveAveragePooling1D',
  1,
  adaptiveAveragePool,
);
/** The mean of each of `outputSize` windows, from ⌊i·n/outputSize⌋ to ⌈(i + 1)·n/outputSize⌉. */
export const adaptiveAveragePooling2D = adaptivePooling(
  'adaptiveAveragePooling2D',
  2,
  adaptiveAveragePool,
);
/** The mean of each of `outputSize` windows, from ⌊i·n/outputSize⌋ to ⌈(i + 1)·n/outputSize⌉. */
export const adaptiveAveragePooling3D = adaptivePooling(
  'adaptiveAveragePooling3D',
  3,
  adaptiveAveragePool,
);
