import { EngineError } from './errors.ts';

const PAGE = 65536;
const MAX_PAGES = 65536;
/** Growing can take 8 ms, so it is not done often; what nobody touches takes no memory. */
const SPARE_PAGES = 512;

/** A WebAssembly memory. Views are made anew at each use, because growing detaches or outdates them. */
export class LinearMemory {
  readonly wasm: WebAssembly.Memory;
  readonly maximumPages: number;

  /** Asks for the largest maximum, and for half as much for as long as the host refuses. */
  constructor(shared: boolean, maximumPages = MAX_PAGES) {
    for (let maximum = maximumPages; ; maximum >>= 1) {
      try {
        this.wasm = new WebAssembly.Memory({ initial: 1, maximum, shared });
        this.maximumPages = maximum;
        return;
      } catch (cause) {
        if (maximum <= 256) throw new EngineError('no WebAssembly memory to be had', { cause });
      }
    }
  }

  get size(): number {
    return this.wasm.buffer.byteLength;
  }

  /** Makes the memory at least `end` bytes long, by more than is asked for where that can be; false if it cannot be. */
  reserve(end: number): boolean {
    const missing = Math.ceil((end - this.size) / PAGE);
    return missing <= 0 || this.#grow(Math.max(missing, SPARE_PAGES)) || this.#grow(missing);
  }

  #grow(pages: number): boolean {
    try {
      this.wasm.grow(pages);
      return true;
    } catch {
      return false;
    }
  }

  write(at: number, data: ArrayBufferView): void {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.view(at, data.byteLength).set(bytes);
  }

  read(at: number, bytes: number): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(bytes);
    copy.set(this.view(at, bytes));
    return copy;
  }

  clear(at: number, bytes: number): void {
    this.view(at, bytes).fill(0);
  }

  /** For use at once. */
  view(at: number, bytes: number): Uint8Array {
    return new Uint8Array(this.wasm.buffer, at, bytes);
  }
}

/** First address that is never given out: `pointer + bytes` must not wrap to 0. */
export function addressLimit(maximumPages: number): number {
  return Math.min(maximumPages, MAX_PAGES - 1) * PAGE;
}
