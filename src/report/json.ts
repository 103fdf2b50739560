/** The report of a run for other programs. */
import type { Logs } from '../train/history.ts';

export interface RunReport {
  /** Name of the data. */
  readonly dataset: string;
  readonly task: 'classification' | 'regression';
  /** Examples in each part. */
  readonly sizes: { readonly train: number; readonly dev: number; readonly test: number };
  readonly epochs: number;
  /** Wall time of training. */
  readonly seconds: number;
  readonly examplesPerSecond: number;
  readonly trainAccuracy?: number;
  readonly devAccuracy?: number;
  readonly testAccuracy?: number;
  readonly metrics: { readonly train: Logs; readonly dev?: Logs; readonly test?: Logs };
  readonly build: string;
  readonly threads: number;
  readonly seed: number;
  /** Of the library. */
  readonly version: string;
  /** Whether the user ended training early. */
  readonly interrupted?: boolean;
  /** What was trained, how, and each epoch's figures. */
  readonly model?: string;
  readonly parameters?: number;
  /** Bytes of the model while it trains, `total` being the peak of a step. */
  readonly memory?: Readonly<
    Record<'variables' | 'training' | 'workspace' | 'programs' | 'total', number>
  >;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly history?: Readonly<Record<string, readonly number[]>>;
}

/** The report as text; numbers that JSON cannot hold are null. */
export function reportText(report: RunReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
