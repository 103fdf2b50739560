import type { Executable } from '../compile/executable.ts';
import type { Table } from '../data/table.ts';
import { DataError, OptionError } from '../runtime/errors.ts';
import { inTurns } from '../runtime/turns.ts';
import type { ModelCore } from './core.ts';
import { tabulatingData } from './data.ts';
import { type Feed, hostFeed } from './feed.ts';
import { checkFit, type FitOptions, run } from './fit.ts';
import type { History } from './history.ts';
import type { TrainingLoop } from './loop.ts';
import type { Model } from './model.ts';
import { rowShapes } from './networkCore.ts';
import { writingBatch } from './predict.ts';
import type { BatchStream, EpochSource, StreamBatch } from './source.ts';

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
        const write = (executable: Executable) =>
          inTurns(writingBatch(executable, tables, 0, size));
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

/** Trains on batches that arrive one by one; each epoch asks for a new pass. */
export async function fitStream(
  core: ModelCore,
  model: Model,
  stream: BatchStream,
  options: FitOptions,
): Promise<History> {
  checkFit(core, options);
  for (const name of ['validationSplit', 'sampleWeight', 'classWeight', 'shuffle'] as const) {
    if (options[name])
      throw new OptionError(`fit: ${name} is not for streams of batches: let the stream do it`);
  }
  const first = await firstBatch(stream);
  if (!first) throw new DataError('fit: the stream has no batches');
  await core.build(rowShapes(await inTurns(core.tabulating(first.x))));
  const tables = await inTurns(tabulatingData(core, first.x, first.y, first.sampleWeight));
  const validation =
    options.validationData && (await inTurns(tabulatingData(core, ...options.validationData)));
  const history = await run(
    core,
    model,
    options,
    new StreamSource(core, stream, tables),
    validation,
  );
  if (!validation || core.disposed) return history;
  const { noise } = (await import('./final.ts')).trainingWays(core, tables, options);
  return noise ? Object.assign(history, { noise }) : history;
}
