import { describe } from 'vitest';
import { features } from '../../src/runtime/features.ts';
import { testDerivatives, testValues } from '../support/ops.ts';
import { expectQuietConsole } from './support/page.ts';

expectQuietConsole();

for (const build of ['relaxed', 'simd'] as const) {
  const missing = build === 'relaxed' && !features().relaxed;
  describe.skipIf(missing)(`ops in a worker, ${build}`, () => testValues(build, 'worker'));
}
describe('derivatives', () => testDerivatives());
