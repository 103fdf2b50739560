import type { Feed } from './feed.ts';
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
