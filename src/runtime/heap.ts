import { MemoryError, OptionError } from './errors.ts';
import { FreeList, type Piece } from './freeList.ts';

const ALIGNMENT = 64;
const MB = 2 ** 20;

/**
 * Hands out addresses in [start, limit): best fit over a list of free blocks that grow together when neighbours are
 * freed. It knows numbers only; `reserve(end)` must make the memory at least `end` bytes long, or return false.
 */
export class Heap {
  readonly #limit: number;
  readonly #reserve: (end: number) => boolean;
  readonly #taken = new Map<number, number>();
  readonly #free = new FreeList();
  #top: number;
  #used = 0;
  #peak = 0;

  constructor(start: number, limit: number, reserve: (end: number) => boolean) {
    this.#top = roundUp(start);
    this.#limit = limit - (limit % ALIGNMENT);
    this.#reserve = reserve;
  }

  /** End of all that was ever given out. */
  get top(): number {
    return this.#top;
  }

  /** Bytes that can be given out at most, as far as the host allows. */
  get limit(): number {
    return this.#limit;
  }

  get used(): number {
    return this.#used;
  }

  get peak(): number {
    return this.#peak;
  }

  get freeBlocks(): readonly Readonly<Piece>[] {
    return this.#free.pieces;
  }

  alloc(bytes: number, owner: string): number {
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new OptionError(`${owner}: cannot allocate ${bytes} bytes`);
    const size = roundUp(Math.max(bytes, 1));
    const at = this.#free.take(size) ?? this.#extend(size, bytes, owner);
    this.#taken.set(at, size);
    this.#used += size;
    this.#peak = Math.max(this.#peak, this.#used);
    return at;
  }

  free(at: number): void {
    const bytes = this.#taken.get(at);
    if (bytes === undefined) throw new OptionError(`free: nothing is allocated at address ${at}`);
    this.#taken.delete(at);
    this.#used -= bytes;
    this.#free.put(at, bytes);
  }

  /** Space at the end, including a free block that ends there. */
  #extend(size: number, bytes: number, owner: string): number {
    const at = this.#free.startOf(this.#top);
    const fits = at + size <= this.#limit;
    if (!fits || !this.#reserve(at + size)) {
      throw new MemoryError(
        `${owner}: needs ${megabytes(bytes)} MB, but ${megabytes(this.#used)} MB of at most ` +
          `${megabytes(this.#limit)} MB are in use${fits ? ', and the system gives no more' : ''}`,
      );
    }
    this.#free.cut(at);
    this.#top = at + size;
    return at;
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function megabytes(bytes: number): string {
  return (bytes / MB).toFixed(bytes < 10 * MB ? 2 : 0);
}
