import { describe } from 'vitest';
import { testDerivatives, testThreads, testValues } from './support/ops.ts';
import { BUILDS } from './support/threads.ts';

describe.each(BUILDS)('ops, %s', (build) => testValues(build));
describe('derivatives', () => testDerivatives());
describe.each(BUILDS)('same bits on 1, 2, 3 and 8 threads, %s', (build) =>
  testThreads(build, [1, 2, 3, 8]),
);
