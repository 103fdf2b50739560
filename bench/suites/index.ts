import type { Suite } from '../types.ts';
import { elementwise } from './elementwise.ts';
import { gemm } from './gemm.ts';
import { growthSuite } from './growth.ts';
import { infer } from './infer.ts';
import { reduce } from './reduce.ts';
import { size } from './size.ts';
import { startup } from './startup.ts';
import { train } from './train.ts';
import { vectorise } from './vectorise.ts';

export const SUITES: readonly Suite[] = [
  gemm,
  elementwise,
  reduce,
  vectorise,
  train,
  infer,
  startup,
  size,
  growthSuite,
];
