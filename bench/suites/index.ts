import type { Suite } from '../types.ts';
import { gemm } from './gemm.ts';
import { growthSuite } from './growth.ts';
import { train } from './train.ts';

export const SUITES: readonly Suite[] = [gemm, train, growthSuite];
