import { describe } from 'vitest';
import { testDerivatives, testValues } from '../support/ops.ts';
import { expectQuietConsole } from './support/page.ts';

expectQuietConsole();

describe.each(['relaxed', 'simd'] as const)('ops in a worker, %s', (build) =>
  testValues(build, 'worker'),
);
describe('derivatives', () => testDerivatives());
