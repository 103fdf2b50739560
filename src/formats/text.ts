import { DataError } from '../runtime/errors.ts';
import { type Bytes, chunksOf, gunzip, isGzip } from './gzip.ts';

/** Bytes of a text, or the text itself. */
export type TextSource =
  | string
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

const PIECE = 1 << 20;

async function* bytesOf(source: Exclude<TextSource, string>): AsyncGenerator<Bytes> {
  if (source instanceof Uint8Array) yield source as Bytes;
  else if (source instanceof Blob) yield* chunksOf(source.stream());
  else if (source instanceof ReadableStream) yield* chunksOf(source as ReadableStream<Bytes>);
  else yield* source as AsyncIterable<Bytes>;
}

/** The same chunks, the first of them at least three bytes long. */
async function* withStart(chunks: AsyncGenerator<Bytes>): AsyncGenerator<Bytes> {
  let start: Bytes | null = new Uint8Array(0);
  for await (const chunk of chunks) {
    if (!start) yield chunk;
    else {
      start = Uint8Array.of(...start.subarray(0, 2), ...chunk.subarray(0, 3 - Math.min(start.length, 2)));
      yield start;
    }
  }
}

/** Encoding by the byte order mark; UTF-8 without one. */
function encodingOf(start: Uint8Array): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}
