import { checkOptions, OptionError } from '../../runtime/errors.ts';
import type { Dataset } from '../dataset.ts';
import { Random } from '../random.ts';
import { balancedLabels } from './labels.ts';
import { draw, type Path, spline } from './render.ts';
import { GLYPHS, type Glyph, type Stroke } from './strokes.ts';

export interface DigitsOptions {
  /** Default 0. The first digits of a seed are the same for every `n`. */
  readonly seed?: number;
  /** Height and width in pixels, default 28. */
  readonly size?: number;
}

/** Knots of the elastic distortion in each direction. */
const KNOTS = 4;

export function digits(n: number, options: DigitsOptions = {}): Dataset {
  checkOptions('digits', options, ['seed', 'size']);
  const { seed = 0, size = 28 } = options;
  if (!Number.isInteger(size) || size < 8)
    throw new OptionError(`digits: size is ${size}, expected a whole number from 8`);
  const y = balancedLabels('digits', n, 10, seed);
  const data = new Uint8Array(n * size * size);
  const pixels = new Uint8ClampedArray(data.buffer);
  const ink = new Float32Array(size * size);
  for (let i = 0; i < n; i++) {
    const random = new Random(seed, i + 1);
    ink.fill(0);
    write(ink, size, GLYPHS[y[i] as number] as readonly Glyph[], random);
    expose(pixels.subarray(i * size * size, (i + 1) * size * size), ink, random);
  }
  const classNames = Array.from({ length: 10 }, (_, digit) => String(digit));
  return {
    name: 'digits',
    task: 'classification',
    x: { data, shape: [n, size, size], scale: 1 / 255 },
    y,
    classNames,
  };
}

function write(ink: Float32Array, size: number, glyphs: readonly Glyph[], random: Random): void {
  const place = placement(size, random);
  const bend = elastic(random);
  const width =
    (size / 28) * (0.75 + 1.15 * random.uniform() * random.uniform() + 0.35 * random.uniform());
  const softness = (size / 28) * random.uniform(0.9, 1.5);
  const wobble = random.uniform(1, 2.8);
  const paths = choose(glyphs, random).strokes.map((stroke) => {
    const path = spline(moved(stroke, wobble, random));
    for (let i = 0; i < path.length; i += 2) place(bend(path, i), i);
    return path;
  });
  keepInside(paths, size, width);
  for (const path of paths) {
    const start = width * random.uniform(0.85, 1.15);
    const end = width * random.uniform(0.75, 1.15);
    draw(ink, size, path, { start, end, softness });
  }
}

/** Shifts the paths so that they end `margin` before the edges; what is too large goes to the middle. */
function keepInside(paths: readonly Path[], size: number, margin: number): void {
  for (const axis of [0, 1]) {
    let [least, most] = [size, 0];
    for (const path of paths) {
      for (let i = axis; i < path.length; i += 2) {
        least = Math.min(least, path[i] as number);
        most = Math.max(most, path[i] as number);
      }
    }
    const [low, high] = [margin - least, size - 1 - margin - most];
    const by = low > high ? (low + high) / 2 : Math.max(low, Math.min(high, 0));
    for (const path of paths) {
      for (let i = axis; i < path.length; i += 2) path[i] = (path[i] as number) + by;
    }
  }
}

function choose(glyphs: readonly Glyph[], random: Random): Glyph {
  let rest = random.uniform() * glyphs.reduce((sum, { share }) => sum + share, 0);
  for (const glyph of glyphs) {
    rest -= glyph.share;
    if (rest < 0) return glyph;
  }
  return glyphs[0] as Glyph;
}

/** Control points shifted each on its own. */
function moved({ x, y, corner }: Stroke, wobble: number, random: Random): Stroke {
  const shifted = (p: number) => p + wobble * random.normal();
  return { x: x.map(shifted), y: y.map(shifted), corner };
}

type Move = (path: Path, at: number) => Path;

/** A smooth random field of displacements: a grid of knots, eased between them. */
function elastic(random: Random): Move {
  const strength = random.uniform(1.5, 5);
  const knots = Array.from({ length: 2 * KNOTS * KNOTS }, () => strength * random.normal());
  return (path, at) => {
    const [x, y] = [path[at] as number, path[at + 1] as number];
    path[at] = x + displacement(knots, 0, x, y);
    path[at + 1] = y + displacement(knots, KNOTS * KNOTS, x, y);
    return path;
  };
}

function displacement(knots: readonly number[], first: number, x: number, y: number): number {
  const [i, u] = cell(x);
  const [j, v] = cell(y);
  const knot = (a: number, b: number) => knots[first + (j + b) * KNOTS + i + a] as number;
  const upper = knot(0, 0) + u * (knot(1, 0) - knot(0, 0));
  const lower = knot(0, 1) + u * (knot(1, 1) - knot(0, 1));
  return upper + v * (lower - upper);
}

/** The knot before a coordinate and the eased part of the way to the next. */
function cell(p: number): [index: number, part: number] {
  const at = Math.min(KNOTS - 1, Math.max(0, ((KNOTS - 1) * p) / 100));
  const index = Math.min(KNOTS - 2, Math.floor(at));
  const t = at - index;
  return [index, t * t * (3 - 2 * t)];
}

/** From the box of the glyph to pixels: scaled, sheared, turned, shifted. */
function placement(size: number, random: Random): (path: Path, at: number) => void {
  const height = size * 0.7 * random.uniform(0.82, 1.08);
  const width = height * random.uniform(0.75, 1.2);
  const slant = 0.12 + 0.19 * random.normal();
  // With t = tan(angle/2): cos = (1 − t²)/(1 + t²), sin = 2t/(1 + t²).
  const t = 0.06 * random.normal();
  const cos = (1 - t * t) / (1 + t * t);
  const sin = (2 * t) / (1 + t * t);
  const centre = (size - 1) / 2;
  const [right, down] = [centre + shift(size, random), centre + shift(size, random)];
  return (path, at) => {
    const y = ((path[at + 1] as number) / 100 - 0.5) * height;
    const x = ((path[at] as number) / 100 - 0.5) * width - slant * y;
    path[at] = right + cos * x - sin * y;
    path[at + 1] = down + sin * x + cos * y;
  };
}

function shift(size: number, random: Random): number {
  return size * 0.05 * Math.max(-2, Math.min(2, random.normal()));
}

/** Ink to bytes, with the pen's pressure and noise of a few grey levels. */
function expose(image: Uint8ClampedArray, ink: Float32Array, random: Random): void {
  const contrast = random.uniform(165, 255);
  const noise = random.uniform(0, 10) / 255;
  for (let i = 0; i < image.length; i++) {
    const word = random.word();
    const grain = (word & 255) + ((word >>> 8) & 255) - 255;
    image[i] = contrast * (ink[i] as number) + noise * grain;
  }
}
