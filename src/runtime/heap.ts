import { MemoryError, OptionError } from './errors.ts';

const ALIGNMENT = 64;
const MB = 2 ** 20;

interface Block {
  at: number;
  bytes: number;
}

/**
 * Hands out addresses in [start, limit): best fit over a list of free blocks that grow together when neighbours are
 * freed. It knows numbers only; `reserve(end)` must make the memory at least `end` bytes long, or return false.
 */
export class Heap {
  readonly #limit: number;
  readonly #reserve: (end: number) => boolean;
  readonly #taken = new Map<number, number>();
  /** By address; no two touch. */
  readonly #free: Block[] = [];
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

  get used(): number {
    return this.#used;
  }

  get peak(): number {
    return this.#peak;
  }

  get freeBlocks(): readonly Readonly<Block>[] {
    return this.#free;
  }

  alloc(bytes: number, owner: string): number {
    if (!Number.isSafeInteger(bytes) || bytes < 0)
      throw new OptionError(`${owner}: cannot allocate ${bytes} bytes`);
    const size = roundUp(Math.max(bytes, 1));
    const at = this.#takeFree(size) ?? this.#extend(size, bytes, owner);
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
    this.#putFree(at, bytes);
  }

  #takeFree(size: number): number | undefined {
    let best = -1;
    this.#free.forEach((block, i) => {
      const least = this.#free[best]?.bytes ?? Number.POSITIVE_INFINITY;
      if (block.bytes >= size && block.bytes < least) best = i;
    });
    const block = this.#free[best];
    if (!block) return undefined;
    const { at } = block;
    if (block.bytes === size) this.#free.splice(best, 1);
    else {
      block.at += size;
      block.bytes -= size;
    }
    return at;
  }

  /** Space at the end, including a free block that ends there. */
  #extend(size: number, bytes: number, owner: string): number {
    const last = this.#free.at(-1);
    const joins = last !== undefined && last.at + last.bytes === this.#top;
    const at = joins ? last.at : this.#top;
    if (at + size > this.#limit || !this.#reserve(at + size)) {
      throw new MemoryError(
        `${owner}: needs ${megabytes(bytes)} MB, but ${megabytes(this.#used)} MB of at most ` +
          `${megabytes(this.#limit)} MB are in use`,
      );
    }
    if (joins) this.#free.pop();
    this.#top = at + size;
    return at;
  }

  #putFree(at: number, bytes: number): void {
    const behind = this.#free.findIndex((block) => block.at > at);
    const i = behind < 0 ? this.#free.length : behind;
    const before = this.#free[i - 1];
    const after = this.#free[i];
    const joinsBefore = before !== undefined && before.at + before.bytes === at;
    const joinsAfter = after !== undefined && at + bytes === after.at;
    if (joinsBefore && joinsAfter) {
      before.bytes += bytes + after.bytes;
      this.#free.splice(i, 1);
    } else if (joinsBefore) before.bytes += bytes;
    else if (joinsAfter) {
      after.at = at;
      after.bytes += bytes;
    } else this.#free.splice(i, 0, { at, bytes });
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

function megabytes(bytes: number): string {
  return (bytes / MB).toFixed(bytes < 10 * MB ? 2 : 0);
}
