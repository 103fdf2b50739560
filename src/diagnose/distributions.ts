import type { DataSplits, Dataset } from '../data/dataset.ts';
import { kFold } from '../data/folds.ts';
import { takeRows } from '../data/split.ts';
import type { ArrayData } from '../data/table.ts';
import { formatShape, sizeOf } from '../graph/shape.ts';
import { dense } from '../nn/dense.ts';
import { adam } from '../optim/index.ts';
import { checkOptions, DataError, OptionError } from '../runtime/errors.ts';
import { sequential } from '../train/model.ts';
import { areaUnderCurve, chiSquared, holm, kolmogorovSmirnov } from './statistics.ts';

export interface CompareOptions {
  /** Chance of a wrong alarm over all tests. Default 0.01. */
  readonly alpha?: number;
  /** Examples of each set that are looked at, spread evenly. Default 2000. */
  readonly examples?: number;
  /** Whether a classifier tries to tell the sets apart, default true. */
  readonly classifier?: boolean;
  readonly seed?: number;
}

const COMPARE_OPTIONS = [
  'alpha',
  'examples',
  'classifier',
  'seed',
] satisfies (keyof CompareOptions)[];

export interface FeatureTest {
  readonly name: string;
  readonly test: 'Kolmogorov-Smirnov' | 'chi-squared';
  readonly statistic: number;
  /** Corrected for the number of tests (Holm). */
  readonly p: number;
}

export interface Comparison {
  /** Whether nothing tells the sets apart. */
  readonly same: boolean;
  readonly verdict: string;
  /** The most different first. */
  readonly features: readonly FeatureTest[];
  /** Cross-validated area under the ROC curve of a classifier that tells the sets apart, with its standard error. */
  readonly auc?: number;
  readonly aucError?: number;
}

export async function compareDistributions(
  a: Dataset,
  b: Dataset,
  options: CompareOptions = {},
): Promise<Comparison> {
  checkOptions('compareDistributions', options, COMPARE_OPTIONS);
  const { alpha = 0.01, examples = 2000, classifier = true, seed = 0 } = options;
  if (!(alpha > 0 && alpha < 1))
    throw new OptionError(`compareDistributions: alpha ${alpha}, expected between 0 and 1`);
  checkSets(a, b);
  const [left, right] = [sample(a, examples), sample(b, examples)];
  const tests = featureTests(left, right);
  const corrected = holm(tests.map((t) => t.p));
  const features = tests
    .map((t, i) => ({ ...t, p: corrected[i] as number }))
    .sort((s, t) => s.p - t.p || t.statistic - s.statistic);
  const told = classifier ? await tellApart(left.x, right.x, seed) : undefined;
  const differing = features.filter((f) => f.p < alpha);
  const apart = told !== undefined && told.auc - 0.5 > Math.max(0.02, 3 * told.aucError);
  const same = differing.length === 0 && !apart;
  return { same, verdict: inWords(differing, told, apart), features, ...told };
}

export interface SplitCheck {
  /** Whether development and test set come from one distribution. */
  readonly same: boolean;
  readonly verdict: string;
  readonly devTest?: Comparison;
  readonly trainDev?: Comparison;
}

export async function checkSplits(
  splits: DataSplits,
  options: CompareOptions = {},
): Promise<SplitCheck> {
  checkOptions('checkSplits', splits, ['train', 'dev', 'test']);
  checkOptions('checkSplits', options, COMPARE_OPTIONS);
  const { train, dev, test } = splits;
  const devTest = dev && test ? await compareDistributions(dev, test, options) : undefined;
  const trainDev = dev ? await compareDistributions(train, dev, options) : undefined;
  const lines = [
    ...(devTest ? [`development and test set: ${devTest.verdict}`] : []),
    ...(trainDev ? [`training and development set: ${trainDev.verdict}`] : []),
  ];
  return {
    same: devTest?.same ?? true,
    verdict: lines.join('\n') || 'nothing to compare: there is neither development nor test set',
    ...(devTest ? { devTest } : {}),
    ...(trainDev ? { trainDev } : {}),
  };
}

function checkSets(a: Dataset, b: Dataset): void {
  const [s, t] = [a, b].map((d) => d.x.shape.slice(1)) as [number[], number[]];
  if (formatShape(s) !== formatShape(t))
    throw new DataError(
      `compareDistributions: examples of ${a.name} are ${formatShape(s)}, of ${b.name} ${formatShape(t)}`,
    );
  for (const { name, x } of [a, b])
    if ((x.shape[0] as number) < 10)
      throw new DataError(
        `compareDistributions: ${name} has ${x.shape[0]} examples, expected 10 or more`,
      );
}

interface Sample {
  readonly x: ArrayData;
  readonly labels: Int32Array | undefined;
  readonly names: readonly string[] | undefined;
}

/** At most `most` examples, spread evenly. */
function sample({ x, y, featureNames }: Dataset, most: number): Sample {
  const n = x.shape[0] as number;
  const count = Math.min(n, most);
  const rows = Int32Array.from({ length: count }, (_, i) => Math.floor((i * n) / count));
  const labels = y instanceof Int32Array ? rows.map((i) => y[i] as number) : undefined;
  return { x: takeRows(x, rows), labels, names: featureNames };
}

const columnOf = ({ data, shape }: ArrayData, c: number, width: number) =>
  Float64Array.from({ length: shape[0] as number }, (_, i) => data[i * width + c] as number);

/** Values up to which a feature counts as categories. */
const CATEGORIES = 10;

function featureTests(a: Sample, b: Sample): FeatureTest[] {
  const width = sizeOf(a.x.shape.slice(1));
  const tests = Array.from({ length: width }, (_, c) =>
    twoSample(a.names?.[c] ?? `feature ${c}`, columnOf(a.x, c, width), columnOf(b.x, c, width)),
  );
  if (a.labels && b.labels) tests.push(categories('label', a.labels, b.labels));
  return tests;
}

function twoSample(name: string, a: Float64Array, b: Float64Array): FeatureTest {
  const values = new Set([...a, ...b]);
  if (values.size <= CATEGORIES) return categories(name, a, b);
  return { name, test: 'Kolmogorov-Smirnov', ...kolmogorovSmirnov(a, b) };
}

function categories(name: string, a: ArrayLike<number>, b: ArrayLike<number>): FeatureTest {
  const values = [...new Set([...Array.from(a), ...Array.from(b)])];
  const place = new Map(values.map((v, i) => [v, i]));
  const counts = (list: ArrayLike<number>) => {
    const found = values.map(() => 0);
    for (let i = 0; i < list.length; i++) {
      const at = place.get(list[i] as number) as number;
      found[at] = (found[at] as number) + 1;
    }
    return found;
  };
  return { name, test: 'chi-squared', ...chiSquared(counts(a), counts(b)) };
}

const FOLDS = 5;

/** Area under the curve of a logistic classifier on standardised features, in each fold that it was not trained on. */
async function tellApart(a: ArrayData, b: ArrayData, seed: number) {
  const width = sizeOf(a.shape.slice(1));
  const [n, m] = [a.shape[0] as number, b.shape[0] as number];
  const data = Float64Array.from([...a.data, ...b.data]);
  standardise(data, width);
  const x = { data, shape: [n + m, width] };
  const from = Int32Array.from({ length: n + m }, (_, i) => Number(i >= n));
  const areas: number[] = [];
  const balance = { 0: (n + m) / (2 * n), 1: (n + m) / (2 * m) };
  for (const { train, dev } of kFold(n + m, FOLDS, { seed, labels: from })) {
    const sampleWeight = Float64Array.from(train, (i) => balance[from[i] as 0 | 1]);
    const target = {
      data: Float64Array.from(train, (i) => from[i] as number),
      shape: [train.length, 1],
    };
    const net = classifier(seed);
    try {
      await net.fit(takeRows(x, train), target, { epochs: 10, batchSize: 32, sampleWeight });
      const { data: scores } = await net.predict(takeRows(x, dev));
      areas.push(
        areaUnderCurve(
          scores,
          dev.map((i) => from[i] as number),
        ),
      );
    } finally {
      net.dispose();
    }
  }
  const auc = areas.reduce((sum, v) => sum + v, 0) / FOLDS;
  const spread = areas.reduce((sum, v) => sum + (v - auc) * (v - auc), 0) / (FOLDS - 1);
  return { auc, aucError: Math.sqrt(spread / FOLDS) };
}

function classifier(seed: number) {
  const layers = [dense(16, { activation: 'tanh' }), dense(1, { activation: 'sigmoid' })];
  const optimizer = adam({ learningRate: 0.01 });
  return sequential(layers, { seed }).compile({ optimizer, loss: 'binaryCrossentropy' });
}

/** Each column to mean 0 and variance 1; constant ones to 0. */
function standardise(data: Float64Array, width: number): void {
  const n = data.length / width;
  for (let c = 0; c < width; c++) {
    let [sum, squares] = [0, 0];
    for (let i = c; i < data.length; i += width) sum += data[i] as number;
    const mean = sum / n;
    for (let i = c; i < data.length; i += width) {
      const d = (data[i] as number) - mean;
      data[i] = d;
      squares += d * d;
    }
    const std = Math.sqrt(squares / n);
    for (let i = c; i < data.length; i += width) data[i] = std > 0 ? (data[i] as number) / std : 0;
  }
}

function inWords(
  differing: readonly FeatureTest[],
  told: { auc: number; aucError: number } | undefined,
  apart: boolean,
): string {
  const area = told
    ? `a classifier that tells them apart has an area of ${told.auc.toFixed(3)} ± ${told.aucError.toFixed(3)} (0.5 is chance)`
    : '';
  if (differing.length === 0 && !apart)
    return `nothing speaks against one distribution${area ? `; ${area}` : ''}`;
  const most = differing.slice(0, 5).map((f) => `${f.name} (p = ${f.p.toExponential(1)})`);
  const features = most.length
    ? `${differing.length} features differ, most of all ${most.join(', ')}`
    : 'no single feature differs';
  return `the distributions differ: ${features}${area ? `; ${area}` : ''}`;
}
