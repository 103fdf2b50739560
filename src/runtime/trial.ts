import { encode } from './encode.ts';
import { EngineError } from './errors.ts';
import { type Instance, instantiate, runAlone } from './instance.ts';
import { address, type Pointer, type Row } from './row.ts';

const NUMBERS = 40_960;
/** Outputs of a kernel, and numbers in each. */
const OUTPUTS = 6;
const OUTPUT = 2048;
const MAX_PAGES = 64;

/** Buffers with the same numbers in every f32 build, to run single rows on. */
export class Trial {
  /** Update 3 at rate 0.01. */
  readonly step: Pointer;
  /** Numbers from 0 to 7, as i32. */
  readonly indices: Pointer;
  /** Memory that is not compared. */
  readonly temporary: readonly [Pointer, Pointer];
  readonly MR: number;
  readonly NR: number;
  readonly #instance: Instance;
  readonly #inputs: readonly Pointer[];
  readonly #start = numbers(6, OUTPUTS * OUTPUT).map(Math.abs);
  readonly #outputs: Pointer;
  #top: number;

  constructor(module: WebAssembly.Module, shared: boolean) {
    this.#instance = instantiate(module, shared, MAX_PAGES);
    const { heapStart, tileColumns, tileRows } = this.#instance.exports;
    this.MR = tileRows();
    this.NR = tileColumns();
    this.#top = heapStart();
    const step = new DataView(new ArrayBuffer(64));
    step.setFloat64(0, 0.01, true);
    step.setInt32(8, 3, true);
    this.step = this.#place(step);
    this.indices = this.#place(Int32Array.from({ length: 64 }, (_, i) => i % 8));
    this.#inputs = [1, 2, 3].map((seed) => this.#place(numbers(seed, NUMBERS)));
    this.temporary = [this.#place(numbers(4, NUMBERS)), this.#place(numbers(5, NUMBERS))];
    this.#outputs = this.#place(this.#start);
  }

  /** Numbers from −2 to 2. */
  input(i: number): Pointer {
    return this.#inputs[i] as Pointer;
  }

  /** Numbers from 0 to 2. */
  output(i: number): Pointer {
    return address(this.#outputs.offset + 4 * OUTPUT * i, 4 * OUTPUT);
  }

  /** The outputs as they were at first. */
  restore(): void {
    this.#instance.memory.write(this.#outputs.offset, this.#start);
  }

  /** The bits of all outputs. */
  bits(): Uint32Array {
    const { offset, bytes } = this.#outputs;
    return new Uint32Array(this.#instance.memory.read(offset, bytes).buffer);
  }

  /** A function that runs the rows. */
  program(rows: readonly Row[]): () => void {
    const { offset, bytes } = this.#place(encode(rows, [], (pointer) => pointer.offset, 4));
    return () =>
      runAlone(this.#instance.exports, { first: offset, last: offset + bytes, steps: 1 });
  }

  #place(data: ArrayBufferView): Pointer {
    const at = Math.ceil(this.#top / 64) * 64;
    this.#top = at + data.byteLength;
    if (!this.#instance.memory.reserve(this.#top))
      throw new EngineError('no memory to try the kernels in');
    this.#instance.memory.write(at, data);
    return address(at, data.byteLength);
  }
}

/** Numbers in [−2, 2), the same for a seed. */
function numbers(seed: number, length: number): Float32Array {
  const out = new Float32Array(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    out[i] = (state >> 8) / 2 ** 22;
  }
  return out;
}
