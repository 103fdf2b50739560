import type { Tensor } from '../graph/tensor.ts';
import { affine, less } from '../ops/binary.ts';
import { transpose } from '../ops/layout.ts';
import { scalar, tensor } from '../ops/leaf.ts';
import { matMul } from '../ops/matmul.ts';
import { randomUniform } from '../ops/random.ts';
import { expand } from '../ops/sum.ts';
import { floor } from '../ops/unary.ts';
import {
  FILL_MODES,
  type FillMode,
  INTERPOLATIONS,
  type Interpolation,
  warp,
} from '../ops/warp.ts';
import { OptionError, shown, unknownName } from '../runtime/errors.ts';
import { compose, type Entry, IDENTITY, type Linear, mapsOf, plus, times, turn } from './affine.ts';
import type { LayerScope } from './layer.ts';
import { checkCount, checkNumber, withDefaults } from './named.ts';
import { cropSize, imageSize, middle } from './stillImages.ts';

/** From −f to f, or from the first to the second. */
export type Factor = number | readonly [low: number, high: number];

const FLIPS = ['horizontal', 'vertical', 'horizontalAndVertical'] as const;
export type Flip = (typeof FLIPS)[number];

export interface ElasticOptions {
  /** Uniform noise of ±alpha pixels is smoothed, default 34. */
  readonly alpha?: number;
  /** Standard deviation in pixels of what smooths it, default 4. */
  readonly sigma?: number;
}

/** What an image is between its pixels and beyond its edges. */
export interface SamplingOptions {
  /** `'bilinear'` (default), or `'nearest'`: the nearest pixel, which keeps the values of pixels and so moves by whole ones. */
  readonly interpolation?: Interpolation;
  /** The image mirrored (`'reflect'`, default), its `'nearest'` pixel, or `'constant'`: fillValue. */
  readonly fillMode?: FillMode;
  /** Default 0. */
  readonly fillValue?: number;
}

/** Where the pixels of an image go, all in one pass. */
export interface WarpOptions extends SamplingOptions {
  readonly flip?: Flip | undefined;
  /** Share of a full turn, counter-clockwise. */
  readonly rotation?: Factor | undefined;
  /** Shares of height and width: down and to the right. */
  readonly translation?: Factor | { readonly height: Factor; readonly width: Factor } | undefined;
  /** By how much the view grows: above 0 the image shrinks. One factor keeps its proportions. */
  readonly zoom?: Factor | { readonly height: Factor; readonly width: Factor } | undefined;
  /** Pixels to the right for each pixel down (x), down for each to the right (y). One factor is x. */
  readonly shear?: Factor | { readonly x: Factor; readonly y: Factor } | undefined;
  /** Height and width of the part that is kept: at a random place in training, otherwise the middle. */
  readonly crop?: readonly [height: number, width: number] | undefined;
  readonly elastic?: ElasticOptions | undefined;
}

export type Range = readonly [low: number, high: number];

/** The bounds of a factor, which must lie in [from, to]. */
export function rangeOf(what: string, given: Factor, from = -1e6, to = 1e6): Range {
  const size = Math.abs(given as number);
  const [low, high] = Array.isArray(given) ? (given as Range) : [-size, size];
  const fits = low >= from && high >= low && high <= to;
  if (fits && (typeof given === 'number' || Array.isArray(given))) return [low, high];
  throw new OptionError(
    `${what} is ${shown(given)}, expected f (from −f to f) or [low, high] in [${from}, ${to}]`,
  );
}

/** A number for each image from the range. */
export function draw(scope: LayerScope, [low, high]: Range, B: number): Entry {
  return low === high ? low : randomUniform([B, 1], scope.stream(), low, high);
}

function asFactor(x: unknown): x is Factor {
  return typeof x !== 'object' || x === null || Array.isArray(x);
}

/** The options with all ranges checked. */
export class Warping {
  readonly crop: readonly [number, number] | undefined;
  readonly #flip: Flip | undefined;
  readonly #rotation: Range;
  readonly #translation: readonly [height: Range, width: Range];
  readonly #zoom: readonly [height: Range, width: Range | null];
  readonly #shear: readonly [x: Range, y: Range];
  readonly #elastic: Required<ElasticOptions> | undefined;
  readonly #sampling: Required<SamplingOptions>;

  constructor(title: string, options: WarpOptions) {
    const { flip, rotation = 0, translation = 0, zoom = 0, shear = 0, crop, elastic } = options;
    if (flip !== undefined && !FLIPS.includes(flip)) unknownName(`flip of ${title}`, flip, FLIPS);
    this.#flip = flip;
    this.#rotation = rangeOf(`${title}: rotation`, rotation);
    const t = asFactor(translation) ? { height: translation, width: translation } : translation;
    this.#translation = [
      rangeOf(`${title}: height`, t.height),
      rangeOf(`${title}: width`, t.width),
    ];
    const z = asFactor(zoom) ? { height: zoom, width: null } : zoom;
    this.#zoom = [
      rangeOf(`${title}: zoom`, z.height, -0.99),
      z.width === null ? null : rangeOf(`${title}: zoom`, z.width, -0.99),
    ];
    const s = asFactor(shear) ? { x: shear, y: 0 } : shear;
    this.#shear = [rangeOf(`${title}: shear`, s.x), rangeOf(`${title}: shear`, s.y)];
    this.crop = crop;
    for (const n of crop ?? []) checkCount(`${title}: crop`, n);
    this.#elastic = elastic && checkElastic(title, elastic);
    this.#sampling = checkSampling(title, options);
  }

  /** The images warped each in its own way. */
  apply(scope: LayerScope, x: Tensor): Tensor {
    const [B, H, W] = imageSize(x);
    const size = cropSize(this.crop, H, W);
    const maps = mapsOf(this.#linear(scope, B), this.#shift(scope, B, H, W), [H, W], size, B);
    if (!this.#elastic) return warp(x, maps, null, { size, ...this.#sampling });
    const field = elasticField(scope, this.#elastic, B, size);
    return warp(x, maps, field, { size, ...this.#sampling });
  }

  /** The middle, where a part is to be kept. */
  still(x: Tensor): Tensor {
    return this.crop ? middle(x, this.crop) : x;
  }

  /** From where a pixel is drawn to where it is looked up, both from the middle: all moves undone, the last one first. */
  #linear(scope: LayerScope, B: number): Linear {
    const [sx, sy] = this.#shear.map((range) => draw(scope, range, B)) as [Entry, Entry];
    const [fx, fy] = [this.#sign(scope, B, 'horizontal'), this.#sign(scope, B, 'vertical')];
    const height = plus(draw(scope, this.#zoom[0], B), 1);
    const width = this.#zoom[1] ? plus(draw(scope, this.#zoom[1], B), 1) : height;
    const sheared: Linear = [1, times(-1, sx), times(-1, sy), 1];
    const scaled: Linear = [times(fx, width), 0, 0, times(fy, height)];
    return compose(compose(scaled, sheared), this.#turned(scope, B));
  }

  #turned(scope: LayerScope, B: number): Linear {
    const [low, high] = this.#rotation;
    if (low === 0 && high === 0) return IDENTITY;
    const angle = draw(scope, [2 * Math.PI * low, 2 * Math.PI * high], B);
    return turn(typeof angle === 'number' ? expand(scalar(angle), [B, 1]) : angle);
  }

  /** −1 for each second image, on average. */
  #sign(scope: LayerScope, B: number, direction: Flip): Entry {
    if (this.#flip !== direction && this.#flip !== 'horizontalAndVertical') return 1;
    const heads = less(randomUniform([B, 1], scope.stream()), 0.5);
    return affine(heads, 2, -1);
  }

  /** How far images move: down and to the right, a part kept at a random place too. */
  #shift(scope: LayerScope, B: number, H: number, W: number): readonly [Entry, Entry] {
    const [h, w] = cropSize(this.crop, H, W);
    const move = (range: Range, n: number, left: number): Entry => {
      const by = times(n, draw(scope, range, B));
      if (left === 0) return by;
      const place = floor(randomUniform([B, 1], scope.stream(), 0, left + 1));
      return plus(by, affine(place, -1, left / 2));
    };
    const [height, width] = this.#translation;
    return [move(height, H, H - h), move(width, W, W - w)];
  }
}

/**
 * Displacements [B, 2, H, W]: knots at random within ±bound, √3·σ apart, joined by cubic B-splines (of standard deviation 1/√3
 * knots). They vary as much as uniform noise in ±alpha behind a Gaussian of σ does, (alpha/√3)·1/(2σ√π): a spline of
 * random knots has 151/315 of their standard deviation, on average over its places.
 */
function elasticField(
  scope: LayerScope,
  { alpha, sigma }: Required<ElasticOptions>,
  B: number,
  [H, W]: readonly [number, number],
): Tensor {
  const [down, right] = [splines(H, sigma), splines(W, sigma)];
  const bound = ((315 / 151) * alpha) / (2 * sigma * Math.sqrt(Math.PI));
  const [KH, KW] = [down.shape[0] as number, right.shape[0] as number];
  const knots = randomUniform([B, 2, KW, KH], scope.stream(), -bound, bound);
  return matMul(transpose(matMul(knots, down), [0, 1, 3, 2]), right);
}

/** Weight [knots, n] of each knot at each of n pixels; the first knot lies before the first pixel. */
function splines(n: number, sigma: number): Tensor {
  const spacing = sigma * Math.sqrt(3);
  const knots = Math.floor((n - 1) / spacing) + 4;
  const weights = Array.from({ length: knots * n }, (_, k) =>
    spline(Math.abs((k % n) / spacing + 1 - Math.floor(k / n))),
  );
  return tensor(weights, [knots, n]);
}

/** The cubic B-spline at distance t from its middle. */
function spline(t: number): number {
  if (t >= 2) return 0;
  const s = 2 - t;
  return t < 1 ? (t * t * (3 * t - 6) + 4) / 6 : (s * s * s) / 6;
}

function checkElastic(title: string, given: ElasticOptions): Required<ElasticOptions> {
  const set = withDefaults(`elastic of ${title}`, given, { alpha: 34, sigma: 4 });
  checkNumber(`${title}: alpha`, set.alpha, { from: 0 });
  checkNumber(`${title}: sigma`, set.sigma, { from: 0.6 });
  return set;
}

function checkSampling(title: string, given: SamplingOptions): Required<SamplingOptions> {
  const { interpolation = 'bilinear', fillMode = 'reflect', fillValue = 0 } = given;
  if (!INTERPOLATIONS.includes(interpolation))
    unknownName(`interpolation of ${title}`, interpolation, INTERPOLATIONS);
  if (!FILL_MODES.includes(fillMode)) unknownName(`fillMode of ${title}`, fillMode, FILL_MODES);
  return { interpolation, fillMode, fillValue: checkNumber(`${title}: fillValue`, fillValue) };
}
