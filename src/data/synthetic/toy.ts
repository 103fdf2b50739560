import { cos } from '../../optim/math.ts';
import { checkOptions, OptionError } from '../../runtime/errors.ts';
import type { Dataset } from '../dataset.ts';
import { Random } from '../random.ts';
import { balancedLabels } from './labels.ts';

export interface ToyOptions {
  /** Standard deviation of what is added to each coordinate. */
  readonly noise?: number;
  /** Default 0. */
  readonly seed?: number;
}

type Point = readonly [x: number, y: number];

/** `n` points of a plane in random order, each class equally often. */
function planar(
  name: string,
  n: number,
  classes: number,
  options: ToyOptions,
  place: (label: number, random: Random) => Point,
): Dataset {
  checkOptions(name, options, ['noise', 'seed']);
  const { noise = 0, seed = 0 } = options;
  checkFrom(name, 'noise', noise, 0);
  if (!Number.isInteger(classes))
    throw new OptionError(`${name}: ${classes} classes, expected a whole number`);
  checkFrom(name, 'classes', classes, 1);
  const y = balancedLabels(name, n, classes, seed);
  const data = new Float32Array(2 * n);
  const random = new Random(seed, 1);
  y.forEach((label, i) => {
    const [a, b] = place(label, random);
    data[2 * i] = a + noise * random.normal();
    data[2 * i + 1] = b + noise * random.normal();
  });
  const classNames = Array.from({ length: classes }, (_, k) => String(k));
  return {
    name,
    task: 'classification',
    x: { data, shape: [n, 2] },
    y,
    classNames,
    featureNames: ['x1', 'x2'],
  };
}

function checkFrom(name: string, option: string, value: number, least: number): void {
  if (!(Number.isFinite(value) && value >= least)) {
    throw new OptionError(`${name}: ${option} is ${value}, expected a number from ${least}`);
  }
}

function sin(x: number): number {
  return cos(x - Math.PI / 2);
}

function polar(radius: number, angle: number): Point {
  return [radius * cos(angle), radius * sin(angle)];
}

export function moons(n: number, options: ToyOptions = {}): Dataset {
  return planar('moons', n, 2, { noise: 0.1, ...options }, (label, random) => {
    const [x, y] = polar(1, Math.PI * random.uniform());
    return label === 0 ? [x, y] : [1 - x, 0.5 - y];
  });
}

export interface CirclesOptions extends ToyOptions {
  /** Radius of the inner circle, default 0.5. */
  readonly factor?: number;
}

export function circles(n: number, { factor = 0.5, ...options }: CirclesOptions = {}): Dataset {
  checkFrom('circles', 'factor', factor, 0);
  return planar('circles', n, 2, { noise: 0.1, ...options }, (label, random) =>
    polar(label === 0 ? 1 : factor, 2 * Math.PI * random.uniform()),
  );
}

export interface SpiralsOptions extends ToyOptions {
  /** Arms, default 3. */
  readonly classes?: number;
  /** How often an arm goes round, default 0.75. */
  readonly turns?: number;
}

export function spirals(
  n: number,
  { classes = 3, turns = 0.75, ...options }: SpiralsOptions = {},
): Dataset {
  checkFrom('spirals', 'turns', turns, 0);
  return planar('spirals', n, classes, { noise: 0.03, ...options }, (label, random) => {
    const radius = random.uniform();
    return polar(radius, 2 * Math.PI * (label / classes + turns * radius));
  });
}

export interface BlobsOptions extends ToyOptions {
  /** Default 3. */
  readonly classes?: number;
}

export function blobs(n: number, { classes = 3, ...options }: BlobsOptions = {}): Dataset {
  const turn = new Random(options.seed ?? 0, 2).uniform();
  return planar('blobs', n, classes, { noise: 1, ...options }, (label) =>
    polar(3, 2 * Math.PI * (label / classes + turn)),
  );
}

export interface FlowerOptions extends ToyOptions {
  /** Even, default 8. */
  readonly petals?: number;
}

export function flower(
  n: number,
  { petals = 8, noise = 0.2, ...options }: FlowerOptions = {},
): Dataset {
  checkFrom('flower', 'noise', noise, 0);
  if (!Number.isInteger(petals / 2) || petals < 2)
    throw new OptionError(`flower: ${petals} petals, expected an even number`);
  return planar('flower', n, 2, { noise: 0, ...options }, (label, random) => {
    const angle = 3.12 * (label + random.uniform()) + noise * random.normal();
    const radius = 4 * sin((petals / 2) * angle) + noise * random.normal();
    return [radius * sin(angle), radius * cos(angle)];
  });
}
