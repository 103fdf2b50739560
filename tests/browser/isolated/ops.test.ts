import { describe } from 'vitest';
import { testThreads, testValues } from '../../support/ops.ts';
import { expectQuietConsole } from '../support/page.ts';

expectQuietConsole();

describe('ops on threads', () => testValues('relaxed', 'team'));
describe('same bits on 1 and 2 threads', () => testThreads('relaxed', [1, 2]));
