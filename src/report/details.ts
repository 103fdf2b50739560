import type { Snapshot } from '../train/signals.ts';
import type { Pair } from './classes.ts';

/** What a run ran on. */
export interface RunMachine {
  readonly cpu: string;
  readonly cores: number;
  readonly os: string;
  readonly node: string;
}

/** One example that the model got wrong, in words. */
export interface Mistake {
  readonly truth: string;
  readonly predicted: string;
  /** Of the predicted class. */
  readonly probability?: number;
  /** The example as PNG in base64. */
  readonly png?: string;
  /** The example as names and cells of a row. */
  readonly row?: readonly (readonly [name: string, cell: string])[];
}

/** How a network sees one image; pictures are PNG in base64. */
export interface Seen {
  readonly truth: string;
  readonly predicted: string;
  readonly probability: number;
  readonly png: string;
  readonly saliency: string;
  readonly gradCam: string;
}

/** What a convolutional network sees; pictures are PNG in base64. */
export interface Vision {
  /** Those of the first convolution. */
  readonly filters?: string | undefined;
  /** What layers make of the first example, by name. */
  readonly activations: readonly (readonly [layer: string, png: string])[];
  readonly examples: readonly Seen[];
}

/** Means of consecutive mini-batches, and their smoothed course. */
export interface BatchCost {
  readonly batches: number;
  readonly points: readonly (readonly [batch: number, mean: number, smooth: number])[];
}

/** What the page of a run shows beside the figures of its report. */
export interface RunDetails {
  /** End of the training, ISO 8601. */
  readonly date: string;
  readonly machine: RunMachine;
  readonly batchCost: BatchCost;
  readonly snapshots: readonly Snapshot[];
  /** Where the mistakes come from. */
  readonly part: 'train' | 'dev' | 'test';
  readonly classNames?: readonly string[];
  /** Examples by true and predicted class, of few classes. */
  readonly confusion?: readonly (readonly number[])[];
  readonly confused?: readonly Pair[];
  /** The worst first. */
  readonly mistakes: readonly Mistake[];
  readonly vision?: Vision;
}

const MOST_POINTS = 240;
/** Share of the batches over which the smoothed course forgets. */
const WINDOW = 1 / 80;

/** The cost per mini-batch for a chart: exponentially smoothed, bias-corrected, at most 240 points. */
export function batchCost(losses: readonly number[]): BatchCost {
  const batches = losses.length;
  const group = Math.max(1, Math.ceil(batches / MOST_POINTS));
  const keep = 1 - 1 / Math.max(1, batches * WINDOW);
  const points: [number, number, number][] = [];
  let [smooth, weight, sum, finite] = [0, 0, 0, 0];
  losses.forEach((loss, i) => {
    if (Number.isFinite(loss)) {
      smooth = keep * smooth + (1 - keep) * loss;
      weight = keep * weight + (1 - keep);
      sum += loss;
      finite++;
    }
    if ((i + 1) % group !== 0 && i + 1 < batches) return;
    points.push([i + 1, sum / finite, smooth / weight]);
    [sum, finite] = [0, 0];
  });
  return { batches, points };
}

/** Short JSON: six digits are enough for pictures. */
export function detailsText(details: RunDetails): string {
  const short = (_: string, v: unknown) =>
    typeof v === 'number' && !Number.isInteger(v) ? Number(v.toPrecision(6)) : v;
  return `${JSON.stringify(details, short)}\n`;
}
