import { availableParallelism, cpus, release, type } from 'node:os';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
  readonly v8: string;
  readonly os: string;
  readonly date: string;
  /** GB/s, read and written, of long copies by number of threads, where the run measured them. */
  readonly copyGBs?: Readonly<Record<string, number>>;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    node: process.versions.node,
    v8: process.versions.v8,
    os: `${type()} ${release()} ${process.arch}`,
    date: new Date().toISOString(),
  };
}
