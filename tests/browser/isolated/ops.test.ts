import { describe } from 'vitest';
import { features } from '../../../src/runtime/features.ts';
import { testThreads, testValues } from '../../support/ops.ts';
import { expectQuietConsole } from '../support/page.ts';

expectQuietConsole();

const build = features().relaxed ? 'relaxed' : 'simd';
describe(`ops on threads, ${build}`, () => testValues(build, 'team'));
describe('same bits on 1 and 2 threads', () => testThreads(build, [1, 2]));
