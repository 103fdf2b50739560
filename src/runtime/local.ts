import { BaseEngine, targetOf } from './base.ts';
import type { Choice, Engine, RunOptions } from './engine.ts';
import { macrotask } from './environment.ts';
import { DisposedError } from './errors.ts';
import { type Instance, runAlone } from './instance.ts';
import { addressLimit } from './memory.ts';
import { turn } from './turns.ts';

/** Bytes that are copied before others have their turn: about a millisecond. */
const PIECE = 2 ** 23;

/** An engine whose memory the calling thread can reach. */
export abstract class LocalEngine extends BaseEngine {
  readonly sync: NonNullable<Engine['sync']>;
  #instance: Instance | undefined;

  constructor(instance: Instance, choice: Choice) {
    const { exports, memory } = instance;
    const target = targetOf(exports, choice.threads);
    super(target, choice, exports.heapStart(), addressLimit(memory.maximumPages));
    this.#instance = instance;
    this.sync = {
      run: (options) => runAlone(this.instance.exports, options),
      read: (at, bytes) => this.instance.memory.read(at, bytes),
    };
  }

  protected get instance(): Instance {
    if (!this.#instance) throw new DisposedError('the engine was disposed');
    return this.#instance;
  }

  protected get size(): number {
    return this.instance.memory.size;
  }

  write(at: number, data: ArrayBufferView): void {
    this.instance.memory.write(at, data);
  }

  async read(at: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    const copy = new Uint8Array(bytes);
    for (let from = 0; from < bytes; from += PIECE) {
      if (from > 0) await turn();
      const size = Math.min(PIECE, bytes - from);
      copy.set(this.instance.memory.read(at + from, size), from);
    }
    return copy;
  }

  protected reserve(end: number): boolean {
    return this.instance.memory.reserve(end);
  }

  protected clear(at: number, bytes: number): void {
    this.instance.memory.clear(at, bytes);
  }

  protected close(): void {
    this.#instance = undefined;
  }
}

/** Runs on the calling thread; after each run the event loop has a turn. */
export class InlineEngine extends LocalEngine {
  protected readonly restarts = 0;

  async run(options: RunOptions): Promise<void> {
    this.sync.run(options);
    await macrotask();
  }
}
