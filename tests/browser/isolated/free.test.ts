import { testFree } from '../support/free.ts';
import { expectQuietConsole } from '../support/page.ts';

expectQuietConsole();
testFree('team');
