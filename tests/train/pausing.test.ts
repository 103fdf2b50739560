import { describe } from 'vitest';
import { KINDS } from '../support/engine.ts';
import { testPausing } from '../support/pausing.ts';

describe.each(KINDS)('%s', testPausing);
