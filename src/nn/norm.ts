import { formatShape, normalizeAxes, normalizeAxis, sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, affine, div, mul, sub } from '../ops/binary.ts';
import { layerNorm } from '../ops/layerNorm.ts';
import { reshape, transpose } from '../ops/layout.ts';
import { reduceVariance } from '../ops/moments.ts';
import { batchNorm, columnMoments, filled, groupMoments, half, scaleShift } from '../ops/norm.ts';
import { concat } from '../ops/slice.ts';
import { expand, reduceSum } from '../ops/sum.ts';
import { clip, rsqrt, square } from '../ops/unary.ts';
import { OptionError, ShapeError } from '../runtime/errors.ts';
import { moveAxis } from './dataFormat.ts';
import { type Initializer, initializer } from './init.ts';
import { type Layer, type LayerOptions, type LayerScope, layer } from './layer.ts';
import { checkCount, checkNumber, layerTitle, type Named, withDefaults } from './named.ts';
import { type Regularizer, regularizer } from './regularizer.ts';
import { asReal } from './targets.ts';

type Initial = string | Named | Initializer;
type Penalty = string | Named | Regularizer;

export interface ScaleOptions extends LayerOptions {
  /** Added to the variance, default 1e-3. */
  readonly epsilon?: number;
  /** Learn a factor gamma, default true. */
  readonly scale?: boolean;
  /** Default ones. */
  readonly gammaInitializer?: Initial;
  readonly gammaRegularizer?: Penalty;
}

export interface CenterOptions extends ScaleOptions {
  /** Learn a term beta, default true. */
  readonly center?: boolean;
  /** Default zeros. */
  readonly betaInitializer?: Initial;
  readonly betaRegularizer?: Penalty;
}

const SCALE = {
  name: undefined,
  trainable: undefined,
  epsilon: 1e-3,
  scale: true,
  gammaInitializer: 'ones',
  gammaRegularizer: undefined,
} as const;
const CENTER = {
  ...SCALE,
  center: true,
  betaInitializer: 'zeros',
  betaRegularizer: undefined,
} as const;

type Complete<T> = { [K in keyof T]-?: T[K] | undefined };

function complete<T extends CenterOptions>(type: string, options: T, defaults: object) {
  const title = layerTitle(type, options);
  const set = withDefaults(title, options, defaults as Complete<T>) as Complete<T>;
  checkNumber(`${title}: epsilon`, set.epsilon as number, { from: 0 });
  return { title, set, epsilon: set.epsilon as number, weights: weightsOf(set) };
}

/** gamma and beta [n] of a layer; where it learns none, ones and zeros. */
function weightsOf(set: Complete<CenterOptions>) {
  const one = (on: boolean | undefined, initial: Initial, penalty: Penalty | undefined) =>
    on && {
      initializer: initializer(initial as Initializer),
      ...(penalty ? { regularizer: regularizer(penalty as Regularizer) } : {}),
    };
  const gamma = one(set.scale, set.gammaInitializer ?? 'ones', set.gammaRegularizer);
  const beta = one(set.center, set.betaInitializer ?? 'zeros', set.betaRegularizer);
  return (scope: LayerScope, n: number): [Tensor, Tensor] => [
    gamma ? scope.weight('gamma', [n], gamma) : filled(n, 1),
    beta ? scope.weight('beta', [n], beta) : filled(n, 0),
  ];
}

/** Runs `body` on x with `axis` last. */
function withLast(x: Tensor, axis: number, body: (x: Tensor) => Tensor): Tensor {
  if (x.shape.length < 2)
    throw new ShapeError(`input ${formatShape(x.shape)}, expected [batch, ..]`);
  const at = normalizeAxis(axis, x.shape.length);
  if (at === 0) throw new OptionError('axis 0 is the batch, expected another one');
  const last = x.shape.length - 1;
  return moveAxis(body(moveAxis(x, at, last)), last, at);
}

export interface BatchNormalizationOptions extends CenterOptions {
  /** The axis whose elements are normalised each for itself, default the last. */
  readonly axis?: number;
  /** Share of the running statistics that each step keeps, default 0.99. */
  readonly momentum?: number;
  /** Default zeros and ones. */
  readonly movingMeanInitializer?: Initial;
  readonly movingVarianceInitializer?: Initial;
}

type Masked = [x: Tensor] | [x: Tensor, mask: Tensor];

/** gamma·(x − mean)/√(variance + epsilon) + beta with given moments [C], as one pass over x. */
function byMoments(
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  gamma: Tensor,
  beta: Tensor,
  epsilon: number,
): Tensor {
  const factor = mul(gamma, rsqrt(affine(variance, 1, epsilon)));
  return scaleShift(x, factor, sub(beta, mul(mean, factor)));
}

/** [1, 2, C]: mean and variance of the rows of x [.., C] whose mask is 1; 0 where none is. */
function maskedMoments(x: Tensor, mask: Tensor): Tensor {
  const axes = [...x.shape.keys()].slice(0, -1);
  const missing = x.shape.length - mask.shape.length;
  const column = reshape(asReal(mask), [...mask.shape, ...new Array<number>(missing).fill(1)]);
  const seen = expand(column, x.shape);
  const count = clip(reduceSum(seen, { axes, keepDims: true }), 1e-7, Number.MAX_VALUE);
  const meanOf = (t: Tensor) => div(reduceSum(mul(t, seen), { axes, keepDims: true }), count);
  const mean = meanOf(x);
  const pair = [mean, meanOf(square(sub(x, expand(mean, x.shape))))];
  const n = x.shape.at(-1) as number;
  return concat(
    pair.map((t) => reshape(t, [1, 1, n])),
    1,
  );
}

/**
 * gamma·(x − mean)/√(variance + epsilon) + beta for each element of `axis`: in training with mean and variance (divided by
 * the number) of the batch, which movingMean and movingVariance follow; otherwise, and when the layer is not trainable,
 * with those two. Called as f(x, mask) with a mask of 0 and 1 over the axes before, statistics are of where it is 1. Ioffe
 * and Szegedy 2015.
 */
export function batchNormalization(options: BatchNormalizationOptions = {}): Layer<Masked> {
  const { title, set, epsilon, weights } = complete('batchNormalization', options, {
    ...CENTER,
    axis: -1,
    momentum: 0.99,
    movingMeanInitializer: 'zeros',
    movingVarianceInitializer: 'ones',
  });
  const momentum = checkNumber(`${title}: momentum`, set.momentum as number, { from: 0, to: 1 });
  const initial = [set.movingMeanInitializer, set.movingVarianceInitializer].map((given) =>
    initializer(given as Initializer),
  ) as [Initializer, Initializer];
  const normalize = (scope: LayerScope, x: Tensor, mask?: Tensor) => {
    const n = x.shape.at(-1) as number;
    const [gamma, beta] = weights(scope, n);
    const mean = scope.state('movingMean', [n], initial[0]);
    const variance = scope.state('movingVariance', [n], initial[1]);
    if (!scope.training || !scope.trainable)
      return byMoments(x, mean, variance, gamma, beta, epsilon);
    const found = mask ? maskedMoments(x, mask) : columnMoments(x);
    const now = ([0, 1] as const).map((which) => reshape(half(found, which), [n])) as [
      Tensor,
      Tensor,
    ];
    const follow = (name: string, old: Tensor, value: Tensor) =>
      scope.assign(name, add(affine(old, momentum), affine(value, 1 - momentum)));
    follow('movingMean', mean, now[0]);
    follow('movingVariance', variance, now[1]);
    if (mask) return byMoments(x, ...now, gamma, beta, epsilon);
    return batchNorm(x, gamma, beta, { moments: found, epsilon });
  };
  return layer(
    'batchNormalization',
    { ...options },
    (scope, ...[x, mask]: Masked): Tensor =>
      withLast(x, set.axis as number, (last) => normalize(scope, last, mask)),
  );
}

export interface LayerNormalizationOptions extends CenterOptions {
  /** The axes over which each example is normalised, default the last. */
  readonly axis?: number | readonly number[];
  /** Divide x itself, without its mean: by the square root of the variance, as Keras. Default false. */
  readonly rmsScaling?: boolean;
}

/** Runs `body` on x as [.., n] with the elements of `axes` side by side. */
function withTrailing(x: Tensor, axis: number | readonly number[], body: (x: Tensor) => Tensor) {
  const rank = x.shape.length;
  const axes = normalizeAxes(axis, rank);
  if (rank < 2 || axes.includes(0) || axes.length === 0) {
    throw new OptionError(
      `axis [${axes}] of input ${formatShape(x.shape)}, expected axes behind the batch`,
    );
  }
  const order = [...x.shape.keys()].sort(
    (a, b) => Number(axes.includes(a)) - Number(axes.includes(b)),
  );
  const moved = order.some((a, i) => a !== i);
  const turned = moved ? transpose(x, order) : x;
  const n = sizeOf(axes.map((a) => x.shape[a] as number));
  const kept = turned.shape.slice(0, rank - axes.length);
  const y = reshape(body(reshape(turned, [...kept, n])), turned.shape);
  if (!moved) return y;
  return transpose(
    y,
    order.map((_, i) => order.indexOf(i)),
  );
}

/**
 * gamma·(x − mean)/√(variance + epsilon) + beta, mean and variance over `axis` of each example; gamma and beta have one
 * element for each that is normalised. Ba, Kiros and Hinton 2016.
 */
export function layerNormalization(options: LayerNormalizationOptions = {}): Layer<[x: Tensor]> {
  const { set, epsilon, weights } = complete('layerNormalization', options, {
    ...CENTER,
    axis: -1,
    rmsScaling: false,
  });
  return layer('layerNormalization', { ...options }, (scope, x: Tensor) =>
    withTrailing(x, set.axis as number, (rows) => {
      const [gamma, beta] = weights(scope, rows.shape.at(-1) as number);
      if (!set.rmsScaling) return layerNorm(rows, gamma, beta, { epsilon });
      const variance = reduceVariance(rows, { axes: -1, keepDims: true });
      return mul(mul(rows, rsqrt(affine(variance, 1, epsilon))), gamma);
    }),
  );
}

export interface RmsNormalizationOptions extends ScaleOptions {
  /** The axes over which each example is normalised, default the last. */
  readonly axis?: number | readonly number[];
}

/** gamma·x/√(mean of x² + epsilon) over `axis` of each example; epsilon 1e-6. Zhang and Sennrich 2019. */
export function rmsNormalization(options: RmsNormalizationOptions = {}): Layer<[x: Tensor]> {
  const { set, epsilon, weights } = complete('rmsNormalization', options, {
    ...SCALE,
    epsilon: 1e-6,
    axis: -1,
  });
  return layer('rmsNormalization', { ...options }, (scope, x: Tensor) =>
    withTrailing(x, set.axis as number, (rows) => {
      const [gamma, zeros] = weights(scope, rows.shape.at(-1) as number);
      return layerNorm(rows, gamma, zeros, { epsilon, centered: false });
    }),
  );
}

export interface GroupNormalizationOptions extends CenterOptions {
  /** Default 32; −1: as many as there are channels. */
  readonly groups?: number;
  /** The axis of the channels, default the last. */
  readonly axis?: number;
}

/** As `batchNormalization`, but with mean and variance of each example and group of neighbouring channels. Wu and He 2018. */
export function groupNormalization(options: GroupNormalizationOptions = {}): Layer<[x: Tensor]> {
  const made = complete('groupNormalization', options, { ...CENTER, groups: 32, axis: -1 });
  const { title, set, epsilon, weights } = made;
  const groups = set.groups as number;
  if (groups !== -1) checkCount(`${title}: groups`, groups);
  return layer('groupNormalization', { ...options }, (scope, x: Tensor) =>
    withLast(x, set.axis as number, (last) => {
      const n = last.shape.at(-1) as number;
      if (groups !== -1 && n % groups)
        throw new ShapeError(`${n} channels are not ${groups} groups of the same size`);
      return eachExample(last, weights(scope, n), groups === -1 ? 1 : n / groups, epsilon);
    }),
  );
}

function eachExample(
  x: Tensor,
  [gamma, beta]: [Tensor, Tensor],
  groupSize: number,
  epsilon: number,
) {
  const columns = columnMoments(x, true);
  const found = groupSize > 1 ? groupMoments(columns, groupSize) : columns;
  return batchNorm(x, gamma, beta, { moments: found, epsilon, groupSize });
}

export interface InstanceNormalizationOptions extends CenterOptions {
  /** The axis of the channels, default the last. */
  readonly axis?: number;
}

/** `groupNormalization` with each channel a group. Ulyanov, Vedaldi and Lempitsky 2016. */
export function instanceNormalization(
  options: InstanceNormalizationOptions = {},
): Layer<[x: Tensor]> {
  const made = complete('instanceNormalization', options, { ...CENTER, axis: -1 });
  const { set, epsilon, weights } = made;
  return layer('instanceNormalization', { ...options }, (scope, x: Tensor) =>
    withLast(x, set.axis as number, (last) =>
      eachExample(last, weights(scope, last.shape.at(-1) as number), 1, epsilon),
    ),
  );
}

export interface UnitNormalizationOptions extends LayerOptions {
  /** The axes over which the sum of squares becomes 1, default the last. */
  readonly axis?: number | readonly number[];
}

/** x/√(Σ x²) over `axis` of each example; zeros stay (Σ x² is taken as at least 1e-12, as in Keras). */
export function unitNormalization(options: UnitNormalizationOptions = {}): Layer<[x: Tensor]> {
  const title = layerTitle('unitNormalization', options);
  const { axis } = withDefaults<Complete<UnitNormalizationOptions>>(title, options, {
    name: undefined,
    trainable: undefined,
    axis: -1,
  });
  return layer('unitNormalization', { ...options }, (_, x: Tensor) => {
    const sum = reduceSum(square(x), { axes: axis as number, keepDims: true });
    return mul(x, rsqrt(clip(sum, 1e-12, Number.MAX_VALUE)));
  });
}
