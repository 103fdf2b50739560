import {
  checkOptions,
  DataError,
  OptionError,
  shown,
  TypeMismatchError,
} from '../runtime/errors.ts';
import type { ArrayData } from './table.ts';

/** Pixels of one image as browsers and image packages give them: red, green, blue, alpha, row by row from the top. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

export interface ImageOptions {
  /** [height, width] to which all images are brought. Default: that of the first, at most 64 × 64. */
  readonly size?: readonly [height: number, width: number] | number | undefined;
  /** 1 grey, 3 red, green and blue. Default: 1 if no image has a colour. */
  readonly channels?: 1 | 3 | undefined;
  /** Grey from 0 to 255 that shows through transparent pixels. Default 255, white. */
  readonly background?: number | undefined;
}

export const IMAGE_OPTIONS = ['size', 'channels', 'background'] satisfies (keyof ImageOptions)[];

const LARGEST = 64;

function sizeFor(first: Pixels, { size }: ImageOptions): readonly [number, number] {
  const [height, width] =
    size === undefined
      ? [Math.min(first.height, LARGEST), Math.min(first.width, LARGEST)]
      : typeof size === 'number'
        ? [size, size]
        : size;
  if ([height, width].every((n) => Number.isInteger(n) && n > 0)) return [height, width];
  throw new OptionError(`image size is ${height} × ${width}, expected whole numbers above 0`);
}

export function checkPixels({ data, width, height }: Pixels, name: string): void {
  if (width > 0 && height > 0 && data.length === 4 * width * height) return;
  throw new DataError(
    `${name}: ${data.length} bytes for ${width} × ${height} pixels, expected 4 a pixel (RGBA)`,
  );
}

/** Red, green and blue before the background. */
function flattened({ data, width, height }: Pixels, background: number): Float32Array {
  const out = new Float32Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const alpha = (data[4 * i + 3] as number) / 255;
    for (let c = 0; c < 3; c++)
      out[3 * i + c] = (data[4 * i + c] as number) * alpha + background * (1 - alpha);
  }
  return out;
}

/** For each of `to` pixels the first of the `from` pixels that it covers, and how much of each. */
function coverage(from: number, to: number): { start: number; weights: number[] }[] {
  const step = from / to;
  return Array.from({ length: to }, (_, i) => {
    const [low, high] = [i * step, (i + 1) * step];
    if (step < 1) return between((low + high) / 2 - 0.5, from);
    const start = Math.floor(low + 1e-9);
    const end = Math.min(Math.ceil(high - 1e-9), from);
    const parts = Array.from(
      { length: end - start },
      (_, k) => Math.min(high, start + k + 1) - Math.max(low, start + k),
    );
    return { start, weights: parts.map((w) => w / step) };
  });
}

/** The two pixels beside a place. */
function between(place: number, from: number): { start: number; weights: number[] } {
  const at = Math.min(Math.max(place, 0), from - 1);
  const start = Math.min(Math.floor(at), Math.max(from - 2, 0));
  return { start, weights: from === 1 ? [1] : [1 - (at - start), at - start] };
}

/** One axis of [outer, from, inner] to another size: means where it shrinks, linear in between where it grows. */
function resizeAxis(x: Float32Array, from: number, to: number, inner: number): Float32Array {
  if (from === to) return x;
  const outer = x.length / (from * inner);
  const y = new Float32Array(outer * to * inner);
  coverage(from, to).forEach(({ start, weights }, i) => {
    for (let o = 0; o < outer; o++) {
      for (let k = 0; k < inner; k++) {
        let sum = 0;
        for (let w = 0; w < weights.length; w++) {
          sum += (weights[w] as number) * (x[(o * from + start + w) * inner + k] as number);
        }
        y[(o * to + i) * inner + k] = sum;
      }
    }
  });
  return y;
}

/** Images one after the other, brought to one size. */
export class ImageStack {
  readonly #options: ImageOptions;
  readonly #images: Uint8Array[] = [];
  #size: readonly [number, number] | undefined;
  #coloured = false;

  constructor(options: ImageOptions = {}) {
    this.#options = options;
  }

  add(image: Pixels, name: string): void {
    checkPixels(image, name);
    this.#size ??= sizeFor(image, this.#options);
    const [height, width] = this.#size;
    const rgb = flattened(image, this.#options.background ?? 255);
    const wide = resizeAxis(rgb, image.width, width, 3);
    const done = Uint8Array.from(resizeAxis(wide, image.height, height, 3 * width), (v) =>
      Math.round(v),
    );
    this.#coloured ||= this.#options.channels === undefined && isColoured(done);
    this.#images.push(this.#options.channels === 1 ? grey(done) : done);
  }

  /** [n, height, width], or [n, height, width, 3] with colours; bytes with scale 1/255. */
  take(): ArrayData {
    const [height, width] = this.#size ?? [0, 0];
    const channels = this.#options.channels ?? (this.#coloured ? 3 : 1);
    const row = height * width * channels;
    const data = new Uint8Array(this.#images.length * row);
    this.#images.forEach((image, i) => {
      data.set(image.length === row ? image : grey(image), i * row);
    });
    const shape = [this.#images.length, height, width, ...(channels === 3 ? [3] : [])];
    return { data, shape, scale: 1 / 255 };
  }
}

function isColoured(rgb: Uint8Array): boolean {
  for (let i = 0; i < rgb.length; i += 3)
    if (rgb[i] !== rgb[i + 1] || rgb[i] !== rgb[i + 2]) return true;
  return false;
}

/** Brightness by the weights of ITU-R BT.601. */
function grey(rgb: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: rgb.length / 3 }, (_, i) => {
    const [r, g, b] = [rgb[3 * i] as number, rgb[3 * i + 1] as number, rgb[3 * i + 2] as number];
    return Math.round((299 * r + 587 * g + 114 * b) / 1000);
  });
}

/** What can be drawn on: a canvas, or its pixels. */
export type ImageLike = Pixels | HTMLCanvasElement | OffscreenCanvas;

function pixelsOf(image: ImageLike): Pixels {
  if (typeof image !== 'object' || image === null)
    throw new TypeMismatchError(
      `fromImageData: got ${shown(image)}, expected ImageData or a canvas`,
    );
  if (!('getContext' in image)) return image;
  const context = (image as OffscreenCanvas).getContext('2d');
  if (!context)
    throw new DataError('canvas without a 2d context: another kind of context is in use');
  return context.getImageData(0, 0, image.width, image.height);
}

export function fromImageData(
  images: ImageLike | readonly ImageLike[],
  options: ImageOptions = {},
): ArrayData {
  checkOptions('fromImageData', options, IMAGE_OPTIONS);
  const stack = new ImageStack(options);
  const list = Array.isArray(images) ? (images as readonly ImageLike[]) : [images as ImageLike];
  list.forEach((image, i) => {
    stack.add(pixelsOf(image), `image ${i}`);
  });
  return stack.take();
}
