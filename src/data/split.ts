import type { Records } from '../formats/csv.ts';
import { hash } from '../graph/scope.ts';
import { formatShape, sizeOf } from '../graph/shape.ts';
import {
  checkOptions,
  DataError,
  OptionError,
  shown,
  TypeMismatchError,
} from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import type { DataSplits, Dataset } from './dataset.ts';
import { columnIndex } from './preprocess.ts';
import { Random } from './random.ts';
import type { ArrayData } from './table.ts';

export const PARTS = ['train', 'dev', 'test'] as const;
export type Part = (typeof PARTS)[number];

/** Shares of the examples; they add up to 1. */
export type Fractions = Readonly<Record<Part, number>>;

export interface SplitOptions {
  /** Default `recommendSplit`. */
  readonly fractions?: Partial<Fractions> | undefined;
  /** Default 0. */
  readonly seed?: number | undefined;
  /** Class of each example, whatever stands for it: every part gets its share of every class. */
  readonly labels?: ArrayLike<unknown> | undefined;
  /** Examples with the same value stay together in one part, for instance those of one patient. Goes before `labels`. */
  readonly groups?: ArrayLike<unknown> | undefined;
}

function checkExamples(what: string, n: number): void {
  if (!(typeof n === 'number' && n >= 0))
    throw new OptionError(`${what}: got ${shown(n)}, expected a number of examples`);
}

/** From so many examples on dev and test need no more than these shares. */
const VAST = { examples: 10_000_000, dev: 0.004, test: 0.001 };

/** What the development and the test set have each, by the number of all examples; evenly more in between. */
const HELD_OUT = [
  [10_000, 2000],
  [1_000_000, 10_000],
  [4_000_000, 10_000],
] as const;

function heldOut(n: number): number {
  const [[least, first]] = HELD_OUT;
  if (n <= least) return (n * first) / least;
  const next = HELD_OUT.findIndex(([examples]) => n <= examples);
  if (next < 0) return n * 0.0025;
  const [[from, low], [to, high]] = [HELD_OUT[next - 1], HELD_OUT[next]] as [
    readonly [number, number],
    readonly [number, number],
  ];
  return low + ((n - from) / (to - from)) * (high - low);
}

export function recommendSplit(n: number, options: { test?: boolean } = {}): Fractions {
  checkExamples('recommendSplit', n);
  checkOptions('recommendSplit', options, ['test']);
  const { test = true } = options;
  if (!test && n <= 10_000) return { train: 0.7, dev: 0.3, test: 0 };
  const held = n > 0 ? heldOut(n) / n : 0.2;
  const dev = n >= VAST.examples ? VAST.dev : held;
  const last = !test ? 0 : n >= VAST.examples ? VAST.test : held;
  return { train: 1 - (dev + last), dev, test: last };
}

function fractionsOf(n: number, given?: Partial<Fractions>): Fractions {
  if (!given) return recommendSplit(n);
  checkOptions('split: fractions', given, ['train', 'dev', 'test']);
  const { dev = 0, test = 0, train = 1 - dev - test } = given;
  const all = [train, dev, test];
  if (all.some((f) => !(f >= 0 && f <= 1)) || Math.abs(train + dev + test - 1) > 1e-9) {
    throw new OptionError(`split: fractions ${all.join(', ')}, expected shares that add up to 1`);
  }
  return { train, dev, test };
}

/** Whole numbers of examples for the parts; each part with a share gets one where there are enough. */
function counts(n: number, { train, dev, test }: Fractions): Record<Part, number> {
  const held = (share: number) => (share === 0 ? 0 : Math.max(Math.round(share * n), 1));
  const [forDev, forTest] = [held(dev), held(test)];
  const forTrain = n - forDev - forTest;
  if (forTrain < (train > 0 ? 1 : 0))
    throw new DataError(`split: ${n} examples are too few for ${train}, ${dev}, ${test}`);
  return { train: forTrain, dev: forDev, test: forTest };
}

const OPTIONS = ['fractions', 'seed', 'labels', 'groups'];

export function splitIndices(n: number, options: SplitOptions = {}): Record<Part, Int32Array> {
  checkExamples('split', n);
  checkOptions('split', options, OPTIONS);
  const { fractions, seed = 0, labels, groups } = options;
  for (const [what, list] of Object.entries({ labels, groups })) {
    if (list && list.length !== n)
      throw new DataError(`split: ${list.length} ${what} for ${n} examples`);
  }
  const random = new Random(seed, hash('split'));
  const order = random.shuffle(Int32Array.from({ length: n }, (_, i) => i));
  const sizes = counts(n, fractionsOf(n, fractions));
  if (groups) return byGroups(order, groups, sizes);
  const dealt = labels ? stratified(order, labels, random) : order;
  const [a, b] = [sizes.train, sizes.train + sizes.dev];
  const parts = { train: dealt.slice(0, a), dev: dealt.slice(a, b), test: dealt.slice(b) };
  if (labels) for (const part of PARTS) random.shuffle(parts[part]);
  return parts;
}

function gather(order: Int32Array, keys: ArrayLike<unknown>): number[][] {
  const found = new Map<unknown, number[]>();
  for (const i of order) {
    const list = found.get(keys[i]);
    if (list) list.push(i);
    else found.set(keys[i], [i]);
  }
  return [...found.values()];
}

/**
 * An order in which any piece holds every class in proportion: example r of a class of m stands at (r + u)/m, with one
 * random u a class. The only example of a class stands first, for training.
 */
function stratified(order: Int32Array, labels: ArrayLike<unknown>, random: Random): Int32Array {
  const placed = gather(order, labels).flatMap((members) => {
    const u = members.length === 1 ? 0 : random.uniform();
    return members.map((i, r) => ({ i, at: (r + u) / members.length }));
  });
  return Int32Array.from(
    placed.sort((a, b) => a.at - b.at || a.i - b.i),
    ({ i }) => i,
  );
}

/** Whole groups, the largest first, each to the part that lacks most. */
function byGroups(
  order: Int32Array,
  groups: ArrayLike<unknown>,
  sizes: Record<Part, number>,
): Record<Part, Int32Array> {
  const wanted = PARTS.filter((part) => sizes[part] > 0);
  const all = gather(order, groups).sort((a, b) => b.length - a.length);
  if (all.length < wanted.length)
    throw new DataError(`split: ${all.length} groups for ${wanted.length} parts`);
  const parts: Record<Part, number[]> = { train: [], dev: [], test: [] };
  const lack = (part: Part) => sizes[part] - parts[part].length;
  all.forEach((members, k) => {
    const empty = wanted.filter((part) => parts[part].length === 0);
    const choice = all.length - k <= empty.length ? empty : wanted;
    const part = choice.reduce((best, p) => (lack(p) > lack(best) ? p : best));
    for (const i of members) parts[part].push(i);
  });
  return {
    train: Int32Array.from(parts.train),
    dev: Int32Array.from(parts.dev),
    test: Int32Array.from(parts.test),
  };
}

/** The chosen examples, copied. */
export function takeRows(x: ArrayData, rows: ArrayLike<number>): ArrayData {
  if (!x?.data || !Array.isArray(x.shape))
    throw new TypeMismatchError(`data set: got ${shown(x)}, expected { data, shape }`);
  const width = sizeOf(x.shape.slice(1));
  const data = new (x.data.constructor as new (n: number) => ArrayData['data'])(
    rows.length * width,
  );
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    if (!(row >= 0 && row < (x.shape[0] as number)))
      throw new OptionError(`row ${row} of data with shape ${formatShape(x.shape)}`);
    data.set(x.data.subarray(row * width, (row + 1) * width), i * width);
  }
  return { ...x, data, shape: [rows.length, ...x.shape.slice(1)] };
}

export function takeExamples(dataset: Dataset, rows: ArrayLike<number>): Dataset {
  const { x, y } = dataset;
  const chosen = isA(y, 'Int32Array')
    ? Int32Array.from(rows, (i) => y[i] as number)
    : takeRows(y, rows);
  return { ...dataset, x: takeRows(x, rows), y: chosen };
}

export function takeRecords(records: Records, rows: ArrayLike<number>): Records {
  const pick = <T>(list: readonly T[]) => Array.from(rows, (i) => list[i] as T);
  const { lines } = records;
  return { ...records, rows: pick(records.rows), ...(lines ? { lines: pick(lines) } : {}) };
}

export function splitDataset(dataset: Dataset, options: SplitOptions = {}): DataSplits {
  checkOptions('split', options, OPTIONS);
  const labels = isA(dataset.y, 'Int32Array') ? dataset.y : undefined;
  const parts = splitIndices(dataset.x.shape[0] as number, { labels, ...options });
  return present(parts, (rows) => takeExamples(dataset, rows)) as DataSplits &
    Record<'train', Dataset>;
}

/** Split options of a table: the classes (`stratify`) or groups in columns. */
export interface SplitRecordsOptions extends Pick<SplitOptions, 'fractions' | 'seed'> {
  readonly stratify?: string | undefined;
  readonly group?: string | undefined;
}

export function splitRecords(
  records: Records,
  options: SplitRecordsOptions = {},
): Partial<Record<Part, Records>> {
  const parts = splitIndices(records.rows.length, columnsOf(records, options));
  return present(parts, (rows) => takeRecords(records, rows));
}

/** Split options with the cells of columns as labels and groups. */
export function columnsOf(
  records: Records,
  { stratify, group, ...rest }: SplitRecordsOptions,
): SplitOptions {
  const cells = (column: string | undefined) => {
    if (column === undefined) return undefined;
    const index = columnIndex(records, column);
    return records.rows.map((row) => row[index]);
  };
  return { ...rest, labels: cells(stratify), groups: cells(group) };
}

/** Parts that have examples. */
export function present<T>(
  parts: Record<Part, Int32Array>,
  take: (rows: Int32Array) => T,
): Partial<Record<Part, T>> {
  return Object.fromEntries(
    PARTS.filter((part) => parts[part].length > 0).map((part) => [part, take(parts[part])]),
  );
}
