import type { Suite } from '../types.ts';
import { growthSuite } from './growth.ts';
import { size } from './size.ts';
import { startup } from './startup.ts';
import { TIMED } from './timed.ts';

export const SUITES: readonly Suite[] = [...TIMED, startup, size, growthSuite];
