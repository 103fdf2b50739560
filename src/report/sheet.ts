import type { TypedArray } from '../compile/array.ts';
import { evaluate } from '../compile/evaluate.ts';
import { type DataLike, rowsOf, type Table, table } from '../data/table.ts';
import { writePng } from '../formats/png.ts';
import { formatShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { tensor } from '../ops/leaf.ts';
import { concat } from '../ops/slice.ts';
import type { Engine } from '../runtime/engine.ts';
import { checkOptions, OptionError, ShapeError } from '../runtime/errors.ts';

export interface SheetOptions {
  /** Images from the first on, default 8. */
  readonly rows?: number;
  /** Pictures of each, the first one unchanged; default 10. */
  readonly columns?: number;
  /** Width of a pixel in the picture, default 2. */
  readonly zoom?: number;
  /** Default 0. */
  readonly seed?: number;
  /** Default: the engine of the process. */
  readonly engine?: Engine;
}

type Augmenting = (x: Tensor) => Tensor;

function checkImages({ shape }: Table): readonly [height: number, width: number, channels: 1 | 3] {
  const [n = 0, height = 0, width = 0, channels = 1] = shape;
  const fits = shape.length === 3 || (shape.length === 4 && (channels === 1 || channels === 3));
  if (fits && n * height * width > 0) return [height, width, channels as 1 | 3];
  throw new ShapeError(
    `images ${formatShape(shape)}, expected [n,H,W], [n,H,W,1] or [n,H,W,3] with n ≥ 1`,
  );
}

export async function augmentationSheet(
  layers: Augmenting | readonly Augmenting[],
  images: DataLike,
  options: SheetOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  checkOptions('augmentationSheet', options, ['rows', 'columns', 'zoom', 'seed', 'engine']);
  const { rows = 8, columns = 10, zoom = 2, seed = 0, engine } = options;
  for (const [name, n] of Object.entries({ rows, columns, zoom })) {
    if (!Number.isInteger(n) || n < 1)
      throw new OptionError(`${name} is ${n}, expected a whole number ≥ 1`);
  }
  const all = table('images', images, 'values');
  const [height, width, channels] = checkImages(all);
  const shown = rowsOf(all, 0, Math.min(rows, all.shape[0] as number));
  const values = Array.from(shown.data, (v) => v * shown.scale + shown.offset);
  const list = typeof layers === 'function' ? [layers] : layers;
  const changes = () => {
    const x = tensor(values, shown.shape);
    const copies = Array.from({ length: Math.max(1, columns - 1) }, () => x);
    return list.reduce((y, apply) => apply(y), concat(copies, 0));
  };
  const result = await evaluate(changes, { seed, training: true, ...(engine ? { engine } : {}) });
  const [, h = 0, w = 0] = result.shape;
  const n = shown.shape[0] as number;
  const pictures = Array.from({ length: n * columns }, (_, k): Picture => {
    const [r, c] = [Math.floor(k / columns), k % columns];
    return c === 0
      ? pictureOf(values, r, [height, width], channels)
      : pictureOf(result.data, (c - 1) * n + r, [h, w], channels);
  });
  return writeSheet(pictures, { columns, zoom, channels });
}

/** Pixels [H, W, C] from 0 (black) to 1. */
export interface Picture {
  readonly pixels: ArrayLike<number>;
  readonly size: readonly [height: number, width: number];
}

/** Picture k of [n, H, W, C]. */
function pictureOf(
  all: readonly number[] | TypedArray,
  k: number,
  size: Picture['size'],
  channels: number,
): Picture {
  const n = size[0] * size[1] * channels;
  return { pixels: all.slice(k * n, (k + 1) * n), size };
}

export function writeSheet(
  pictures: readonly Picture[],
  options: { columns?: number; zoom?: number; channels?: 1 | 3 } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  checkOptions('writeSheet', options, ['columns', 'zoom', 'channels']);
  const { columns = 10, zoom = 2, channels = 1 } = options;
  const largest = (axis: 0 | 1) => Math.max(0, ...pictures.map(({ size }) => size[axis]));
  const rows = Math.ceil(pictures.length / columns);
  const page = new Page(rows, columns, [largest(0), largest(1)], channels, zoom);
  pictures.forEach((picture, k) => {
    page.draw(Math.floor(k / columns), k % columns, picture);
  });
  return writePng(page.pixels, page.width, page.height, channels);
}

/** Pictures in rows and columns, one pixel apart. */
class Page {
  readonly pixels: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly #cell: readonly [height: number, width: number];
  readonly #channels: number;
  readonly #zoom: number;

  constructor(
    rows: number,
    columns: number,
    cell: readonly [height: number, width: number],
    channels: number,
    zoom: number,
  ) {
    this.#cell = cell;
    this.#channels = channels;
    this.#zoom = zoom;
    this.height = (rows * (cell[0] + 1) - 1) * zoom;
    this.width = (columns * (cell[1] + 1) - 1) * zoom;
    this.pixels = new Uint8Array(this.width * this.height * channels).fill(GAP);
  }

  draw(row: number, column: number, { pixels, size: [H, W] }: Picture): void {
    const zoom = this.#zoom;
    const C = this.#channels;
    const top = row * (this.#cell[0] + 1) * zoom;
    const left = column * (this.#cell[1] + 1) * zoom;
    for (let y = 0; y < H * zoom; y++) {
      for (let x = 0; x < W * zoom; x++) {
        const source = (Math.floor(y / zoom) * W + Math.floor(x / zoom)) * C;
        const target = ((top + y) * this.width + left + x) * C;
        for (let c = 0; c < C; c++) this.pixels[target + c] = asByte(pixels[source + c] as number);
      }
    }
  }
}

/** Grey between pictures. */
const GAP = 96;

function asByte(value: number): number {
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}
