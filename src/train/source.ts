import { plainStep } from '../compile/executable.ts';
import { hostValues, type Table } from '../data/table.ts';
import type { Variable } from '../graph/tensor.ts';
import { OptionError } from '../runtime/errors.ts';
import { inTurns } from '../runtime/turns.ts';
import type { ModelCore } from './core.ts';
import { tabulatingData } from './data.ts';
import { release } from './evaluate.ts';
import { type Feed, hostFeed, type ResidentData } from './feed.ts';
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

/** Starts a pass. Throws `OptionError` for a generator that is under way: it could be gone through only once. */
function pass(stream: BatchStream): AsyncIterable<StreamBatch> | Iterable<StreamBatch> {
  if (typeof stream === 'function') return stream();
  if ((stream as Partial<AsyncIterator<StreamBatch>>).next) {
    throw new OptionError(
      'fit: a generator gives its batches once: give the function that makes it',
    );
  }
  return stream;
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
      assignments: [{ variable: order, value: order.initial() }],
    });
    await state.engine.exclusive(() =>
      state.program(`${this.owner}:order`, spec).run([{ ...plainStep(seed), key: epochs }]),
    );
  }

  free(): void {
    release(this.#core, this.#data);
  }
}

/** Batches that arrive while training goes on: the next one is asked for while one is computed. */
export class StreamSource implements EpochSource {
  readonly #core: ModelCore;
  readonly #stream: BatchStream;
  readonly feeds: readonly Feed[];
  readonly owner = 'stream';

  constructor(core: ModelCore, stream: BatchStream, first: readonly Table[]) {
    this.#core = core;
    this.#stream = stream;
    this.feeds = first.map(hostFeed);
  }

  async epoch(loop: TrainingLoop, epoch: number): Promise<void> {
    const batches = iterate(this.#stream);
    let next = batches.next();
    try {
      for (let { done, value } = await next; !done && !loop.stopped; { done, value } = await next) {
        next = batches.next();
        // The error of a batch asked for early is thrown when its turn comes.
        next.catch(() => {});
        const { x, y, sampleWeight } = value as StreamBatch;
        const tables = await inTurns(tabulatingData(this.#core, x, y, sampleWeight));
        const size = tables[0]?.shape[0] ?? 0;
        const write = (put: (name: string, values: ArrayLike<number>) => void) => {
          for (const t of tables) put(t.name, hostValues(t));
        };
        await loop.steps({
          epoch,
          owner: this.owner,
          feeds: this.feeds,
          count: 1,
          size,
          start: 0,
          write,
        });
      }
    } finally {
      await batches.return?.(undefined);
    }
  }

  free(): void {
    if (!this.#core.disposed) this.#core.state.dropPrograms('stream:');
  }
}

async function* iterate(stream: BatchStream): AsyncGenerator<StreamBatch> {
  yield* pass(stream);
}

/** The first batch of a stream, from which shapes are known. */
export async function firstBatch(stream: BatchStream): Promise<StreamBatch | undefined> {
  for await (const batch of pass(stream)) return batch;
  return undefined;
}
