import { sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { add, affine, greater, greaterEqual, less } from '../ops/binary.ts';
import { scatterAdd } from '../ops/gather.ts';
import { reshape } from '../ops/layout.ts';
import { scalar, tensor } from '../ops/leaf.ts';
import { matMul } from '../ops/matmul.ts';
import { countBelow, rank } from '../ops/rank.ts';
import { reduceMax } from '../ops/reduce.ts';
import { cast, where } from '../ops/select.ts';
import { slice } from '../ops/slice.ts';
import { expand } from '../ops/sum.ts';
import { OptionError } from '../runtime/errors.ts';
import { builtIn, classTargets, type Metric, type Mode, ratio } from './accumulator.ts';
import { alignWeight } from './loss.ts';
import { checkCount, checkNumber, withDefaults } from './named.ts';

/** Weights of the elements by what they are and what is predicted, [T, L]: at each threshold, for each label. */
export interface Counts {
  readonly tp: Tensor;
  readonly fp: Tensor;
  readonly tn: Tensor;
  readonly fn: Tensor;
}

/** Predictions, targets and weights of one shape. */
export interface Elements {
  readonly t: Tensor;
  readonly p: Tensor;
  readonly w: Tensor;
}

/** Elements of a batch; class numbers become one-hot. */
export function elementsOf(name: string, yTrue: Tensor, yPred: Tensor, weight?: Tensor): Elements {
  const [t, p] = classTargets(name, yTrue, yPred);
  return { t, p, w: weight ? alignWeight(weight, p) : expand(scalar(1), p.shape) };
}

/** Index of each threshold among the ascending ones. */
function places(thresholds: readonly number[], sorted: readonly number[]): number[] {
  return thresholds.map((t) => sorted.indexOf(t));
}

const ascending = (thresholds: readonly number[]) => [...thresholds].sort((a, b) => a - b);

/**
 * Weights by how many thresholds lie below the prediction, by target (above 0.5 or not) and label, flat: [T + 1, 2, L].
 * Labels are the last axis where `labels` > 1.
 */
export function histogram(
  { t, p, w }: Elements,
  thresholds: readonly number[],
  labels = 1,
): Tensor {
  const bin = add(affine(countBelow(p, ascending(thresholds)), 2), greater(t, 0.5));
  const numbers = Array.from({ length: labels }, (_, i) => i);
  const index = labels > 1 ? add(affine(bin, labels), tensor(numbers)) : bin;
  const n = sizeOf(p.shape);
  const flat = cast(reshape(index, [n]), 'i32');
  return scatterAdd(reshape(w, [n]), flat, (thresholds.length + 1) * 2 * labels, []);
}

/** Positive is what lies above the threshold. */
export function countsOf(bins: Tensor, thresholds: readonly number[], labels = 1): Counts {
  const T = thresholds.length;
  const rows = reshape(bins, [T + 1, 2 * labels]);
  const own = places(thresholds, ascending(thresholds));
  const total = (included: (bin: number, place: number) => boolean) => {
    const mask = own.flatMap((place) =>
      Array.from({ length: T + 1 }, (_, bin) => Number(included(bin, place))),
    );
    return matMul(tensor(mask, [T, T + 1]), rows);
  };
  const above = total((bin, place) => bin > place);
  const below = total((bin, place) => bin <= place);
  const negative = (x: Tensor) => slice(x, [0, 0], [T, labels]);
  const positive = (x: Tensor) => slice(x, [0, labels], [T, labels]);
  return { tp: positive(above), fp: negative(above), tn: negative(below), fn: positive(below) };
}

export interface ThresholdOptions {
  /** Predictions above it are positive, default 0.5; with several the metric has one figure for each. */
  readonly thresholds?: number | readonly number[] | undefined;
}

export interface PrecisionOptions extends ThresholdOptions {
  /** Only the k largest outputs of an example can be positive, by default whatever they are. */
  readonly topK?: number | undefined;
  /** Only this class counts, default all together. */
  readonly classId?: number | undefined;
}

/** Below all predictions that may count. */
const LOWEST = -1e10;

function pickClass({ t, p, w }: Elements, name: string, classId: number | undefined): Elements {
  if (classId === undefined) return { t, p, w };
  const { shape } = p;
  if (classId >= (shape.at(-1) as number))
    throw new OptionError(`${name}: classId is ${classId}, the outputs are ${shape.at(-1)}`);
  const last = shape.length - 1;
  const begin = shape.map((_, axis) => (axis === last ? classId : 0));
  const size = shape.map((n, axis) => (axis === last ? 1 : n));
  const own = (x: Tensor) => slice(x, begin, size);
  return { t: own(t), p: own(p), w: own(w) };
}

type Figure = (counts: Counts) => Tensor;

/** A figure of the counts at thresholds that the user chooses. */
function atThresholds(name: string, figure: Figure, mode: Mode, selects: boolean) {
  return (options: PrecisionOptions = {}): Metric => {
    const choice = selects ? { topK: undefined, classId: undefined } : {};
    const set = withDefaults<PrecisionOptions>(name, options, { thresholds: undefined, ...choice });
    const { thresholds, topK, classId } = set;
    if (topK !== undefined) checkCount(`${name}: topK`, topK);
    if (classId !== undefined) checkCount(`${name}: classId`, classId, 0);
    const list = [thresholds ?? (topK === undefined ? 0.5 : LOWEST)].flat();
    for (const t of list) checkNumber(`${name}: thresholds`, t);
    if (list.length === 0) throw new OptionError(`${name}: thresholds are empty`);
    const sums = (yTrue: Tensor, yPred: Tensor, weight?: Tensor) => {
      const all = elementsOf(name, yTrue, yPred, weight);
      const p = topK === undefined ? all.p : where(less(rank(all.p), topK), all.p, LOWEST);
      return [histogram(pickClass({ ...all, p }, name, classId), list)];
    };
    const shape = list.length > 1 ? [list.length] : [];
    const result = ([bins]: readonly Tensor[]) =>
      reshape(figure(countsOf(bins as Tensor, list)), shape);
    return builtIn(name, set, { sums, result }, mode, true);
  };
}

type Counting = (options?: ThresholdOptions) => Metric;
type Selecting = (options?: PrecisionOptions) => Metric;

/** Weight of the elements that are positive and predicted so. */
export const truePositives: Counting = atThresholds('truePositives', ({ tp }) => tp, 'max', false);
/** Weight of the elements that are negative and predicted positive. */
export const falsePositives: Counting = atThresholds(
  'falsePositives',
  ({ fp }) => fp,
  'min',
  false,
);
/** Weight of the elements that are negative and predicted so. */
export const trueNegatives: Counting = atThresholds('trueNegatives', ({ tn }) => tn, 'max', false);
/** Weight of the elements that are positive and predicted negative. */
export const falseNegatives: Counting = atThresholds(
  'falseNegatives',
  ({ fn }) => fn,
  'min',
  false,
);

const precisionOf = ({ tp, fp }: Counts) => ratio(tp, add(tp, fp));
const recallOf = ({ tp, fn }: Counts) => ratio(tp, add(tp, fn));
const specificityOf = ({ tn, fp }: Counts) => ratio(tn, add(tn, fp));

/** TP/(TP + FP): the share of what is predicted positive that is; over all outputs, or of one class. 0 where nothing is predicted. */
export const precision: Selecting = atThresholds('precision', precisionOf, 'max', true);
/** TP/(TP + FN): the share of what is positive that is predicted so; 0 where nothing is positive. */
export const recall: Selecting = atThresholds('recall', recallOf, 'max', true);

export interface TradeOffOptions {
  /** What the other figure must at least be, from 0 to 1. Default 0.5. */
  readonly value?: number;
  /** Thresholds that are tried, evenly spread over [0, 1]. Default 200. */
  readonly numThresholds?: number;
  /** Only this class counts, default all together. */
  readonly classId?: number | undefined;
}

/** `count` thresholds spread evenly over [0, 1]. */
export function evenThresholds(count: number): number[] {
  return count === 1 ? [0.5] : Array.from({ length: count }, (_, i) => i / (count - 1));
}

/** The largest `wanted` among the thresholds at which `kept` is at least the value. */
function tradeOff(name: string, wanted: Figure, kept: Figure) {
  return (options: TradeOffOptions = {}): Metric => {
    const set = withDefaults<TradeOffOptions & { value: number; numThresholds: number }>(
      name,
      options,
      { value: 0.5, numThresholds: 200, classId: undefined },
    );
    checkNumber(`${name}: value`, set.value, { from: 0, to: 1 });
    checkCount(`${name}: numThresholds`, set.numThresholds);
    if (set.classId !== undefined) checkCount(`${name}: classId`, set.classId, 0);
    const thresholds = evenThresholds(set.numThresholds);
    return builtIn(
      name,
      set,
      {
        sums: (t, p, w) => [
          histogram(pickClass(elementsOf(name, t, p, w), name, set.classId), thresholds),
        ],
        result([bins]) {
          const counts = countsOf(bins as Tensor, thresholds);
          return reduceMax(where(greaterEqual(kept(counts), set.value), wanted(counts), 0));
        },
      },
      'max',
      true,
    );
  };
}

/** The best recall (sensitivity) at a threshold where the specificity is at least `value`; 0 if there is none. */
export const sensitivityAtSpecificity = tradeOff(
  'sensitivityAtSpecificity',
  recallOf,
  specificityOf,
);
/** The best specificity at a threshold where the recall (sensitivity) is at least `value`. */
export const specificityAtSensitivity = tradeOff(
  'specificityAtSensitivity',
  specificityOf,
  recallOf,
);
/** The best precision at a threshold where the recall is at least `value`. */
export const precisionAtRecall = tradeOff('precisionAtRecall', precisionOf, recallOf);
/** The best recall at a threshold where the precision is at least `value`. */
export const recallAtPrecision = tradeOff('recallAtPrecision', recallOf, precisionOf);
