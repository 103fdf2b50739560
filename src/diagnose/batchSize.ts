import { checkCount } from '../nn/named.ts';
import type { Model } from '../train/model.ts';

export interface BatchAdvice {
  /** Examples a step. */
  readonly batchSize: number;
  /** Steps, that is updates, an epoch; the last, smaller batch counts. */
  readonly stepsPerEpoch: number;
  readonly kind: 'batch' | 'mini-batch';
}

export interface FittingBatch extends BatchAdvice {
  /** Bytes of a training step: weights, what training keeps beside them, and the workspace of the batch. */
  readonly bytes: number;
}

/** Examples up to which all of them make one batch. */
const SMALL = 2000;

/**
 * Examples a step for a training set of m: up to 2,000 all of them (batch gradient descent), else a power of two from 64 to
 * 1024 that makes about 500 steps an epoch. With a compiled model it resolves to what also fits into memory: the size is
 * halved until a training step finds room in what `model.memory()` leaves; the examples themselves are not counted. Throws
 * `OptionError` unless m is a whole number from 1 on, `MemoryError` where not even one example fits.
 */
export function recommendBatchSize(m: number): BatchAdvice;
export function recommendBatchSize(m: number, model: Model): Promise<FittingBatch>;
export function recommendBatchSize(m: number, model?: Model): BatchAdvice | Promise<FittingBatch> {
  checkCount('recommendBatchSize: examples', m);
  if (model) return forModel(m, model);
  return adviceFor(m, usualSize(m));
}

async function forModel(m: number, model: Model): Promise<FittingBatch> {
  const { fitting } = await import('./batchMemory.ts');
  const { batchSize, bytes } = await fitting(model, usualSize(m));
  return { ...adviceFor(m, batchSize), bytes };
}

function adviceFor(m: number, batchSize: number): BatchAdvice {
  const kind = batchSize < m ? 'mini-batch' : 'batch';
  return { batchSize, stepsPerEpoch: stepsPerEpoch(m, batchSize), kind };
}

function usualSize(m: number): number {
  if (m <= SMALL) return m;
  let batchSize = 64;
  while (batchSize < 1024 && m / (2 * batchSize) >= 500) batchSize *= 2;
  return batchSize;
}

/** Batches of m examples, the last of which may be smaller: ⌈m / batchSize⌉. */
export function stepsPerEpoch(m: number, batchSize: number): number {
  checkCount('stepsPerEpoch: examples', m);
  checkCount('stepsPerEpoch: batchSize', batchSize);
  return Math.ceil(m / batchSize);
}
