import { instantiateSync } from '@assemblyscript/loader';

/** What every build exports; see `assembly/index.ts`. */
export interface Exports {
  run(
    first: number,
    last: number,
    steps: number,
    profile: number,
    tid: number,
    threads: number,
  ): number;
  park(tid: number): number;
  startTeam(
    first: number,
    last: number,
    steps: number,
    profile: number,
    threads: number,
    spins: number,
    report: number,
    parkSpins: number,
  ): void;
  joinTeam(first: number, last: number, threads: number, spins: number, parkSpins: number): number;
  sleepers(threads: number): number;
  rouseTeam(threads: number, parkSpins: number): void;
  stopTeam(): void;
  clearTeam(): void;
  longWaits(): number;
  doneWord(): number;
  storeConstants(): void;
  /** Index in `BUILDS`. */
  build(): number;
  heapStart(): number;
  realBytes(): number;
  tileRows(): number;
  tileColumns(): number;
}

/** An instance of a build over `memory`. */
export function load(module: WebAssembly.Module, memory: WebAssembly.Memory): Exports {
  const imports = { env: { memory }, host: { now: () => performance.now() } };
  return instantiateSync<Exports & Record<string, unknown>>(module, imports).exports;
}
