import type { Machine as Host } from '../src/cli/machine.ts';

export { machine } from '../src/cli/machine.ts';

export interface Machine extends Host {
  /** GB/s, read and written, of long copies by number of threads, where the run measured them. */
  readonly copyGBs?: Readonly<Record<string, number>>;
}
