/** Runs single kernels on an inline instance: memory with canaries around each buffer, on 1 … n simulated threads. */
import { readFileSync } from 'node:fs';
import { encode } from '../../src/runtime/encode.ts';
import type { BuildName } from '../../src/runtime/engine.ts';
import { address, type Pointer, type Row } from '../../src/runtime/row.ts';

export type { BuildName };

interface Exports {
  storeConstants(): void;
  run(
    first: number,
    last: number,
    steps: number,
    profile: number,
    tid: number,
    threads: number,
  ): number;
  heapStart(): number;
  tileRows(): number;
  tileColumns(): number;
}

const CANARY = 0x5a;
const MARGIN = 64;

export class KernelBench {
  readonly memory = new WebAssembly.Memory({ initial: 64, maximum: 65536 });
  readonly exports: Exports;
  readonly build: BuildName;
  readonly realBytes: 4 | 8;
  #top: number;
  #buffers: { at: number; bytes: number }[] = [];

  constructor(build: BuildName) {
    const bytes = readFileSync(new URL(`../../build/${build}.wasm`, import.meta.url));
    const imports = { env: { memory: this.memory }, host: { now: () => performance.now() } };
    this.exports = new WebAssembly.Instance(new WebAssembly.Module(bytes), imports)
      .exports as unknown as Exports;
    this.exports.storeConstants();
    this.build = build;
    this.realBytes = build === 'f64' ? 8 : 4;
    this.#top = this.exports.heapStart();
  }

  /** A new 64-byte aligned buffer between canaries, filled with `data` (number[] → real). */
  buffer(data: ArrayBufferView | readonly number[] | number): Pointer {
    const view =
      typeof data === 'number'
        ? new Uint8Array(data)
        : Array.isArray(data)
          ? this.reals(data)
          : (data as ArrayBufferView);
    const at = (this.#top + MARGIN + 63) & ~63;
    this.#top = at + view.byteLength + MARGIN;
    const missing = this.#top + 65536 - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / 65536));
    const bytes = new Uint8Array(this.memory.buffer);
    bytes.fill(CANARY, at - MARGIN, at);
    bytes.fill(CANARY, at + view.byteLength, this.#top);
    bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength), at);
    this.#buffers.push({ at, bytes: view.byteLength });
    return address(at, view.byteLength);
  }

  /** Room for `n` reals, filled with NaN so that a missed element shows. */
  output(n: number): Pointer {
    return this.buffer(this.reals(new Array(n).fill(Number.NaN)));
  }

  reals(data: readonly number[]): Float32Array | Float64Array {
    return this.realBytes === 8 ? Float64Array.from(data) : Float32Array.from(data);
  }

  real(pointer: Pointer): number[] {
    const view = this.realBytes === 8 ? Float64Array : Float32Array;
    return [...new view(this.memory.buffer, pointer.offset, pointer.bytes / this.realBytes)];
  }

  i32(pointer: Pointer): number[] {
    return [...new Int32Array(this.memory.buffer, pointer.offset, pointer.bytes / 4)];
  }

  bytes(pointer: Pointer): Uint8Array {
    return new Uint8Array(this.memory.buffer, pointer.offset, pointer.bytes).slice();
  }

  /** Runs the rows one after the other, each for tid 0 … threads − 1 in turn (as if a barrier stood after each). */
  run(rows: readonly Row[], threads = 1): void {
    for (const row of rows) {
      const program = encode([row], [false], (p) => p.offset, this.realBytes);
      const at = this.buffer(program);
      for (let tid = 0; tid < threads; tid++) {
        // threads > 1 would wait at the step's barrier: dispatch needs none, so the share is passed by hand
        this.runAs(at.offset, program.byteLength, tid, threads);
      }
      this.#buffers.pop();
    }
    this.checkCanaries();
  }

  /** Runs loaded rows as one thread of several: the barriers see themselves as complete. */
  private runAs(at: number, bytes: number, tid: number, threads: number): void {
    const shared = new Int32Array(this.memory.buffer);
    const arrived = (64 + 128) / 4;
    shared[arrived] = threads - 1;
    this.exports.run(at, at + bytes, 1, 0, tid, threads);
  }

  /** Loads rows as one program and returns a function that runs it for `steps` steps, for timing. */
  program(rows: readonly Row[]): (steps?: number) => void {
    const bytes = encode(
      rows,
      rows.map(() => false),
      (p) => p.offset,
      this.realBytes,
    );
    const at = this.buffer(bytes);
    return (steps = 1) => {
      this.exports.run(at.offset, at.offset + bytes.byteLength, steps, 0, 0, 1);
    };
  }

  checkCanaries(): void {
    const bytes = new Uint8Array(this.memory.buffer);
    for (const { at, bytes: n } of this.#buffers) {
      for (let i = 1; i <= MARGIN; i++) {
        if (bytes[at - i] !== CANARY)
          throw new Error(`${i} bytes before the buffer at ${at} were written`);
        if (bytes[at + n + i - 1] !== CANARY)
          throw new Error(`${i} bytes after the buffer at ${at} were written`);
      }
    }
  }
}
