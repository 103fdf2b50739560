/** Numbers of one epoch or batch by name: `loss`, metrics, and with validation the same with `val_`. */
export type Logs = Record<string, number>;

/** How well the model does as training left it: without dropout, augmentation and the like, on both parts alike. */
export interface FinalFigures {
  /** Share of right answers, or the share of the targets' variance that is explained. */
  readonly metric: 'accuracy' | 'r2';
  /** On examples of the training set and of the validation, at most 5,000 of each, spread evenly. */
  readonly train: number;
  readonly dev: number;
  /** What the training did against overfitting: `dropout`, `L2`, `augmentation`, `early stopping`, … */
  readonly used: readonly string[];
  /** Whether the inputs are images or the like, which can be augmented. */
  readonly images: boolean;
}

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
  /** With validation; not for streams. */
  readonly final?: FinalFigures;
  /** What changed examples or activations at random while the training figures were measured, such as a layer's name. */
  readonly noise?: string;
}

/** Collects a history while training goes on. */
export class HistoryRecorder implements History {
  readonly epoch: number[] = [];
  readonly history: Record<string, number[]> = {};
  readonly batchLoss: number[] = [];
  seconds = 0;
  examples = 0;
  skipped = 0;
  declare final?: FinalFigures;
  declare noise?: string;

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
