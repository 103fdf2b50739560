import { checkCount } from '../nn/named.ts';

export interface BatchAdvice {
  /** Examples a step. */
  readonly batchSize: number;
  /** Steps, that is updates, an epoch; the last, smaller batch counts. */
  readonly stepsPerEpoch: number;
  readonly kind: 'batch' | 'mini-batch';
}

/** Examples up to which all of them make one batch. */
const SMALL = 2000;

/**
 * Examples a step for a training set of m: up to 2,000 all of them (batch gradient descent), else a power of two from 64 to
 * 1024 that makes about 500 steps an epoch. Throws `OptionError` unless m is a whole number from 1 on.
 */
export function recommendBatchSize(m: number): BatchAdvice {
  checkCount('recommendBatchSize: examples', m);
  if (m <= SMALL) return { batchSize: m, stepsPerEpoch: 1, kind: 'batch' };
  let batchSize = 64;
  while (batchSize < 1024 && m / (2 * batchSize) >= 500) batchSize *= 2;
  return { batchSize, stepsPerEpoch: stepsPerEpoch(m, batchSize), kind: 'mini-batch' };
}

/** Batches of m examples, the last of which may be smaller: ⌈m / batchSize⌉. */
export function stepsPerEpoch(m: number, batchSize: number): number {
  checkCount('stepsPerEpoch: examples', m);
  checkCount('stepsPerEpoch: batchSize', batchSize);
  return Math.ceil(m / batchSize);
}
