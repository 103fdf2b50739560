/** How far a regression is from the truth. */
import { number, sparkline, table } from './terminal.ts';

const BINS = 24;

/** Quantiles of prediction − truth and their histogram. */
export function residualText(truth: ArrayLike<number>, predicted: ArrayLike<number>): string {
  const residuals = Float64Array.from(truth, (t, i) => (predicted[i] as number) - t).sort();
  const at = (q: number) => residuals[Math.round(q * (residuals.length - 1))] as number;
  const quantiles = [
    ['least', 0],
    ['5 %', 0.05],
    ['quarter', 0.25],
    ['median', 0.5],
    ['three quarters', 0.75],
    ['95 %', 0.95],
    ['most', 1],
  ] as const;
  const [low, high] = [at(0), at(1)];
  const bins = new Array<number>(BINS).fill(0);
  for (const r of residuals) {
    const bin = high > low ? Math.min(BINS - 1, Math.floor(((r - low) / (high - low)) * BINS)) : 0;
    bins[bin] = (bins[bin] as number) + 1;
  }
  return [
    table(
      quantiles.map(([name]) => name),
      [quantiles.map(([, q]) => number(at(q)))],
    ),
    '',
    `${number(low)} ${sparkline(bins, BINS)} ${number(high)}`,
  ].join('\n');
}
