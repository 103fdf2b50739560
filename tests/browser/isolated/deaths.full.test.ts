import { testDeaths } from '../../support/deaths.ts';
import { expectQuietConsole } from '../support/page.ts';
import { startWorker } from '../support/workers.ts';

expectQuietConsole();
testDeaths('team', startWorker, 3000);
