import type { Contestant } from '../types.ts';
import { weigh } from '../wasmgrad/size.ts';
import { openStartup } from '../wasmgrad/startup.ts';
import { pairs } from './wasmgrad.ts';

/** This library as files: processes that start from `dist` or from `src`, sizes. */
export const artifacts: Contestant = {
  name: 'wasmgrad',
  kinds: ['startup', 'size'],
  variants: ({ threads }, kind) =>
    kind === 'size' ? [{ build: 'all', threads: 1 }] : pairs(['dist', 'src'], threads),
  open: { startup: openStartup, size: weigh },
};
