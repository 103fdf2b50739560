import { Worker } from 'node:worker_threads';
import { describe } from 'vitest';
import { testDeaths } from '../support/deaths.ts';

const url = new URL('../../src/runtime/worker.ts', import.meta.url);

describe.each(['team', 'worker'] as const)('%s', (kind) => {
  testDeaths(kind, () => new Worker(url, { execArgv: [] }));
});
