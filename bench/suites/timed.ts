import type { Suite } from '../types.ts';
import { elementwise } from './elementwise.ts';
import { gemm } from './gemm.ts';
import { infer } from './infer.ts';
import { reduce } from './reduce.ts';
import { train } from './train.ts';
import { vectorise } from './vectorise.ts';

/** What is timed step by step, in Node as in a page. */
export const TIMED: readonly Suite[] = [gemm, elementwise, reduce, vectorise, train, infer];
