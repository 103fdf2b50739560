import type { WorkerLike } from '../../../src/runtime/thread.ts';

/** Starts the library's worker. */
export function startWorker(): WorkerLike {
  const url = new URL('../../../src/runtime/worker.ts', import.meta.url);
  return new Worker(url, { type: 'module' }) as WorkerLike;
}
