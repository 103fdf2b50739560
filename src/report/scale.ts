/** Axes of charts: where values stand, which of them are written beside the axis. */

export type ScaleKind = 'linear' | 'log';

export interface Scale {
  readonly kind: ScaleKind;
  readonly low: number;
  readonly high: number;
  /** Values with a line in the chart, in order. */
  readonly ticks: readonly number[];
  /** Place of a value from 0 (low) to 1 (high). */
  at(value: number): number;
}

export interface ScaleOptions {
  readonly kind?: ScaleKind;
  /** Of a logarithmic axis: 10 (default), or 2 for sizes that double. */
  readonly base?: 2 | 10;
  /** Most ticks, default 6. */
  readonly ticks?: number;
  /** Whether a linear axis starts at 0, default true. */
  readonly zero?: boolean;
  /** Whether only whole numbers mean something: the ticks of a linear axis are whole. */
  readonly whole?: boolean;
}

/** An axis that holds all finite values; a logarithmic one leaves out those that are not positive. */
export function scaleOf(values: Iterable<number>, options: ScaleOptions = {}): Scale {
  const { kind = 'linear', base = 10, ticks = 6 } = options;
  const fits = [...values].filter((v) => Number.isFinite(v) && (kind === 'linear' || v > 0));
  const [low, high] = range(fits);
  return kind === 'log' ? logScale(low, high, base, ticks) : linearScale(low, high, ticks, options);
}

/** Least and largest, without spreading: the list may be long. Of nothing: [1, 1]. */
function range(values: readonly number[]): [number, number] {
  const first = values[0] ?? 1;
  return values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [first, first]);
}

function linearScale(
  least: number,
  largest: number,
  most: number,
  { zero = true, whole = false }: ScaleOptions,
): Scale {
  const start = zero ? Math.min(0, least) : least;
  const end = zero ? Math.max(0, largest) : largest;
  const rough = roundStep((end - start || Math.abs(end) || 1) / Math.max(1, most - 1));
  const step = whole ? Math.max(1, rough) : rough;
  const first = Math.floor(start / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(end / step - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => tidy((first + i) * step));
  const [low, high] = [ticks[0] as number, ticks.at(-1) as number];
  return { kind: 'linear', low, high, ticks, at: (v) => (v - low) / (high - low) };
}

/** The next of 1, 2, 5 times a power of ten. */
function roundStep(x: number): number {
  const power = 10 ** Math.floor(Math.log10(x));
  return ([1, 2, 5].find((m) => m * power >= x * (1 - 1e-9)) ?? 10) * power;
}

function tidy(x: number): number {
  return Number(x.toPrecision(12));
}

function logScale(least: number, largest: number, base: 2 | 10, most: number): Scale {
  const decades = Math.log10(largest / least);
  const exponents = (b: number, from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => tidy(b ** (from + i)));
  const all = (b: number) =>
    exponents(b, floorLog(least, b), Math.max(floorLog(least, b) + 1, ceilLog(largest, b)));
  const fine = all(10).flatMap((p) => [p, tidy(2 * p), tidy(5 * p)]);
  const wanted = base === 2 ? all(2) : decades < 1.5 ? cut(fine, least, largest) : all(10);
  const ticks = wanted.filter((_, i) => i % Math.ceil(wanted.length / most) === 0);
  const [low, high] = [wanted[0] as number, wanted.at(-1) as number];
  const width = Math.log(high / low);
  return { kind: 'log', low, high, ticks, at: (v) => Math.log(v / low) / width };
}

/** From the last that is not above `least` to the first that is not below `largest`, at least two. */
function cut(steps: readonly number[], least: number, largest: number): number[] {
  const first = Math.max(
    0,
    steps.findLastIndex((s) => s <= least),
  );
  const last = steps.findIndex((s, i) => i > first && s >= largest);
  return steps.slice(first, last < 0 ? undefined : last + 1);
}

const EXACT = 1e-9;
const floorLog = (x: number, base: number) => Math.floor(Math.log(x) / Math.log(base) + EXACT);
const ceilLog = (x: number, base: number) => Math.ceil(Math.log(x) / Math.log(base) - EXACT);

/** Few characters: `0.05`, `250`, `1024`, `20k`, `3M`. */
export function axisNumber(x: number): string {
  const size = Math.abs(x);
  if (size >= 1e12 || (size > 0 && size < 1e-4)) return x.toExponential().replace('e+', 'e');
  const [unit, letter] = size >= 1e9 ? [1e9, 'G'] : size >= 1e6 ? [1e6, 'M'] : [1e3, 'k'];
  const thousands = size >= 1e3 && size % 500 === 0;
  const plain = size < 1e4 && !thousands && (size < 1e3 || Number.isInteger(x));
  return plain ? `${tidy(x)}` : `${Number((x / unit).toPrecision(3))}${letter}`;
}
