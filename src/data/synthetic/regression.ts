import { cos, exp, log } from '../../optim/math.ts';
import { checkOptions, OptionError } from '../../runtime/errors.ts';
import type { Dataset } from '../dataset.ts';
import { Random } from '../random.ts';
import { checkCount } from './labels.ts';

export interface RegressionOptions {
  /** Standard deviation of what is added to the values. */
  readonly noise?: number;
  /** Default 0. */
  readonly seed?: number;
}

interface Example {
  readonly x: readonly number[];
  readonly y: number;
}

function regression(
  name: string,
  n: number,
  featureNames: readonly string[],
  options: RegressionOptions,
  example: (random: Random) => Example,
): Dataset {
  checkOptions(name, options, ['noise', 'seed']);
  const { noise = 0, seed = 0 } = options;
  checkCount(name, n);
  if (!(Number.isFinite(noise) && noise >= 0))
    throw new OptionError(`${name}: noise is ${noise}, expected a number from 0`);
  const random = new Random(seed);
  const data = new Float32Array(n * featureNames.length);
  const values = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const { x, y } = example(random);
    data.set(x, i * featureNames.length);
    values[i] = y + noise * random.normal();
  }
  return {
    name,
    task: 'regression',
    x: { data, shape: [n, featureNames.length] },
    y: { data: values, shape: [n, 1] },
    featureNames,
  };
}

function numbered(name: string, count: number, least: number): string[] {
  if (!Number.isInteger(count) || count < least) {
    throw new OptionError(`${name}: ${count} features, expected a whole number from ${least}`);
  }
  return Array.from({ length: count }, (_, i) => `x${i + 1}`);
}

export interface FeaturesOptions extends RegressionOptions {
  readonly features?: number;
}

export function linear(n: number, { features = 5, ...options }: FeaturesOptions = {}): Dataset {
  const names = numbered('linear', features, 1);
  const source = new Random(options.seed ?? 0, 1);
  const weights = names.map(() => source.uniform(-2, 2));
  const bias = source.uniform(-2, 2);
  return regression('linear', n, names, { noise: 0.5, ...options }, (random) => {
    const x = weights.map(() => random.normal());
    return { x, y: x.reduce((sum, value, i) => sum + value * (weights[i] as number), bias) };
  });
}

export function sine(n: number, options: RegressionOptions = {}): Dataset {
  return regression('sine', n, ['x'], { noise: 0.1, ...options }, (random) => {
    const x = random.uniform(-Math.PI, Math.PI);
    return { x: [x], y: cos(x - Math.PI / 2) };
  });
}

export function friedman1(n: number, { features = 10, ...options }: FeaturesOptions = {}): Dataset {
  const names = numbered('friedman1', features, 5);
  return regression('friedman1', n, names, { noise: 1, ...options }, (random) => {
    const x = names.map(() => random.uniform());
    const [a, b, c, d, e] = x as [number, number, number, number, number];
    const wave = cos(Math.PI * a * b - Math.PI / 2);
    return { x, y: 10 * wave + 20 * (c - 0.5) * (c - 0.5) + 10 * d + 5 * e };
  });
}

const HOUSE = ['size', 'rooms', 'age', 'distance', 'garden', 'condition'];

export function housePrices(n: number, options: RegressionOptions = {}): Dataset {
  return regression('housePrices', n, HOUSE, { noise: 25, ...options }, (random) => {
    const size = Math.round(clamp(115 * exp(0.38 * random.normal()), 28, 420));
    const rooms = Math.round(clamp(size / 27 + 0.8 * random.normal(), 1, 14));
    const age = Math.round(clamp(-32 * log(1 - random.uniform()), 0, 140));
    const distance =
      Math.round(10 * clamp(24 * random.uniform() * random.uniform() + 0.3, 0, 30)) / 10;
    const garden =
      random.uniform() < 0.25 + 0.03 * distance
        ? Math.round(random.uniform(40, 60 + 40 * distance))
        : 0;
    const condition = Math.round(clamp(4.2 - age / 40 + random.normal(), 1, 5));
    const location = 1.6 + 2.6 * exp(-distance / 6);
    const state = (0.8 + 0.4 * exp(-age / 30)) * (0.76 + 0.08 * condition);
    const price = 20 + size * location * state + 6 * rooms + 0.08 * garden * location;
    return { x: [size, rooms, age, distance, garden, condition], y: price };
  });
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
