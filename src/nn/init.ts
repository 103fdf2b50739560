import { formatShape, type Shape, sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { affine } from '../ops/binary.ts';
import { oneHot } from '../ops/gather.ts';
import { reshape, transpose } from '../ops/layout.ts';
import { scalar, tensor } from '../ops/leaf.ts';
import {
  randomNormal as normal,
  orthonormalRows,
  randomTruncatedNormal,
  randomUniform as uniform,
} from '../ops/random.ts';
import { expand } from '../ops/sum.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import { type Configured, checkNumber, find, type Named, named, withDefaults } from './named.ts';

/** First value of a weight. `stream` names the random numbers, so that each weight has its own. */
export type Initializer = ((shape: Shape, stream: number) => Tensor) & Configured;

function filled(value: number, shape: Shape): Tensor {
  return expand(scalar(value), shape);
}

/** 0 everywhere. */
export function zeros(): Initializer {
  return named('zeros', {}, (shape: Shape) => filled(0, shape));
}

/** 1 everywhere. */
export function ones(): Initializer {
  return named('ones', {}, (shape: Shape) => filled(1, shape));
}

/** The same value everywhere, default 0. */
export function constant(options: number | { value?: number } = {}): Initializer {
  const given = typeof options === 'number' ? { value: options } : options;
  const { value } = withDefaults('constant', given, { value: 0 });
  checkNumber('constant: value', value);
  return named('constant', { value }, (shape: Shape) => filled(value, shape));
}

export interface NormalOptions {
  /** Default 0. */
  readonly mean?: number;
  /** Standard deviation, default 0.05. */
  readonly std?: number;
}

function normalOptions(name: string, options: NormalOptions): Required<NormalOptions> {
  const set = withDefaults(name, options, { mean: 0, std: 0.05 });
  checkNumber(`${name}: mean`, set.mean);
  checkNumber(`${name}: std`, set.std, { from: 0 });
  return set;
}

/** Normal numbers. */
export function randomNormal(options: NormalOptions = {}): Initializer {
  const { mean, std } = normalOptions('randomNormal', options);
  return named('randomNormal', { mean, std }, (shape: Shape, stream: number) =>
    normal(shape, stream, mean, std),
  );
}

/** Normal numbers, those further than two standard deviations from the mean drawn again. */
export function truncatedNormal(options: NormalOptions = {}): Initializer {
  const { mean, std } = normalOptions('truncatedNormal', options);
  return named('truncatedNormal', { mean, std }, (shape: Shape, stream: number) =>
    randomTruncatedNormal(shape, stream, mean, std),
  );
}

/** Uniform numbers in [min, max), default [−0.05, 0.05). */
export function randomUniform(options: { min?: number; max?: number } = {}): Initializer {
  const { min, max } = withDefaults('randomUniform', options, { min: -0.05, max: 0.05 });
  checkNumber('randomUniform: min', min);
  checkNumber('randomUniform: max', max, { from: min });
  return named('randomUniform', { min, max }, (shape: Shape, stream: number) =>
    uniform(shape, stream, min, max),
  );
}

/** A matrix with `gain` (default 1) on the diagonal, 0 elsewhere. */
export function identity(options: { gain?: number } = {}): Initializer {
  const { gain } = withDefaults('identity', options, { gain: 1 });
  checkNumber('identity: gain', gain);
  return named('identity', { gain }, (shape: Shape) => {
    const [rows, columns] = shape as [number, number];
    if (shape.length !== 2)
      throw new ShapeError(`identity: shape ${formatShape(shape)}, expected two axes`);
    return oneHot(tensor(Int32Array.from({ length: rows }, (_, i) => i)), columns, gain);
  });
}

/**
 * A random orthogonal matrix times `gain` (default 1): its columns, or its rows if there are fewer, are orthonormal; axes before
 * the last count as one (Saxe et al. 2013, arXiv:1312.6120).
 */
export function orthogonal(options: { gain?: number } = {}): Initializer {
  const { gain } = withDefaults('orthogonal', options, { gain: 1 });
  checkNumber('orthogonal: gain', gain);
  return named('orthogonal', { gain }, (shape: Shape, stream: number) => {
    if (shape.length < 2)
      throw new ShapeError(`orthogonal: shape ${formatShape(shape)}, expected at least two axes`);
    const columns = shape.at(-1) as number;
    const rows = sizeOf(shape.slice(0, -1));
    const [few, many] = [Math.min(rows, columns), Math.max(rows, columns)];
    const found = affine(orthonormalRows(normal([few, many], stream)), gain);
    return reshape(rows > columns ? transpose(found) : found, shape);
  });
}

/** Inputs and outputs of a unit: kernels are [...spatial, in, out]. */
export function fans(shape: Shape): { fanIn: number; fanOut: number } {
  if (shape.length < 2) return { fanIn: shape[0] ?? 1, fanOut: shape[0] ?? 1 };
  const field = sizeOf(shape.slice(0, -2));
  return { fanIn: field * (shape.at(-2) as number), fanOut: field * (shape.at(-1) as number) };
}

/** Standard deviation of a unit normal distribution that is cut at ±2. */
const TRUNCATED_STD = 0.87962566103423978;

const FANS = {
  fanIn: ({ fanIn }: { fanIn: number }) => fanIn,
  fanOut: ({ fanOut }: { fanOut: number }) => fanOut,
  fanAvg: ({ fanIn, fanOut }: { fanIn: number; fanOut: number }) => (fanIn + fanOut) / 2,
};

const DISTRIBUTIONS = {
  truncatedNormal: (shape: Shape, stream: number, variance: number) =>
    randomTruncatedNormal(shape, stream, 0, Math.sqrt(variance) / TRUNCATED_STD),
  normal: (shape: Shape, stream: number, variance: number) =>
    normal(shape, stream, 0, Math.sqrt(variance)),
  uniform(shape: Shape, stream: number, variance: number) {
    const limit = Math.sqrt(3 * variance);
    return uniform(shape, stream, -limit, limit);
  },
};

export interface VarianceScalingOptions {
  /** Default 1. */
  readonly scale?: number;
  /** Default fanIn. */
  readonly mode?: keyof typeof FANS;
  /** Default truncatedNormal. */
  readonly distribution?: keyof typeof DISTRIBUTIONS;
}

/** Numbers of mean 0 and variance scale/n, n counted by `mode`. */
export function varianceScaling(options: VarianceScalingOptions = {}): Initializer {
  return scaled('varianceScaling', options);
}

function scaled(
  name: string,
  options: VarianceScalingOptions,
  config: object = options,
): Initializer {
  const { scale, mode, distribution } = withDefaults<Required<VarianceScalingOptions>>(
    name,
    options,
    {
      scale: 1,
      mode: 'fanIn',
      distribution: 'truncatedNormal',
    },
  );
  checkNumber(`${name}: scale`, scale, { above: 0 });
  if (!Object.hasOwn(FANS, mode))
    throw new OptionError(`${name}: mode "${mode}", expected ${Object.keys(FANS)}`);
  if (!Object.hasOwn(DISTRIBUTIONS, distribution)) {
    throw new OptionError(
      `${name}: distribution "${distribution}", expected ${Object.keys(DISTRIBUTIONS)}`,
    );
  }
  return named(name, config, (shape: Shape, stream: number) =>
    DISTRIBUTIONS[distribution](shape, stream, scale / Math.max(1, FANS[mode](fans(shape)))),
  );
}

function preset(name: string, scaling: Required<VarianceScalingOptions>): () => Initializer {
  return (options = {}) => scaled(name, { ...scaling, ...withDefaults(name, options, {}) }, {});
}

/** Normal, variance 2/in, cut at two standard deviations: for relu (He et al. 2015, arXiv:1502.01852). */
export const heNormal = preset('heNormal', {
  scale: 2,
  mode: 'fanIn',
  distribution: 'truncatedNormal',
});
/** Uniform, variance 2/in. */
export const heUniform = preset('heUniform', { scale: 2, mode: 'fanIn', distribution: 'uniform' });
/** Normal, variance 1/in: for tanh; the first of those that are called Xavier. */
export const xavier = preset('xavier', { scale: 1, mode: 'fanIn', distribution: 'normal' });
/** Normal, variance 2/(in + out): for tanh (Glorot and Bengio 2010), also called Xavier. */
export const glorotNormal = preset('glorotNormal', {
  scale: 1,
  mode: 'fanAvg',
  distribution: 'truncatedNormal',
});
/** Uniform, variance 2/(in + out): what layers take by default. */
export const glorotUniform = preset('glorotUniform', {
  scale: 1,
  mode: 'fanAvg',
  distribution: 'uniform',
});
/** Normal, variance 1/in (LeCun et al. 1998). */
export const lecunNormal = preset('lecunNormal', {
  scale: 1,
  mode: 'fanIn',
  distribution: 'truncatedNormal',
});
/** Uniform, variance 1/in. */
export const lecunUniform = preset('lecunUniform', {
  scale: 1,
  mode: 'fanIn',
  distribution: 'uniform',
});

/** First weights, by the names that `kernelInitializer` takes; each entry makes one with options. */
export const initializers = {
  zeros,
  ones,
  constant,
  randomNormal,
  randomUniform,
  truncatedNormal,
  identity,
  orthogonal,
  varianceScaling,
  heNormal,
  heUniform,
  xavier,
  glorotNormal,
  glorotUniform,
  lecunNormal,
  lecunUniform,
};

/** The initialiser of that name; functions stay. Throws `OptionError` for unknown names. */
export function initializer(given: string | Named | Initializer): Initializer {
  return find('initializer', given, initializers);
}
