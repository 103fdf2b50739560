import { describe } from 'vitest';
import { testPausing } from '../../support/pausing.ts';
import { expectQuietConsole } from '../support/page.ts';

expectQuietConsole();

describe('pauses', () => testPausing('team'));
