import { DISPOSE } from './dispose.ts';
import {
  BUILDS,
  type BuildName,
  type Choice,
  type Engine,
  type MemoryInfo,
  type RunOptions,
  type RuntimeInfo,
  type Target,
} from './engine.ts';
import { DisposedError } from './errors.ts';
import { Heap } from './heap.ts';
import { Jobs } from './jobs.ts';
import type { Exports } from './load.ts';

/** Bytes behind the last buffer that kernels may read: part of a vector whose other numbers are used. */
const BEYOND = 64;

/** What all engines share: the heap, the queue of jobs, the end. */
export abstract class BaseEngine implements Engine {
  readonly target: Target;
  readonly #choice: Choice;
  readonly #heap: Heap;
  readonly #jobs = new Jobs();
  #disposed = false;

  constructor(target: Target, choice: Choice, heapStart: number, limit: number) {
    this.target = target;
    this.#choice = choice;
    this.#heap = new Heap(heapStart, limit, (end) => this.reserve(end + BEYOND));
  }

  get info(): RuntimeInfo {
    return { ...this.#choice, restarts: this.restarts };
  }

  get generation(): number {
    return 0;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  alloc(bytes: number, owner: string): number {
    this.check();
    const fresh = this.#heap.top;
    const at = this.#heap.alloc(bytes, owner);
    const old = Math.min(bytes, fresh - at);
    if (old > 0) this.clear(at, old);
    return at;
  }

  free(at: number): void {
    this.check();
    this.#heap.free(at);
  }

  exclusive<T>(job: () => Promise<T>): Promise<T> {
    return this.#jobs.run(async () => {
      this.check();
      return job();
    });
  }

  memory(): MemoryInfo {
    this.check();
    const { used, peak, limit } = this.#heap;
    return { size: this.size, used, peak, limit };
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.close();
  }

  [DISPOSE](): void {
    this.dispose();
  }

  abstract write(at: number, data: ArrayBufferView): void;
  abstract read(
    at: number,
    bytes: number,
    into?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>>;
  abstract run(options: RunOptions): Promise<void>;

  protected abstract readonly size: number;
  protected abstract readonly restarts: number;
  /** Makes the memory at least `end` bytes long, or returns false. */
  protected abstract reserve(end: number): boolean;
  protected abstract clear(at: number, bytes: number): void;
  protected abstract close(): void;

  protected get top(): number {
    return this.#heap.top;
  }

  protected check(): void {
    if (this.#disposed) throw new DisposedError('the engine was disposed');
  }
}

export function targetOf(
  exports: Pick<Exports, 'build' | 'realBytes' | 'tileRows' | 'tileColumns'>,
  threads: number,
): Target {
  return {
    build: BUILDS[exports.build()] as BuildName,
    realBytes: exports.realBytes() === 8 ? 8 : 4,
    MR: exports.tileRows(),
    NR: exports.tileColumns(),
    threads,
  };
}
