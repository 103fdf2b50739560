import { formatShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { transpose } from '../ops/layout.ts';
import { repeatElements } from '../ops/pool.ts';
import { resizeLinear } from '../ops/resize.ts';
import { pad, slice } from '../ops/slice.ts';
import { perAxis, type Sides, sidesOf } from '../ops/windows.ts';
import { OptionError, ShapeError, shown } from '../runtime/errors.ts';
import { type Layer, type LayerOptions, layer } from './layer.ts';
import { layerTitle, withDefaults } from './named.ts';
import { type ImageOptions, imageLayer } from './pooling.ts';

const ANY = { name: undefined, trainable: undefined, dataFormat: 'channelsLast' };

function zeroPadding(type: string, axes: number) {
  return (padding: Sides = 1, options: ImageOptions = {}): Layer<[x: Tensor]> => {
    const title = layerTitle(type, options);
    const { dataFormat } = withDefaults(title, options, ANY);
    const sides = sidesOf(`${title}: padding`, padding, axes);
    const ends = (end: 0 | 1) => [0, ...sides.map((s) => s[end]), 0];
    return imageLayer(type, axes, { padding, ...options }, dataFormat, (x) =>
      pad(x, ends(0), ends(1)),
    );
  };
}

/** Zeros around the axes between batch and channels; default 1 at each end. */
export const zeroPadding1D = zeroPadding('zeroPadding1D', 1);
/** Zeros around the axes between batch and channels; default 1 at each end. */
export const zeroPadding2D = zeroPadding('zeroPadding2D', 2);
/** Zeros around the axes between batch and channels; default 1 at each end. */
export const zeroPadding3D = zeroPadding('zeroPadding3D', 3);

function cropping(type: string, axes: number) {
  return (given: Sides, options: ImageOptions = {}): Layer<[x: Tensor]> => {
    const title = layerTitle(type, options);
    const { dataFormat } = withDefaults(title, options, ANY);
    const sides = sidesOf(`${title}: cropping`, given, axes);
    return imageLayer(type, axes, { cropping: given, ...options }, dataFormat, (x) => {
      const size = sides.map(([a, b], i) => (x.shape[i + 1] as number) - a - b);
      if (size.some((n) => n < 1)) {
        throw new ShapeError(
          `input ${formatShape(x.shape)}: cropping ${JSON.stringify(sides)} leaves nothing`,
        );
      }
      return slice(x, [0, ...sides.map((s) => s[0]), 0], [-1, ...size, -1]);
    });
  };
}

/** Without elements at the ends of the axes between batch and channels. */
export const cropping1D = cropping('cropping1D', 1);
/** Without elements at the ends of the axes between batch and channels. */
export const cropping2D = cropping('cropping2D', 2);
/** Without elements at the ends of the axes between batch and channels. */
export const cropping3D = cropping('cropping3D', 3);

export interface UpSamplingOptions extends ImageOptions {
  /** Default nearest; bilinear: between the pixels, with centres at half pixels. */
  readonly interpolation?: 'nearest' | 'bilinear';
}

function upSampling(type: string, axes: number) {
  return (size: number | readonly number[] = 2, options: UpSamplingOptions = {}) => {
    const title = layerTitle(type, options);
    const { dataFormat, interpolation } = withDefaults(title, options, {
      ...ANY,
      interpolation: 'nearest',
    });
    const factors = perAxis(`${title}: size`, size, axes);
    if (interpolation !== 'nearest' && (interpolation !== 'bilinear' || axes !== 2)) {
      const known = axes === 2 ? '"nearest" or "bilinear"' : '"nearest"';
      throw new OptionError(`${title}: interpolation is "${interpolation}", expected ${known}`);
    }
    return imageLayer(type, axes, { size, ...options }, dataFormat, (x) =>
      interpolation === 'nearest'
        ? repeatElements(x, factors)
        : resizeLinear(
            x,
            factors.map((f, a) => f * (x.shape[a + 1] as number)),
          ),
    );
  };
}

/** Each element `size` times along each axis between batch and channels. */
export const upSampling1D = upSampling('upSampling1D', 1);
/** Each element `size` times along each axis between batch and channels. */
export const upSampling2D = upSampling('upSampling2D', 2);
/** Each element `size` times along each axis between batch and channels. */
export const upSampling3D = upSampling('upSampling3D', 3);

/** The axes behind the batch in another order: axis i of the result is axis dims[i] of x, counted from 1. */
export function permute(dims: readonly number[], options: LayerOptions = {}): Layer<[x: Tensor]> {
  const title = layerTitle('permute', options);
  withDefaults<object>(title, options, { name: undefined, trainable: undefined });
  if (!Array.isArray(dims) || [...dims].sort((a, b) => a - b).some((d, i) => d !== i + 1)) {
    throw new OptionError(`${title}: dims is ${shown(dims)}, expected 1 … n in some order`);
  }
  return layer('permute', { dims, ...options }, (_, x: Tensor) => {
    if (x.shape.length !== dims.length + 1)
      throw new ShapeError(
        `input ${formatShape(x.shape)}, expected ${dims.length} axes behind the batch`,
      );
    return transpose(x, [0, ...dims]);
  });
}
