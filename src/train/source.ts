import { plainStep } from '../compile/executable.ts';
import type { Variable } from '../graph/tensor.ts';
import type { ModelCore } from './core.ts';
import { release } from './evaluate.ts';
import type { Feed, ResidentData } from './feed.ts';
import type { TrainingLoop } from './loop.ts';
import type { Inputs } from './networkCore.ts';

/** A batch of data that is not in memory as a whole. */
export interface StreamBatch {
  readonly x: Inputs;
  readonly y: Inputs;
  readonly sampleWeight?: ArrayLike<number>;
}

/** Starts a pass over the data. */
export type BatchPass = () => AsyncIterable<StreamBatch> | Iterable<StreamBatch>;

/** A fresh pass for each epoch: a function that starts one, or an object that can be iterated anew. */
export type BatchStream = BatchPass | AsyncIterable<StreamBatch>;

export function isStream(x: unknown): x is BatchStream {
  return (
    typeof x === 'function' || (typeof x === 'object' && x !== null && Symbol.asyncIterator in x)
  );
}

/** Where the examples of an epoch come from. */
export interface EpochSource {
  readonly feeds: readonly Feed[];
  /** What the keys of its programs start with. */
  readonly owner: string;
  /** Sends all batches of one epoch through the loop. */
  epoch(loop: TrainingLoop, epoch: number): Promise<void>;
  free(): void;
}

/** Examples in the engine's memory, in a new order each epoch. */
export class ResidentSource implements EpochSource {
  readonly #core: ModelCore;
  readonly #data: ResidentData;
  readonly #batchSize: number;

  constructor(core: ModelCore, data: ResidentData, batchSize: number) {
    this.#core = core;
    this.#data = data;
    this.#batchSize = batchSize;
  }

  get feeds(): readonly Feed[] {
    return this.#data.feeds;
  }

  get owner(): string {
    return `fit${this.#data.id}`;
  }

  async epoch(loop: TrainingLoop, epoch: number): Promise<void> {
    const { examples, order } = this.#data;
    if (order) await this.#shuffle(order);
    const full = Math.floor(examples / this.#batchSize);
    const rest = examples % this.#batchSize;
    const { owner } = this;
    await loop.steps({
      epoch,
      owner,
      feeds: this.feeds,
      count: full,
      size: this.#batchSize,
      start: 0,
    });
    if (rest === 0) return;
    await loop.steps({
      epoch,
      owner,
      feeds: this.feeds,
      count: 1,
      size: rest,
      start: full * this.#batchSize,
    });
  }

  async #shuffle(order: Variable): Promise<void> {
    const { state, seed, epochs } = this.#core;
    const spec = () => ({
      name: 'shuffle',
      assignments: [{ variable: order, value: order.initial(0) }],
    });
    await state.engine.exclusive(() =>
      state.program(`${this.owner}:order`, spec).run([{ ...plainStep(seed), key: epochs }]),
    );
  }

  free(): void {
    release(this.#core, this.#data);
  }
}
