/** Numbers of one epoch or batch by name: `loss`, metrics, and with validation the same with `val_`. */
export type Logs = Record<string, number>;

/** What a training run leaves behind. */
export interface History {
  /** Epochs that ran, from 0. */
  readonly epoch: readonly number[];
  /** For each name one number an epoch. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** Loss of each mini-batch, in order. */
  readonly batchLoss: readonly number[];
  /** Wall time in seconds and examples trained in it. */
  readonly seconds: number;
  readonly examples: number;
  /** Steps whose loss or gradients were not finite: they changed no weights. */
  readonly skipped?: number;
}

/** Collects a history while training goes on. */
export class HistoryRecorder implements History {
  readonly epoch: number[] = [];
  readonly history: Record<string, number[]> = {};
  readonly batchLoss: number[] = [];
  seconds = 0;
  examples = 0;
  skipped = 0;

  add(epoch: number, logs: Logs): void {
    this.epoch.push(epoch);
    for (const [name, value] of Object.entries(logs)) {
      this.history[name] ??= [];
      this.history[name].push(value);
    }
  }
}

/** Means over examples of what programs record for each batch. */
export class RunningMeans {
  readonly #names: readonly string[];
  readonly #sums: number[];
  #weight = 0;

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#sums = names.map(() => 0);
  }

  /** `slots` numbers were recorded for each step, the named ones first. */
  add(records: ArrayLike<number>, steps: number, batchSize: number, slots: number): void {
    for (let step = 0; step < steps; step++) {
      for (let k = 0; k < this.#names.length; k++) {
        this.#sums[k] =
          (this.#sums[k] as number) + (records[step * slots + k] as number) * batchSize;
      }
    }
    this.#weight += steps * batchSize;
  }

  logs(): Logs {
    return Object.fromEntries(
      this.#names.map((name, k) => [name, (this.#sums[k] as number) / this.#weight]),
    );
  }
}
