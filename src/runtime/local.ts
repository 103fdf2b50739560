import { BaseEngine, targetOf } from './base.ts';
import type { Choice, Engine, RunOptions } from './engine.ts';
import { macrotask } from './environment.ts';
import { DisposedError } from './errors.ts';
import { type Instance, runAlone } from './instance.ts';
import { addressLimit } from './memory.ts';
import { atOnce, inTurns, pieces, type Work } from './turns.ts';

interface Range {
  readonly at: number;
  readonly end: number;
}

/** An engine whose memory the calling thread can reach. */
export abstract class LocalEngine extends BaseEngine {
  /** What is to be zero before anybody looks, where nothing was written. */
  #unclean: Range[] = [];
  readonly sync: NonNullable<Engine['sync']>;
  #instance: Instance | undefined;

  constructor(instance: Instance, choice: Choice) {
    const { exports, memory } = instance;
    const target = targetOf(exports, choice.threads);
    super(target, choice, exports.heapStart(), addressLimit(memory.maximumPages));
    this.#instance = instance;
    this.sync = {
      run: (options) => {
        atOnce(this.cleaning());
        runAlone(this.instance.exports, options);
      },
      read: (at, bytes) => {
        atOnce(this.cleaning());
        return this.instance.memory.read(at, bytes);
      },
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
    if (this.#unclean.length > 0) this.#leaveOut(at, at + data.byteLength);
  }

  async read(
    at: number,
    bytes: number,
    into = new Uint8Array(bytes),
  ): Promise<Uint8Array<ArrayBuffer>> {
    await inTurns(this.#reading(at, into));
    return into;
  }

  *#reading(at: number, into: Uint8Array): Work<void> {
    yield* this.cleaning();
    for (const [from, to] of pieces(into.length)) {
      if (from > 0) yield;
      into.set(this.instance.memory.view(at + from, to - from), from);
    }
  }

  protected reserve(end: number): boolean {
    return this.instance.memory.reserve(end);
  }

  protected clear(at: number, bytes: number): void {
    this.#unclean.push({ at, end: at + bytes });
  }

  /** Clears what is to be zero, piece by piece; others may write meanwhile. */
  protected *cleaning(): Work<void> {
    for (let range = this.#unclean[0]; range; range = this.#unclean[0]) {
      const [[, bytes] = [0, 0]] = pieces(range.end - range.at);
      this.instance.memory.clear(range.at, bytes);
      this.#leaveOut(range.at, range.at + bytes);
      yield;
    }
  }

  #leaveOut(at: number, end: number): void {
    this.#unclean = this.#unclean
      .flatMap((r) => [
        { at: r.at, end: Math.min(r.end, at) },
        { at: Math.max(r.at, end), end: r.end },
      ])
      .filter((r) => r.at < r.end);
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
