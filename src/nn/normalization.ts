import { formatShape, normalizeAxis, type Shape, sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { mul, sub } from '../ops/binary.ts';
import { flatten, type Nested, shapeOf, tensor } from '../ops/leaf.ts';
import { expand } from '../ops/sum.ts';
import { DataError, OptionError, ShapeError, StateError, unknownName } from '../runtime/errors.ts';
import { moveAxis } from './dataFormat.ts';
import { type Layer, type LayerOptions, layer } from './layer.ts';
import { layerTitle, withDefaults } from './named.ts';

export type NormalizationKind = 'standard' | 'minMax' | 'robust';

export interface NormalizationOptions extends LayerOptions {
  /**
   * What becomes 0 and what is divided by: `standard` (default) mean and standard deviation, `minMax` smallest and range,
   * `robust` median and distance of the quartiles.
   */
  readonly kind?: NormalizationKind;
  /** The axis whose elements have numbers of their own, default the last; null: one pair of numbers for all. */
  readonly axis?: number | null;
}

/** Training data: the first axis examples. Bytes may have a scale and an offset, as `fit` takes them. */
export type AdaptData =
  | readonly Nested[]
  | {
      readonly data: ArrayLike<number>;
      readonly shape: Shape;
      readonly scale?: number;
      readonly offset?: number;
    };

export interface NormalizationLayer extends Layer<[x: Tensor]> {
  /** Takes the numbers from the training data; elements that are not finite are left out. Before the first call. */
  adapt(data: AdaptData): this;
}

/** What is subtracted, and what is divided by; 0 where all are the same. */
type Statistics = (x: Float64Array) => readonly [center: number, size: number];

function meanOf(x: Float64Array): number {
  let mean = 0;
  for (let i = 0; i < x.length; i++) mean += ((x[i] as number) - mean) / (i + 1);
  return mean;
}

/** Between neighbours of the sorted numbers where it falls between them. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  const [a, b] = [sorted[low] as number, sorted[Math.min(low + 1, sorted.length - 1)] as number];
  return a + (b - a) * (at - low);
}

const STATISTICS: Readonly<Record<NormalizationKind, Statistics>> = {
  standard(x) {
    const mean = meanOf(x);
    return [mean, Math.sqrt(meanOf(x.map((v) => (v - mean) * (v - mean))))];
  },
  minMax(x) {
    const [low, high] = [quantile(x.sort(), 0), quantile(x, 1)];
    return [low, high - low];
  },
  robust(x) {
    x.sort();
    return [quantile(x, 0.5), quantile(x, 0.75) - quantile(x, 0.25)];
  },
};

/** Numbers of each of the n elements along `axis`, of all together where it is null. */
function columnsOf(values: ArrayLike<number>, shape: Shape, axis: number | null): Float64Array[] {
  const n = axis === null ? 1 : (shape[axis] as number);
  const inner = axis === null ? values.length : sizeOf(shape.slice(axis + 1));
  const rows = n * inner === 0 ? 0 : values.length / (n * inner);
  return Array.from({ length: n }, (_, c) => {
    const column = new Float64Array(rows * inner);
    for (let r = 0; r < rows; r++)
      for (let i = 0; i < inner; i++)
        column[r * inner + i] = values[(r * n + c) * inner + i] as number;
    return column.filter(Number.isFinite);
  });
}

/** Rounding makes no spread. */
const SAME = 1e-12;

function nestedData(given: Nested): Exclude<AdaptData, readonly Nested[]> {
  const shape = shapeOf(given);
  return { shape, data: flatten(given, shape) };
}

function adapted(title: string, given: AdaptData, axis: number | null, kind: NormalizationKind) {
  const {
    data,
    shape,
    scale = 1,
    offset = 0,
  } = 'data' in given ? given : nestedData(given as readonly Nested[]);
  if (shape.length === 0 || data.length !== sizeOf(shape))
    throw new ShapeError(`${title}: ${data.length} numbers for shape ${formatShape(shape)}`);
  const at = axis === null ? null : normalizeAxis(axis, shape.length);
  const columns = columnsOf(data, shape, at).map((column, c) => {
    if (column.length === 0) throw new DataError(`${title}: no finite number in column ${c}`);
    const [center, size] = STATISTICS[kind](column.map((v) => v * scale + offset));
    return { center, scale: size <= SAME * Math.abs(center) || size === 0 ? 1 : 1 / size };
  });
  return { center: columns.map((c) => c.center), scale: columns.map((c) => c.scale) };
}

/**
 * (x − center)·scale with numbers from the training data, which `adapt` takes and the model keeps among its weights:
 * the same for training, development and test data. Constant columns become 0. Without `adapt` x stays as it is.
 *
 * @example
 * const inputs = normalization().adapt(train.x);
 * const net = sequential([inputs, dense(10, { activation: 'softmax' })]);
 */
export function normalization(options: NormalizationOptions = {}): NormalizationLayer {
  const title = layerTitle('normalization', options);
  const set = withDefaults(title, options, {
    name: undefined,
    trainable: undefined,
    kind: 'standard' as NormalizationKind,
    axis: -1 as number | null,
  });
  if (!Object.hasOwn(STATISTICS, set.kind))
    unknownName(`kind of ${title}`, set.kind, Object.keys(STATISTICS));
  if (set.axis === 0) throw new OptionError(`${title}: axis 0 is the batch, expected another one`);
  let known: ReturnType<typeof adapted> | null = null;
  const self = layer('normalization', { ...options }, (scope, x: Tensor) => {
    const last = x.shape.length - 1;
    const at = set.axis === null ? last : normalizeAxis(set.axis, x.shape.length);
    const moved = moveAxis(x, at, last);
    const n = set.axis === null ? 1 : (moved.shape[last] as number);
    if (known && known.center.length !== n)
      throw new ShapeError(
        `input ${formatShape(x.shape)}, adapted to ${known.center.length} columns`,
      );
    const number = (name: 'center' | 'scale', standard: number) =>
      scope.state(name, [n], (shape) =>
        known ? tensor(known[name], shape) : expand(tensor([standard]), shape),
      );
    return moveAxis(mul(sub(moved, number('center', 0)), number('scale', 1)), last, at);
  }) as NormalizationLayer;
  self.adapt = (data) => {
    if (self.variables.length > 0)
      throw new StateError(`${title}: adapt must come before the layer's first call`);
    known = adapted(title, data, set.axis, set.kind);
    return self;
  };
  return self;
}
