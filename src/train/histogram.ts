/** How numbers are spread: counts in bins of equal width from `low` to `high`. */
export interface Histogram {
  /** Numbers that are finite; the others are in nothing of this. */
  readonly count: number;
  readonly low: number;
  readonly high: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly bins: readonly number[];
}

const BINS = 32;

/** One pass for the range, one for the counts. Equal numbers all lie in the first bin. */
export function histogram(values: ArrayLike<number>, bins = BINS): Histogram {
  let [count, sum, sumOfSquares] = [0, 0, 0];
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    if (!Number.isFinite(v)) continue;
    count++;
    sum += v;
    sumOfSquares += v * v;
    if (v < low) low = v;
    if (v > high) high = v;
  }
  const counts = new Array<number>(bins).fill(0);
  if (count === 0) return { count, low: 0, high: 0, sum, sumOfSquares, bins: counts };
  const scale = high > low ? bins / (high - low) : 0;
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    if (!Number.isFinite(v)) continue;
    const bin = Math.min(bins - 1, Math.floor((v - low) * scale));
    counts[bin] = (counts[bin] as number) + 1;
  }
  return { count, low, high, sum, sumOfSquares, bins: counts };
}

/** √Σv² */
export function norm(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * (values[i] as number);
  return Math.sqrt(sum);
}
