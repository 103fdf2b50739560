import { DataError, shown, TypeMismatchError } from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';

/** Deflate makes data at most this much smaller (zlib's technical details). */
export const GZIP_LIMIT = 1032;

export type Bytes = Uint8Array<ArrayBuffer>;

export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

export function joinBytes(a: Bytes, b: Bytes): Bytes {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** What comes out of a stream, one piece after the other; ending early cancels it. */
export async function* chunksOf<T>(stream: ReadableStream<T>): AsyncGenerator<T> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
    ended = true;
  } finally {
    if (!ended) await reader.cancel().catch(() => {});
  }
}

function streamOf(chunks: AsyncIterator<Bytes>): ReadableStream<Bytes> {
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return?.(undefined);
    },
  });
}

/** Undoes gzip as the chunks arrive. Throws `DataError` naming `name` where they are damaged or cut short. */
export async function* gunzip(chunks: AsyncGenerator<Bytes>, name: string): AsyncGenerator<Bytes> {
  let failed: unknown;
  const watched = (async function* () {
    try {
      yield* chunks;
    } catch (error) {
      failed = error;
      throw error;
    }
  })();
  try {
    yield* chunksOf(streamOf(watched).pipeThrough(new DecompressionStream('gzip')));
  } catch (cause) {
    if (failed) throw failed;
    throw new DataError(`${name}: damaged gzip data (changed or cut short)`, { cause });
  }
}

export async function gzip(bytes: Bytes): Promise<Bytes> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Throws unless `bytes` are the bytes of a file. */
export function checkBytes(bytes: Uint8Array, file: string): void {
  if (!isA(bytes, 'Uint8Array'))
    throw new TypeMismatchError(`${file}: got ${shown(bytes)}, expected the bytes of a file`);
}
