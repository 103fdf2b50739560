import type { Tensor } from '../graph/tensor.ts';
import { add } from '../ops/binary.ts';
import { randomNormal } from '../ops/random.ts';
import { where } from '../ops/select.ts';
import { clip } from '../ops/unary.ts';
import { OptionError } from '../runtime/errors.ts';
import { brighten, cutoutMask, erasingMask, stretch } from './colour.ts';
import { startLayer } from './core.ts';
import { type Layer, type LayerOptions, type LayerScope, layer } from './layer.ts';
import { checkNumber, layerTitle, withDefaults } from './named.ts';
import { imageSize } from './stillImages.ts';
import {
  type ElasticOptions,
  type Factor,
  type Flip,
  type Range,
  rangeOf,
  type SamplingOptions,
  Warping,
  type WarpOptions,
} from './warping.ts';

/*
 * Layers that change images [B, H, W] or [B, H, W, C] at random in training, each in its own way, anew in each step, and leave
 * them as they are otherwise. Labels are not touched.
 */

const ANY = { name: undefined, trainable: undefined };
const SAMPLING = { interpolation: undefined, fillMode: undefined, fillValue: undefined };

type Augmenting = Layer<[x: Tensor]>;
type WarpLayerOptions = LayerOptions & SamplingOptions;

/** A layer that draws images anew. */
function warping(
  type: string,
  config: LayerOptions & Readonly<Record<string, unknown>>,
  given: WarpLayerOptions,
  moves: WarpOptions,
): Augmenting {
  const title = layerTitle(type, given);
  withDefaults<object>(title, given, { ...ANY, ...SAMPLING });
  const warped = new Warping(title, { ...moves, ...given });
  return layer(type, { ...config, ...given }, (scope, x: Tensor) => {
    imageSize(x);
    return scope.noise ? warped.apply(scope, x) : warped.still(x);
  });
}

/**
 * Mirrors each second image on average: `'horizontal'` (left and right), `'vertical'` (upside down), or both independently,
 * which is the default, as in Keras. Beware: by default half of the cats stand on their heads. For photos take
 * `randomFlip('horizontal')`, and neither for digits or letters.
 */
export function randomFlip(
  mode: Flip = 'horizontalAndVertical',
  options: LayerOptions = {},
): Augmenting {
  startLayer('randomFlip', options);
  return warping('randomFlip', { mode }, options, { flip: mode });
}

/** Moves images down and to the right by shares of their height and width. */
export function randomTranslation(
  heightFactor: Factor,
  widthFactor: Factor,
  options: WarpLayerOptions = {},
): Augmenting {
  const translation = { height: heightFactor, width: widthFactor };
  return warping('randomTranslation', { heightFactor, widthFactor }, options, { translation });
}

/** Turns images counter-clockwise by a share of a full turn: 0.1 is up to 36° either way. */
export function randomRotation(factor: Factor, options: WarpLayerOptions = {}): Augmenting {
  return warping('randomRotation', { factor }, options, { rotation: factor });
}

export interface ZoomOptions extends WarpLayerOptions {
  /** Default: that of the height, so that proportions stay. */
  readonly widthFactor?: Factor;
}

/** Shows more (factor above 0) or less of images: 0.2 makes the view up to a fifth larger or smaller. */
export function randomZoom(
  heightFactor: Factor,
  { widthFactor, ...options }: ZoomOptions = {},
): Augmenting {
  const zoom =
    widthFactor === undefined ? heightFactor : { height: heightFactor, width: widthFactor };
  const config = { heightFactor, ...(widthFactor === undefined ? {} : { widthFactor }) };
  return warping('randomZoom', config, options, { zoom });
}

/** Slants images: pixels to the right for each pixel down (x), and down for each to the right (y). */
export function randomShear(
  xFactor: Factor,
  yFactor: Factor = 0,
  options: WarpLayerOptions = {},
): Augmenting {
  const shear = { x: xFactor, y: yFactor };
  return warping('randomShear', { xFactor, yFactor }, options, { shear });
}

/** A part of height × width pixels at a random place; outside of training the middle. */
export function randomCrop(height: number, width: number, options: LayerOptions = {}): Augmenting {
  startLayer('randomCrop', options);
  return warping('randomCrop', { height, width }, options, { crop: [height, width] });
}

export type ElasticLayerOptions = WarpLayerOptions & ElasticOptions;

/**
 * Bends images by a smooth random field, as strong as uniform noise of ±alpha pixels behind a Gaussian of standard deviation
 * sigma (Simard, Steinkraus and Platt 2003, whose values for digits of 28 × 28 are the defaults, 34 and 4).
 */
export function randomElastic({
  alpha = 34,
  sigma = 4,
  ...options
}: ElasticLayerOptions = {}): Augmenting {
  return warping('randomElastic', { alpha, sigma }, options, { elastic: { alpha, sigma } });
}

export interface ValueOptions {
  /** Values that pixels can have: results are limited to it. Default [0, 1]. */
  readonly valueRange?: readonly [low: number, high: number];
}

interface Changes extends ValueOptions {
  readonly brightness?: Factor | undefined;
  readonly contrast?: Factor | undefined;
  readonly noise?: number | undefined;
}

/** Changes of the values of pixels, one behind the other. */
function valueChanges(title: string, changes: Changes) {
  const { brightness = 0, contrast = 0, noise = 0, valueRange = [0, 1] } = changes;
  const [low, high] = checkRange(`${title}: valueRange`, valueRange);
  const shift = rangeOf(`${title}: brightness`, brightness);
  const light: Range = [shift[0] * (high - low), shift[1] * (high - low)];
  const factor = rangeOf(`${title}: contrast`, contrast, -1);
  checkNumber(`${title}: noise`, noise, { from: 0 });
  const isSet = ([from, to]: Range) => from !== 0 || to !== 0;
  return (scope: LayerScope, x: Tensor): Tensor => {
    let y = isSet(factor) ? stretch(scope, x, factor) : x;
    if (isSet(light)) y = brighten(scope, y, light);
    if (noise > 0) y = add(y, randomNormal(y.shape, scope.stream(), 0, noise));
    return y === x ? x : clip(y, low, high);
  };
}

function checkRange(what: string, [low, high]: Range): Range {
  if (Number.isFinite(low) && low < high && Number.isFinite(high)) return [low, high];
  throw new OptionError(`${what} is [${low},${high}], expected [low, high], low < high`);
}

function valueLayer(
  type: string,
  factor: Factor,
  given: LayerOptions & ValueOptions,
  make: (factor: Factor) => Changes,
): Augmenting {
  const title = layerTitle(type, given);
  withDefaults<object>(title, given, { ...ANY, valueRange: undefined });
  const change = valueChanges(title, { ...make(factor), ...given });
  return layer(type, { factor, ...given }, (scope, x: Tensor) => {
    imageSize(x);
    return scope.noise ? change(scope, x) : x;
  });
}

/** Adds a number to all pixels of an image: a share of the value range. */
export function randomBrightness(
  factor: Factor,
  options: LayerOptions & ValueOptions = {},
): Augmenting {
  return valueLayer('randomBrightness', factor, options, (brightness) => ({ brightness }));
}

/** mean + (1 + r)·(x − mean), the mean being that of each channel of the image. */
export function randomContrast(
  factor: Factor,
  options: LayerOptions & ValueOptions = {},
): Augmenting {
  return valueLayer('randomContrast', factor, options, (contrast) => ({ contrast }));
}

export interface CutoutOptions {
  /** Share of the image's height and width, default 0.5. */
  readonly size?: number;
}

export interface ErasingOptions {
  /** How often, default 0.5. */
  readonly probability?: number;
  /** Share of the image's area, default [0.02, 0.33]. */
  readonly scale?: readonly [low: number, high: number];
}

type Change = (scope: LayerScope, x: Tensor) => Tensor;

function cutoutChange(title: string, given: CutoutOptions, fillValue: number): Change {
  const { size } = withDefaults<Required<CutoutOptions>>(title, given, { size: 0.5 });
  checkNumber(`${title}: size`, size, { above: 0, to: 1 });
  return (scope, x) => {
    const [, H, W] = imageSize(x);
    const [h, w] = [H, W].map((n) => Math.max(1, Math.round(size * n))) as [number, number];
    return where(
      cutoutMask(x, h, w, () => scope.stream()),
      fillValue,
      x,
    );
  };
}

function erasingChange(title: string, given: ErasingOptions, fillValue: number): Change {
  const set = withDefaults<Required<ErasingOptions>>(title, given, {
    probability: 0.5,
    scale: [0.02, 0.33],
  });
  checkNumber(`${title}: probability`, set.probability, { from: 0, to: 1 });
  const scale = rangeOf(`${title}: scale`, set.scale, 0, 1);
  return (scope, x) => where(erasingMask(scope, x, scale, set.probability), fillValue, x);
}

interface ValueOfFill {
  /** Default 0. */
  readonly fillValue?: number;
}

/** Sets a square around a random pixel of each image, cut off at the edges, to `fillValue` (DeVries and Taylor 2017, arXiv:1708.04552). */
export function randomCutout({
  size = 0.5,
  fillValue = 0,
  ...options
}: LayerOptions & CutoutOptions & ValueOfFill = {}): Augmenting {
  const title = startLayer('randomCutout', options);
  const change = cutoutChange(title, { size }, checkNumber(`${title}: fillValue`, fillValue));
  return layer('randomCutout', { size, fillValue, ...options }, (scope, x: Tensor) =>
    scope.noise ? change(scope, x) : x,
  );
}

/** Sets a box within some images to `fillValue` (Zhong et al. 2020, arXiv:1708.04896). */
export function randomErasing({
  probability = 0.5,
  scale = [0.02, 0.33],
  fillValue = 0,
  ...options
}: LayerOptions & ErasingOptions & ValueOfFill = {}): Augmenting {
  const title = startLayer('randomErasing', options);
  checkNumber(`${title}: fillValue`, fillValue);
  const change = erasingChange(title, { probability, scale }, fillValue);
  const config = { probability, scale, fillValue, ...options };
  return layer('randomErasing', config, (scope, x: Tensor) => (scope.noise ? change(scope, x) : x));
}

export interface AugmentationOptions extends LayerOptions, WarpOptions, ValueOptions {
  /** As `randomBrightness`. */
  readonly brightness?: Factor;
  /** As `randomContrast`. */
  readonly contrast?: Factor;
  /** Standard deviation of normal noise for each pixel. */
  readonly noise?: number;
  /** As `randomCutout`. */
  readonly cutout?: CutoutOptions;
  /** As `randomErasing`. */
  readonly erasing?: ErasingOptions;
}

const MOVES = ['flip', 'rotation', 'translation', 'zoom', 'shear', 'crop', 'elastic'] as const;
const VALUES = ['valueRange', 'brightness', 'contrast', 'noise', 'cutout', 'erasing'] as const;
const KNOWN = Object.fromEntries([...MOVES, ...VALUES].map((name) => [name, undefined]));

/**
 * All of these layers in one: first every move of pixels in a single pass over the image, then contrast, brightness and noise,
 * then what is cut out. What is not named is not done.
 *
 * @example augmentation({ rotation: 0.04, translation: 0.08, zoom: 0.1, elastic: {}, fillMode: 'constant' })
 */
export function augmentation(options: AugmentationOptions = {}): Augmenting {
  const title = layerTitle('augmentation', options);
  withDefaults<object>(title, options, { ...ANY, ...SAMPLING, ...KNOWN });
  const moves = MOVES.some((key) => options[key] !== undefined) && new Warping(title, options);
  const { fillValue = 0, cutout, erasing } = options;
  const changes: Change[] = [
    ...(moves ? [moves.apply.bind(moves) as Change] : []),
    valueChanges(title, options),
    ...(cutout ? [cutoutChange(`cutout of ${title}`, cutout, fillValue)] : []),
    ...(erasing ? [erasingChange(`erasing of ${title}`, erasing, fillValue)] : []),
  ];
  return layer('augmentation', { ...options }, (scope, x: Tensor) => {
    imageSize(x);
    if (!scope.noise) return moves ? moves.still(x) : x;
    return changes.reduce((y, change) => change(scope, y), x);
  });
}
