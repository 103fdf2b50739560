import type { NDArray } from '../compile/array.ts';
import type { DataLike } from '../data/table.ts';
import { formatShape } from '../graph/shape.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import type { Model } from '../train/model.ts';
import { type Look, type LookOptions, look } from './look.ts';
import { type Picture, writeSheet } from './sheet.ts';

/** Pictures of one size with so many channels. */
export interface Tiles {
  readonly pictures: readonly Picture[];
  readonly channels: 1 | 3;
}

/** Numbers from 0, the smallest, to 1, the largest; all the same: 0. */
function contrast(values: ArrayLike<number>): Float32Array {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    low = Math.min(low, values[i] as number);
    high = Math.max(high, values[i] as number);
  }
  const factor = high > low ? 1 / (high - low) : 0;
  return Float32Array.from(values, (v) => (v - low) * factor);
}

/** Every `n`-th number from `first` on. */
function every(data: ArrayLike<number>, first: number, n: number): Float32Array {
  return Float32Array.from({ length: data.length / n }, (_, i) => data[first + i * n] as number);
}

/** The channels of images [height, width, channels] as pictures, each with its own contrast. */
export function channelTiles({ data, shape }: NDArray): Tiles {
  const [height, width, channels] = shape as [number, number, number];
  const pictures = Array.from({ length: channels }, (_, c): Picture => {
    return { pixels: contrast(every(data, c, channels)), size: [height, width] };
  });
  return { pictures, channels: 1 };
}

/** Filters [KH, KW, C, F] as pictures: in colour for three channels, else the mean over them. Throws `ShapeError`. */
export function filterTiles({ data, shape }: NDArray): Tiles {
  const [KH, KW, C, F] = shape as [number, number, number, number];
  if (shape.length !== 4)
    throw new ShapeError(
      `filters ${formatShape(shape)}, expected [height, width, channels, filters]`,
    );
  const mean = (whole: Float32Array) =>
    Float32Array.from({ length: KH * KW }, (_, i) =>
      whole.subarray(i * C, (i + 1) * C).reduce((sum, v) => sum + v, 0),
    );
  const pictures = Array.from({ length: F }, (_, f): Picture => {
    const whole = every(data, f, F);
    return { pixels: contrast(C === 3 ? whole : mean(whole)), size: [KH, KW] };
  });
  return { pictures, channels: C === 3 ? 3 : 1 };
}

/** An image [height, width(, 1 or 3)], where `heat` [height, width] is large in red. */
export function overlay(image: NDArray, heat: NDArray): Tiles {
  const [height, width] = heat.shape as [number, number];
  const channels = image.data.length / (height * width);
  const [light, red] = [contrast(image.data), contrast(heat.data)];
  const pixels = Float32Array.from({ length: 3 * height * width }, (_, k) => {
    const [i, c] = [Math.floor(k / 3), k % 3];
    const share = red[i] as number;
    const value = light[i * channels + Math.min(c, channels - 1)] as number;
    return (1 - share) * value + (c === 0 ? share : 0);
  });
  return { pictures: [{ pixels, size: [height, width] }], channels: 3 };
}

/** Pixels that a sheet has about on a side, at least. */
const LEAST = 256;

/** The tiles in about a square, as PNG. */
function png({ pictures, channels }: Tiles): Promise<Uint8Array<ArrayBuffer>> {
  const [height, width] = (pictures[0] as Picture).size;
  const columns = Math.ceil(Math.sqrt((pictures.length * height) / width));
  const zoom = Math.max(1, Math.ceil(LEAST / (columns * (width + 1))));
  return writeSheet(pictures, { columns, zoom, channels });
}

export interface Pictures {
  readonly look: Look;
  /** PNG files by name. */
  readonly files: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
}

export async function pictures(
  model: Model,
  image: DataLike,
  options: LookOptions = {},
): Promise<Pictures> {
  const seen = await look(model, image, options);
  const { saliency, gradCam, activations } = seen;
  const [weights, names] = [await model.getWeights(), model.weightNames];
  const first = names.findIndex((n, i) => /kernel$/i.test(n) && weights[i]?.shape.length === 4);
  const [height, width] = saliency.shape as [number, number];
  const data = pixelsOf(image);
  if (data.length % (height * width)) throw new OptionError('pictures: expected one image');
  const shown: NDArray = { data, shape: [height, width, data.length / (height * width)] };
  const drawn: [string, Tiles][] = [
    ...(first < 0 ? [] : [['filters', filterTiles(weights[first] as NDArray)] as [string, Tiles]]),
    ...Object.entries(activations).map(([name, maps]): [string, Tiles] => [
      `activations-${name}`,
      channelTiles(maps),
    ]),
    ['saliency', channelTiles({ ...saliency, shape: [height, width, 1] })],
    ['grad-cam', overlay(shown, gradCam)],
  ];
  const files = await Promise.all(
    drawn.map(async ([name, tiles]) => [`${name}.png`, await png(tiles)] as const),
  );
  return { look: seen, files: Object.fromEntries(files) };
}

function pixelsOf(image: DataLike): Float32Array {
  if (Array.isArray(image)) return Float32Array.from((image as unknown[]).flat(4) as number[]);
  return Float32Array.from(ArrayBuffer.isView(image) ? image : (image as NDArray).data);
}
