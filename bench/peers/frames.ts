/**
 * Messages between processes: one line of JSON, then the bytes of its arrays, which stand in the line as
 * `{ "blob": bytes, "dtype": "f4" }`.
 */
type Numbers = Float32Array | Float64Array | Int32Array;

const TYPES = { f4: Float32Array, f8: Float64Array, i4: Int32Array } as const;

interface Blob {
  readonly blob: number;
  readonly dtype: keyof typeof TYPES;
}

const isNumbers = (value: unknown): value is Numbers =>
  Object.values(TYPES).some((type) => value instanceof type);

function dtypeOf(numbers: Numbers): Blob['dtype'] {
  return numbers instanceof Float32Array ? 'f4' : numbers instanceof Int32Array ? 'i4' : 'f8';
}

export function toFrame(value: unknown): Uint8Array[] {
  const blobs: Uint8Array[] = [];
  const line = JSON.stringify(value, (_, part: unknown) => {
    if (!isNumbers(part)) return part;
    blobs.push(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    return { blob: part.byteLength, dtype: dtypeOf(part) };
  });
  return [Buffer.from(`${line}\n`), ...blobs];
}

/** Reads a stream by lines and by numbers of bytes. */
class Input {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next();
    if (!done) this.#rest = value;
    return !done;
  }

  #take(count: number): Uint8Array {
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(taken.length);
    return taken;
  }

  async line(): Promise<string | undefined> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const end = this.#rest.indexOf(10);
      parts.push(this.#take(end < 0 ? this.#rest.length : end + 1));
      if (end >= 0) return Buffer.concat(parts).toString('utf8');
      if (!(await this.#more())) return undefined;
    }
  }

  async bytes(count: number): Promise<ArrayBuffer> {
    const all = new Uint8Array(count);
    for (let at = 0; at < count; ) {
      if (this.#rest.length === 0 && !(await this.#more()))
        throw new Error('a message was cut off');
      const part = this.#take(count - at);
      all.set(part, at);
      at += part.length;
    }
    return all.buffer;
  }
}

/** The messages of a stream, in order, until it ends. */
export async function* fromFrames(stream: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const input = new Input(stream);
  for (;;) {
    const line = await input.line();
    if (line === undefined) return;
    const blobs: Blob[] = [];
    JSON.parse(line, (_, part) => {
      if (part && typeof part === 'object' && 'blob' in part) blobs.push(part);
      return part;
    });
    const arrays: Numbers[] = [];
    for (const { blob, dtype } of blobs) arrays.push(new TYPES[dtype](await input.bytes(blob)));
    yield JSON.parse(line, (_, part) =>
      part && typeof part === 'object' && 'blob' in part ? arrays.shift() : part,
    );
  }
}
