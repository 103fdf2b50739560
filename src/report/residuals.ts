/** How far a regression is from the truth. */
import { number, sparkline, table } from './terminal.ts';

export interface RegressionScore {
  /** Root of the mean square of prediction − truth. */
  readonly rmse: number;
  /** Mean of |prediction − truth|. */
  readonly mae: number;
  /** 1 − Σ(prediction − truth)²/Σ(truth − mean)²; 0 is what the mean would reach, NaN for a constant truth. */
  readonly r2: number;
}

export function regressionScore(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
): RegressionScore {
  const n = truth.length;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += truth[i] as number;
  const mean = sum / n;
  let [squares, absolute, total] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const residual = (predicted[i] as number) - (truth[i] as number);
    squares += residual * residual;
    absolute += Math.abs(residual);
    total += ((truth[i] as number) - mean) ** 2;
  }
  return {
    rmse: Math.sqrt(squares / n),
    mae: absolute / n,
    r2: total > 0 ? 1 - squares / total : Number.NaN,
  };
}

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
