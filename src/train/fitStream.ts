import type { Executable } from '../compile/executable.ts';
import type { Table } from '../data/table.ts';
import { checkOptions, DataError, OptionError, shown } from '../runtime/errors.ts';
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

const ONCE = 'expected a function that makes a new stream for each epoch';

/** What a batch may hold: also all that a `Dataset` has. */
const BATCH = ['x', 'y', 'sampleWeight', 'name', 'task', 'classNames', 'featureNames'];

/** Starts a pass. Throws `OptionError` for what could be gone through only once, before it is touched. */
function pass(stream: BatchStream): AsyncIterable<StreamBatch> | Iterable<StreamBatch> {
  if (typeof stream !== 'function') {
    if ('next' in stream || 'getReader' in stream)
      throw new OptionError(`fit: got a generator or stream; ${ONCE}`);
    return stream;
  }
  const batches: unknown = stream();
  const iterable =
    typeof batches === 'object' &&
    batches !== null &&
    (Symbol.asyncIterator in batches || Symbol.iterator in batches);
  if (iterable) return batches as AsyncIterable<StreamBatch> | Iterable<StreamBatch>;
  throw new OptionError(`fit: the stream's function gave ${shown(batches)}, expected batches`);
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
    let began = false;
    let next = batches.next();
    try {
      for (let { done, value } = await next; !done && !loop.stopped; { done, value } = await next) {
        began = true;
        next = batches.next();
        // The error of a batch asked for early is thrown when its turn comes.
        next.catch(() => {});
        checkOptions('a batch', value, BATCH);
        const { x, y, sampleWeight } = value;
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
    if (began || loop.stopped) return;
    this.#core.epochs = epoch;
    throw new DataError(`fit: the stream has no batches in epoch ${epoch + 1}; ${ONCE}`);
  }

  free(): void {
    if (!this.#core.disposed) this.#core.state.dropPrograms('stream:');
  }
}

async function* iterate(stream: BatchStream): AsyncGenerator<StreamBatch> {
  for await (const batch of pass(stream)) yield checked(batch);
}

function checked(batch: StreamBatch): StreamBatch {
  if (typeof batch === 'object' && batch !== null && 'x' in batch && 'y' in batch) return batch;
  throw new DataError(`fit: the stream gave ${shown(batch)}, expected batches { x, y }`);
}

/** The first batch of a stream, from which shapes are known. */
async function firstBatch(stream: BatchStream): Promise<StreamBatch> {
  for await (const batch of iterate(stream)) return batch;
  throw new DataError(`fit: the stream has no batches; ${ONCE}`);
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
