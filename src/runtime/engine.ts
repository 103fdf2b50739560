/// <reference lib="esnext.disposable" preserve="true" />

/** In the order of `build()` in assembly/layout.ts. */
export const BUILDS = ['simd', 'relaxed', 'turbo', 'f64'] as const;
export type BuildName = (typeof BUILDS)[number];

/** What a compiler must know of a build. */
export interface Target {
  readonly build: BuildName;
  readonly realBytes: 4 | 8;
  /** Tile of the matrix product: rows and columns. */
  readonly MR: number;
  readonly NR: number;
  /** At most so many run a program: what one keeps for itself is there so often. */
  readonly threads: number;
}

/** What runs, with how many threads, and why not more. */
export interface RuntimeInfo {
  readonly build: BuildName;
  readonly kind: 'inline' | 'team' | 'worker';
  readonly threads: number;
  readonly sharedMemory: boolean;
  /** One sentence for each thing that is less than it could be. */
  readonly reasons: readonly string[];
  /** How often a thread or the worker died, and others took over. */
  readonly restarts: number;
}

/** What was chosen when the engine was created. */
export type Choice = Omit<RuntimeInfo, 'restarts'>;

export interface RunOptions {
  /** Rows from `first` to `last`, as addresses. */
  readonly first: number;
  readonly last: number;
  readonly steps: number;
  /** At most so many threads, default all: a small program is faster on one. */
  readonly threads?: number;
  /** Estimated microseconds of a step on one thread: what is over in a moment may run on the calling thread. */
  readonly us?: number;
  /** Address of an f64 for each 8 bytes of program, to which each row's milliseconds are added. */
  readonly profile?: number;
}

export interface MemoryInfo {
  /** Bytes of the WebAssembly memory, bytes given out, and the most ever given out. */
  readonly size: number;
  readonly used: number;
  readonly peak: number;
  /** Bytes to which it may grow, where the machine has them. */
  readonly limit: number;
}

/**
 * Where programs run: memory and threads behind five verbs. Addresses are plain numbers that stay valid until freed.
 * `write` takes effect before any later `run` or `read`.
 */
export interface Engine extends Disposable {
  readonly target: Target;
  readonly info: RuntimeInfo;
  /** Counts how often the memory's content was lost (a worker without shared memory died). */
  readonly generation: number;
  /** 64-byte aligned bytes, zeroed. Throws `MemoryError`, naming `owner`, when the memory cannot grow so far. */
  alloc(bytes: number, owner: string): number;
  free(at: number): void;
  write(at: number, data: ArrayBufferView): void;
  /** An owned copy; in the memory of `into`, an earlier one of the same size, where the engine can. */
  read(at: number, bytes: number, into?: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  run(options: RunOptions): Promise<void>;
  /** The same at once on the calling thread, where its memory is at hand; undefined otherwise. */
  readonly sync?: {
    run(options: RunOptions): void;
    read(at: number, bytes: number): Uint8Array<ArrayBuffer>;
  };
  /** Runs `job` when all jobs asked for earlier have ended. */
  exclusive<T>(job: () => Promise<T>): Promise<T>;
  memory(): MemoryInfo;
  /** Ends the threads and lets the memory go; later calls throw `DisposedError`. */
  dispose(): void;
}
