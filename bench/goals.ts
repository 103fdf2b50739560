import { gemm } from './suites/gemm.ts';
import { train } from './suites/train.ts';
import { isTimed, type Row, type SizeRow } from './types.ts';

/**
 * What is compared: a field of the row, how much faster than on one thread (`speedup`), or than the fastest of
 * others on at most as many threads (`ahead`), or a page's time against Node's (`times_node`).
 */
type Measure =
  | 'peak_fraction'
  | 'times_limit'
  | 'median_ms'
  | 'ns_per_element'
  | 'above_ms'
  | 'times_node'
  | 'speedup'
  | 'ahead';

/** A figure to reach in each of its cases. */
export interface Goal {
  readonly what: string;
  readonly cases: readonly string[];
  readonly build: string;
  readonly threads: number;
  readonly of: Measure;
  /** Those to be ahead of, as contestant or "contestant build". */
  readonly others?: readonly string[];
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A goal and what was measured in the case that is furthest from it. */
export interface Verdict extends Goal {
  /** Absent: not measured. */
  readonly case?: string;
  readonly median?: number;
  /** By the least times instead of the medians. */
  readonly least?: number;
  readonly reached?: boolean;
  readonly reached_by_least?: boolean;
}

type Bound = Pick<Goal, 'atLeast' | 'atMost'>;
type Rest = Omit<Goal, 'build' | 'threads' | 'cases' | 'atLeast' | 'atMost'>;

const atLeast = (bound: number): Bound => ({ atLeast: bound });
const atMost = (bound: number): Bound => ({ atMost: bound });
const square = (...sizes: number[]) => sizes.map((n) => `gemm/${n}x${n}x${n}`);
const inSuite = (suite: string, ...names: string[]) => names.map((name) => `${suite}/${name}`);

const TRANSPOSED = ['tA.784x64x128', 'tB.64x128x784', 'tA.512x512x512', 'tB.512x512x512'];
const LAYERS = inSuite('gemm', '128x784x512', '64x784x128', '256x1024x1024', ...TRANSPOSED);
const BATCHED = inSuite('gemm', 'batched.256x64x32x64', 'batched.32x64x32x64');
const FOUR = inSuite('train', 'mlp_s', 'mlp_l', 'tiny', 'cat');
const THREE = inSuite('train', 'mlp_s', 'tiny', 'cat');
const PERCEPTRONS = inSuite('train', 'mlp_s', 'mlp_l');
const PREDICTIONS = inSuite('infer', 'cnn.b1', 'cnn.b64', 'mlp_l.b1', 'mlp_l.b64');
const WASM = ['tfjs-wasm', 'onnxruntime-web', 'jax-js'];
const PLAIN = ['plain-js', 'tfjs-cpu', 'convnetjs', 'brain.js', 'ml-matrix', 'loops-js'];
const ONE: readonly [string, number] = ['relaxed', 1];
const TWO: readonly [string, number] = ['relaxed', 2];
/** "Not slower", less what two measurements of the same thing differ by. */
const SAME = 0.97;
/** "At the bandwidth", plus the same. */
const AT = 1.05;

function goal(
  [build, threads]: readonly [string, number],
  cases: readonly string[],
  bound: Bound,
  rest: Rest,
): Goal {
  return { ...rest, cases, build, threads, ...bound };
}

const product = (what: string): Rest => ({ what, of: 'peak_fraction' });
const faster = (what: string): Rest => ({
  what: `${what}: two threads against one`,
  of: 'speedup',
});
const limited = (what: string): Rest => ({ what: `${what}, × limit`, of: 'times_limit' });
const ahead = (what: string, ...others: string[]): Rest => {
  return { what: `${what} against ${others.join(', ')}`, of: 'ahead', others };
};

/** The figures that the speed of the library is judged by. */
export const GOALS: readonly Goal[] = [
  goal(ONE, square(512, 1024, 2048), atLeast(0.9), product('square products 512, 1024, 2048')),
  goal(['simd', 1], square(512, 1024, 2048), atLeast(0.82), product('square products 512 …')),
  goal(TWO, square(512, 1024, 2048), atLeast(1.9), faster('square products 512 …')),
  goal(ONE, square(256), atLeast(0.86), product('256³')),
  goal(['simd', 1], square(256), atLeast(0.79), product('256³')),
  goal(TWO, square(256), atLeast(1.8), faster('256³')),
  goal(ONE, LAYERS, atLeast(0.85), product('products of layers, transposed too')),
  goal(['simd', 1], LAYERS, atLeast(0.8), product('products of layers, transposed too')),
  goal(TWO, LAYERS, atLeast(1.85), faster('products of layers, transposed too')),
  goal(ONE, square(64), atLeast(0.8), product('64³')),
  goal(ONE, square(128), atLeast(0.84), product('128³')),
  goal(TWO, square(64, 128), atLeast(SAME), faster('64³, 128³')),
  goal(ONE, inSuite('gemm', 'batched.256x64x32x64'), atLeast(0.7), product('256 of 64×32×64')),
  goal(ONE, inSuite('gemm', 'batched.32x64x32x64'), atLeast(0.8), product('32 of 64×32×64')),
  goal(TWO, BATCHED, atLeast(1.85), faster('256 and 32 of 64×32×64')),
  goal(['turbo', 1], square(256, 512, 1024, 2048), atLeast(1.6), product('products from 256³ on')),
  ...(
    [
      ['mlp_l', 1.18, 1.25],
      ['mlp_s', 1.3, 1.4],
      ['cat', 1.4, 1.5],
      ['cnn', 1.2, 1.25],
    ] as const
  ).flatMap(([name, one, two]) => {
    const cases = inSuite('train', name);
    const what = limited(`train/${name}`);
    return [goal(ONE, cases, atMost(one), what), goal(TWO, cases, atMost(two), what)];
  }),
  goal(['turbo', 1], inSuite('train', 'cnn'), atMost(0.75), limited('train/cnn')),
  ...[ONE, TWO].map((on) =>
    goal(on, inSuite('elementwise', 'add.16M', 'mul.16M', 'relu.16M'), atMost(AT), {
      what: 'add, mul, relu 16M, × time at the copy bandwidth',
      of: 'times_limit',
    }),
  ),
  ...Object.entries({ exp: 0.4, sigmoid: 0.52, tanh: 0.6 }).map(([op, ns]) =>
    goal(ONE, inSuite('elementwise', `${op}.1M`), atMost(ns), {
      what: `${op} 1M, ns an element`,
      of: 'ns_per_element',
    }),
  ),
  goal(
    TWO,
    inSuite('elementwise', 'exp.1M', 'sigmoid.1M', 'tanh.1M'),
    atLeast(1.8),
    faster('exp, sigmoid, tanh 1M'),
  ),
  ...Object.entries({ 'sum.16M': 2, 'softmax.1024x1024': 0.6, 'meanvar0.65536x64': 1 }).map(
    ([name, ms]) =>
      goal(ONE, inSuite('reduce', name), atMost(ms), { what: `${name}, ms`, of: 'median_ms' }),
  ),
  goal(
    TWO,
    inSuite('reduce', 'sum.16M', 'softmax.1024x1024', 'meanvar0.65536x64'),
    atLeast(1.6),
    faster('sum, softmax, meanvar0'),
  ),
  ...[ONE, TWO].map((on) =>
    goal(on, inSuite('gemm', '1x784x512'), atLeast(1), ahead('1×784×512', ...WASM)),
  ),
  goal(TWO, inSuite('train', 'tiny'), atMost(0.0006), { what: 'train/tiny, ms', of: 'median_ms' }),
  goal(TWO, inSuite('train', 'tiny'), atLeast(1), ahead('train/tiny', ...PLAIN)),
  ...[1, 2].map((threads) =>
    goal(['dist', threads], inSuite('startup', 'first_result'), atMost(30), {
      what: 'startup, ms above bare Node',
      of: 'above_ms',
    }),
  ),
  goal(TWO, FOUR, atLeast(1), ahead('mlp_s, mlp_l, tiny, cat', 'pytorch default')),
  goal(TWO, THREE, atLeast(1), ahead('mlp_s, tiny, cat', 'numpy default')),
  goal(TWO, PERCEPTRONS, atLeast(10), ahead('mlp_s, mlp_l', 'tfjs-wasm')),
  goal(TWO, PERCEPTRONS, atLeast(20), ahead('mlp_s, mlp_l', ...PLAIN)),
  goal(
    ['turbo', 2],
    PERCEPTRONS,
    atLeast(1),
    ahead('mlp_s, mlp_l', 'pytorch avx512', 'numpy avx512'),
  ),
  goal(TWO, inSuite('train', 'cnn'), atLeast(1), ahead('train/cnn', 'pytorch default')),
  goal(TWO, inSuite('train', 'cnn'), atLeast(1), ahead('train/cnn', 'pytorch avx512')),
  ...[ONE, TWO].map((on) =>
    goal(on, PREDICTIONS, atLeast(1), ahead('infer/*', 'onnxruntime-web', 'tfjs-wasm')),
  ),
];

/** The figures for a page, whose start is a navigation. */
export const PAGE_GOALS: readonly Goal[] = [
  ...[gemm, train].flatMap(({ name, cases }) =>
    [ONE, TWO].map((on) =>
      goal(
        on,
        cases.map((c) => c.name),
        atMost(1.1),
        { what: `${name}/* in the page, × Node`, of: 'times_node' },
      ),
    ),
  ),
  ...[ONE, TWO].map((on) =>
    goal(on, PREDICTIONS, atLeast(1), ahead('infer/*', 'onnxruntime-web', 'tfjs-wasm')),
  ),
  goal(TWO, inSuite('startup', 'page'), atMost(150), {
    what: 'navigation to first prediction, ms',
    of: 'median_ms',
  }),
];

interface Score {
  readonly median: number;
  readonly least: number;
}

/** Whether each goal was reached in the rows, on the median and on the least times. */
export function judge(
  rows: readonly (Row | SizeRow)[],
  goals: readonly Goal[] = GOALS,
): readonly Verdict[] {
  const timed = Map.groupBy(rows.filter(isTimed), (r) => r.case);
  return goals.map((g) => {
    const scores = g.cases.flatMap((name) => {
      const score = scoreOf(g, timed.get(name) ?? []);
      return score ? [{ case: name, ...score }] : [];
    });
    const sign = g.atMost === undefined ? 1 : -1;
    const [worst] = scores.sort((a, b) => sign * (a.median - b.median));
    if (!worst) return g;
    const reached_by_least = scores.every((s) => meets(g, s.least));
    return { ...g, ...worst, reached: meets(g, worst.median), reached_by_least };
  });
}

function meets(
  { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY }: Goal,
  x: number,
) {
  return x >= atLeast && x <= atMost;
}

function scoreOf(g: Goal, rows: readonly Row[]): Score | undefined {
  const ours = (threads: number) =>
    rows.find((r) => r.contestant === 'wasmgrad' && r.build === g.build && r.threads === threads);
  const row = ours(g.threads);
  if (!row) return undefined;
  if (g.of === 'speedup') return against(row, ours(1));
  if (g.of === 'ahead') return against(row, ...rows.filter((r) => isOther(g, r)));
  const median = row[g.of];
  if (median === undefined) return undefined;
  if (g.of === 'times_node') return { median, least: row.times_node_min ?? median };
  if (g.of === 'above_ms') return { median, least: row.above_min_ms ?? median };
  const { least_times_limit = Number.NaN } = row;
  if (g.of === 'times_limit') return { median, least: least_times_limit };
  if (g.of === 'peak_fraction') return { median, least: 1 / least_times_limit };
  return { median, least: (median * row.min_ms) / row.median_ms };
}

function isOther({ others = [], threads }: Goal, { contestant, build, threads: n }: Row): boolean {
  const named = others.includes(contestant) || others.includes(`${contestant} ${build}`);
  return named && n <= threads;
}

/** The time of the fastest of others over that of the row. */
function against(row: Row, ...others: readonly (Row | undefined)[]): Score | undefined {
  const known = others.filter((o) => o !== undefined);
  if (known.length === 0) return undefined;
  const ratio = (key: 'median_ms' | 'min_ms') => Math.min(...known.map((o) => o[key])) / row[key];
  return { median: ratio('median_ms'), least: ratio('min_ms') };
}

const shown = (x: number) => Number(x.toPrecision(3)).toString();

/** Goal, measured, verdict: the cells of a table. */
export function verdictCells(v: Verdict): readonly [string, string, string, string, string] {
  const wanted = v.atLeast === undefined ? `≤ ${v.atMost}` : `≥ ${v.atLeast}`;
  const who = `${v.build} ×${v.threads}`;
  if (v.median === undefined) return [v.what, who, wanted, '', 'not measured'];
  const name = v.cases.length > 1 ? ` (${v.case?.replace(/^\w+\//, '')})` : '';
  const measured = `${shown(v.median)}${name}, least ${shown(v.least as number)}`;
  const verdict = v.reached ? 'reached' : v.reached_by_least ? 'by least times only' : 'missed';
  return [v.what, who, wanted, measured, verdict];
}

/** One line for each goal. */
export function formatVerdicts(verdicts: readonly Verdict[]): string {
  const cells = verdicts.filter((v) => v.median !== undefined).map(verdictCells);
  const rest = verdicts.length - cells.length;
  const width = (i: number) => Math.max(...cells.map((c) => (c[i] as string).length));
  const widths = [0, 1, 2, 3].map(width);
  const lines = cells.map((c) =>
    c
      .map((text, i) => text.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  if (rest) lines.push(`${rest} other${rest > 1 ? 's' : ''} not measured`);
  return ['\nGoals: the case furthest from each', ...lines].join('\n');
}
