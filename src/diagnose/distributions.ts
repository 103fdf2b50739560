import type { DataSplits, Dataset } from '../data/dataset.ts';
import { kFold } from '../data/folds.ts';
import { takeRows } from '../data/split.ts';
import type { ArrayData } from '../data/table.ts';
import { formatShape, type Shape, sizeOf } from '../graph/shape.ts';
import { dense } from '../nn/dense.ts';
import { adam } from '../optim/index.ts';
import { checkOptions, DataError, OptionError } from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import { sequential } from '../train/model.ts';
import { categoryTest, holm, kolmogorovSmirnov, mannWhitney, type RankTest } from './statistics.ts';

export interface CompareOptions {
  /** Chance of a wrong alarm over all tests, those of the features and the classifier. Default 0.01. */
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
  /** Corrected for all tests (Holm, and for the classifier): below α the feature differs. */
  readonly p: number;
}

export interface Comparison {
  /** Whether nothing tells the sets apart. */
  readonly same: boolean;
  readonly verdict: string;
  /** The most different first. */
  readonly features: readonly FeatureTest[];
  /**
   * Area under the ROC curve of classifiers that tell the sets apart, on the half of the examples that each was not trained on;
   * its standard error if nothing differed; and the chance of so large an area then, corrected as those of the features.
   */
  readonly auc?: number;
  readonly aucError?: number;
  readonly aucP?: number;
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
  const told = classifier ? await tellApart(left.x, right.x, seed) : undefined;
  // Bonferroni between features and classifier: both keep α together.
  const parts = told ? 2 : 1;
  const tests = featureTests(left, right);
  const corrected = holm(tests.map((t) => t.p)).map((p) => Math.min(1, parts * p));
  const features = tests
    .map((t, i) => ({ ...t, p: corrected[i] as number }))
    .sort((s, t) => s.p - t.p || t.statistic - s.statistic);
  const differing = features.filter((f) => f.p < alpha);
  const apart = told && { ...told, aucP: Math.min(1, parts * told.aucP) };
  const same = differing.length === 0 && !(apart && apart.aucP < alpha);
  return { same, verdict: inWords(differing, same, apart), features, ...apart };
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
  /** Targets of a regression. */
  readonly targets: ArrayData | undefined;
  readonly names: readonly string[] | undefined;
}

/** At most `most` examples, spread evenly. */
function sample({ x, y, featureNames }: Dataset, most: number): Sample {
  const n = x.shape[0] as number;
  const count = Math.min(n, most);
  const rows = Int32Array.from({ length: count }, (_, i) => Math.floor((i * n) / count));
  const labels = isA(y, 'Int32Array') ? rows.map((i) => y[i] as number) : undefined;
  const targets = isA(y, 'Int32Array') ? undefined : takeRows(y, rows);
  return { x: takeRows(x, rows), labels, targets, names: featureNames };
}

const columnOf = ({ data, shape }: ArrayData, c: number, width: number) =>
  Float64Array.from({ length: shape[0] as number }, (_, i) => data[i * width + c] as number);

/** Values up to which a feature counts as categories. */
const CATEGORIES = 10;

function featureTests(a: Sample, b: Sample): FeatureTest[] {
  const names = a.names ?? b.names;
  const nameOf = (c: number, row: Shape) => names?.[c] ?? `feature ${placeOf(c, row)}`;
  const tests = columnTests(a.x, b.x, nameOf);
  if (a.labels && b.labels) tests.push(categories('label', a.labels, b.labels));
  if (a.targets && b.targets)
    tests.push(
      ...columnTests(a.targets, b.targets, (c, row) =>
        sizeOf(row) > 1 ? `target ${c}` : 'target',
      ),
    );
  return tests;
}

function columnTests(
  a: ArrayData,
  b: ArrayData,
  nameOf: (c: number, row: Shape) => string,
): FeatureTest[] {
  const row = a.shape.slice(1);
  const width = sizeOf(row);
  return Array.from({ length: width }, (_, c) =>
    twoSample(nameOf(c, row), columnOf(a, c, width), columnOf(b, c, width)),
  );
}

/** `7`, or `[row,column]` of images. */
function placeOf(c: number, row: Shape): string {
  if (row.length < 2) return String(c);
  let rest = c;
  const place = row.toReversed().map((n) => {
    const at = rest % n;
    rest = Math.floor(rest / n);
    return at;
  });
  return `[${place.reverse()}]`;
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
  return { name, test: 'chi-squared', ...categoryTest(counts(a), counts(b)) };
}

/**
 * Two classifiers on standardised features, each trained on one half and asked about the other. Where nothing differs, any
 * order of the other half is as likely as any other, whatever was learned: the rank test of Mann and Whitney is exact about it.
 * The smaller of the two chances counts double (Bonferroni), since the halves depend on each other.
 */
async function tellApart(a: ArrayData, b: ArrayData, seed: number) {
  const width = sizeOf(a.shape.slice(1));
  const [n, m] = [a.shape[0] as number, b.shape[0] as number];
  const data = Float64Array.from([...a.data, ...b.data]);
  standardise(data, width);
  const x = { data, shape: [n + m, width] };
  const from = Int32Array.from({ length: n + m }, (_, i) => Number(i >= n));
  const halves: RankTest[] = [];
  for (const { train, dev } of kFold(n + m, 2, { seed, labels: from })) {
    const scores = await scoresOf(x, from, train, dev, seed);
    halves.push(
      mannWhitney(
        scores,
        dev.map((i) => from[i] as number),
      ),
    );
  }
  const [first, second] = halves as [RankTest, RankTest];
  return {
    auc: (first.auc + second.auc) / 2,
    aucError: Math.sqrt(first.error * first.error + second.error * second.error) / 2,
    aucP: Math.min(1, 2 * Math.min(first.p, second.p)),
  };
}

/** What a classifier that was trained on the examples `train` says of the examples `dev`. */
async function scoresOf(
  x: ArrayData,
  from: Int32Array,
  train: Int32Array,
  dev: Int32Array,
  seed: number,
): Promise<ArrayLike<number>> {
  const ones = train.reduce((sum, i) => sum + (from[i] as number), 0);
  const balance = [train.length - ones, ones].map((count) => train.length / (2 * count));
  const sampleWeight = Float64Array.from(train, (i) => balance[from[i] as number] as number);
  const labels = Float64Array.from(train, (i) => from[i] as number);
  const net = classifier(seed);
  try {
    const target = { data: labels, shape: [train.length, 1] };
    await net.fit(takeRows(x, train), target, { epochs: 10, batchSize: 32, sampleWeight });
    return (await net.predict(takeRows(x, dev), { batchSize: 256 })).data;
  } finally {
    net.dispose();
  }
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
  same: boolean,
  told: { auc: number; aucError: number; aucP: number } | undefined,
): string {
  if (same) return 'nothing speaks against one distribution';
  const most = differing.slice(0, 5).map((f) => `${f.name} (p = ${f.p.toExponential(1)})`);
  const count = `${differing.length} feature${differing.length === 1 ? ' differs' : 's differ'}`;
  const features = most.length
    ? `${count}, most of all ${most.join(', ')}`
    : 'no single feature differs';
  const area = told
    ? `; a classifier that tells them apart has an area of ${told.auc.toFixed(3)} (0.5 is chance, p = ${told.aucP.toExponential(1)})`
    : '';
  return `the distributions differ: ${features}${area}`;
}
