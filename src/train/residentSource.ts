import { plainStep } from '../compile/executable.ts';
import type { Variable } from '../graph/tensor.ts';
import type { ModelCore } from './core.ts';
import { release } from './evaluate.ts';
import type { Feed, ResidentData } from './feed.ts';
import type { TrainingLoop } from './loop.ts';
import type { EpochSource } from './source.ts';

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
