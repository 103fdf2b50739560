import type { Machine as Host } from '../src/cli/machine.ts';

export { machine } from '../src/cli/machine.ts';

export interface Machine extends Host {
  /** What as many threads as were asked for gave, independent of each other, one being 1. */
  readonly coresGave?: number;
  /** GB/s, read and written, of long copies by number of threads, where the run measured them. */
  readonly copyGBs?: Readonly<Record<string, number>>;
}
