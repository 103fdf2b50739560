import { DataError, shown, TypeMismatchError } from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import { type Bytes, chunksOf, gunzip, isGzip, joinBytes } from './gzip.ts';

/** The text itself, or its bytes: UTF-8, or UTF-16 with a byte order mark; gzip is undone. */
export type TextSource =
  | string
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

const PIECE = 1 << 20;

async function* bytesOf(source: Exclude<TextSource, string>, name: string): AsyncGenerator<Bytes> {
  const { getReader, stream } = Object(source) as Partial<ReadableStream & Blob>;
  if (isA(source, 'Uint8Array')) yield source;
  else if (getReader) yield* chunksOf(source as ReadableStream<Bytes>);
  else if (stream) yield* chunksOf((source as Blob).stream());
  else if ((source as AsyncIterable<Bytes>)?.[Symbol.asyncIterator])
    yield* source as AsyncIterable<Bytes>;
  else throw new TypeMismatchError(`${name}: got ${shown(source)}, expected text or its bytes`);
}

/** The same bytes, the first chunk long enough to tell formats apart. */
async function withStart(chunks: AsyncGenerator<Bytes>): Promise<[Bytes, AsyncGenerator<Bytes>]> {
  let start: Bytes = new Uint8Array(0);
  while (start.length < 3) {
    const { done, value } = await chunks.next();
    if (done) break;
    start = joinBytes(start, value);
  }
  const all = (async function* () {
    try {
      yield start;
      yield* chunks;
    } finally {
      await chunks.return(undefined);
    }
  })();
  return [start, all];
}

function encodingOf(start: Uint8Array): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

/** Text piece by piece, without a byte order mark. Throws `DataError` naming `name` for bytes that are not text. */
export async function* textPieces(source: TextSource, name: string): AsyncGenerator<string> {
  if (typeof source === 'string') {
    const from = source.startsWith('\ufeff') ? 1 : 0;
    for (let at = from; at < source.length; at += PIECE) yield source.slice(at, at + PIECE);
    return;
  }
  let [start, chunks] = await withStart(bytesOf(source, name));
  if (isGzip(start)) [start, chunks] = await withStart(gunzip(chunks, name));
  const decoder = new TextDecoder(encodingOf(start), { fatal: true });
  const decode = (chunk?: Bytes) => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch (cause) {
      throw new DataError(`${name}: not UTF-8 text`, { cause });
    }
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE)
      yield checked(decode(chunk.subarray(at, at + PIECE)), name);
  }
  yield decode();
}

function checked(text: string, name: string): string {
  if (text.includes('\0')) throw new DataError(`${name}: not a text file (it holds zero bytes)`);
  return text;
}
