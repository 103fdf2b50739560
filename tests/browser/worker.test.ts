import { describe } from 'vitest';
import { testDeaths } from '../support/deaths.ts';
import { testPausing } from '../support/pausing.ts';
import { expectQuietConsole } from './support/page.ts';
import { startWorker } from './support/workers.ts';

expectQuietConsole();

describe('a worker dies', () => testDeaths('worker', startWorker));
describe('pauses', () => testPausing('worker'));
