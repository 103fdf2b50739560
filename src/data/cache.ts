import type { FileHandle } from 'node:fs/promises';
import type { Bytes } from '../formats/gzip.ts';
import { builtin, variable } from '../runtime/environment.ts';
import { DataError, messageOf } from '../runtime/errors.ts';

/** A file while it arrives, possibly begun by an earlier run. */
export interface Arriving {
  /** Bytes that are already there. */
  readonly size: number;
  write(chunk: Uint8Array, at: number): Promise<void>;
  /** The first `size` bytes, which are all. */
  read(size: number): Promise<Bytes>;
  /** Makes it the kept file. */
  keep(): Promise<void>;
  /** Forgets it. */
  drop(): Promise<void>;
  /** Leaves it for a later run to go on with, unless kept or dropped. */
  close(): Promise<void>;
}

/** Where downloaded files stay. */
export interface Store {
  /** In words, for messages. */
  readonly place: string;
  read(file: string): Promise<Bytes | undefined>;
  begin(file: string): Promise<Arriving>;
}

/** Files in `folder` under `WASMGRAD_DATA` or ~/.cache/wasmgrad, or the browser's cache. */
export function openStore(folder: string, root?: string): Store {
  const home = builtin('node:os')?.homedir();
  if (home === undefined) return new BrowserStore(folder);
  const base = root ?? (variable('WASMGRAD_DATA') || `${home}/.cache/wasmgrad`);
  return new FolderStore(`${base}/${folder}`);
}

function files() {
  return builtin('node:fs/promises') as typeof import('node:fs/promises');
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function unlessMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

/** Errors of the file system as errors of the library. */
async function using<T>(path: string, action: Promise<T>): Promise<T> {
  try {
    return await action;
  } catch (cause) {
    throw new DataError(
      `cannot keep downloads in ${path}: ${messageOf(cause)} (set WASMGRAD_DATA to another folder)`,
      { cause },
    );
  }
}

class FolderStore implements Store {
  readonly place: string;

  constructor(folder: string) {
    this.place = folder;
  }

  async read(file: string): Promise<Bytes | undefined> {
    const path = `${this.place}/${file}`;
    try {
      return new Uint8Array(await files().readFile(path));
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
      throw new DataError(`${path}: ${messageOf(error)}`, { cause: error });
    }
  }

  async begin(file: string): Promise<Arriving> {
    await using(this.place, files().mkdir(this.place, { recursive: true }));
    const path = `${this.place}/${file}`;
    const { O_RDWR, O_CREAT } = files().constants;
    const handle = await using(path, files().open(`${path}.part`, O_RDWR | O_CREAT));
    return new ArrivingFile(path, handle, (await handle.stat()).size);
  }
}

/**
 * `FILE.part`, renamed when complete. Bytes are written where they belong, so that two processes that fetch the same file
 * do not harm each other.
 */
class ArrivingFile implements Arriving {
  readonly size: number;
  readonly #path: string;
  readonly #handle: FileHandle;
  #closed = false;

  constructor(path: string, handle: FileHandle, size: number) {
    this.#path = path;
    this.#handle = handle;
    this.size = size;
  }

  get #part(): string {
    return `${this.#path}.part`;
  }

  async write(chunk: Uint8Array, at: number): Promise<void> {
    for (let done = 0; done < chunk.length; ) {
      const rest = chunk.length - done;
      const { bytesWritten } = await using(
        this.#part,
        this.#handle.write(chunk, done, rest, at + done),
      );
      done += bytesWritten;
    }
  }

  async read(size: number): Promise<Bytes> {
    await using(this.#part, this.#handle.truncate(size));
    return new Uint8Array(await using(this.#part, this.#handle.readFile()));
  }

  async keep(): Promise<void> {
    await using(this.#part, this.#handle.sync());
    await this.close();
    const renamed = files().rename(this.#part, this.#path);
    // Another process may have been faster with the same file.
    await using(this.#path, renamed.catch(unlessMissing));
  }

  async drop(): Promise<void> {
    await this.close();
    await using(this.#part, files().rm(this.#part, { force: true }));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { size } = await this.#handle.stat();
    await this.#handle.close();
    if (size === 0) await files().rm(this.#part, { force: true });
  }
}

/** The Cache API, which pages have over https and on localhost; without it nothing is kept. */
class BrowserStore implements Store {
  readonly place = 'the cache of this page';
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The same for all mirrors. */
  #key(file: string): string {
    return `https://wasmgrad.invalid/${this.#folder}/${file}`;
  }

  async read(file: string): Promise<Bytes | undefined> {
    const cache = await globalThis.caches?.open('wasmgrad');
    const found = await cache?.match(this.#key(file));
    return found && new Uint8Array(await found.arrayBuffer());
  }

  async begin(file: string): Promise<Arriving> {
    return new ArrivingMemory(this.#key(file));
  }
}

class ArrivingMemory implements Arriving {
  readonly size = 0;
  readonly #key: string;
  #bytes: Bytes = new Uint8Array(0);
  #whole: Bytes = this.#bytes;

  constructor(key: string) {
    this.#key = key;
  }

  async write(chunk: Uint8Array, at: number): Promise<void> {
    if (at + chunk.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(2 * this.#bytes.length, at + chunk.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, at);
  }

  async read(size: number): Promise<Bytes> {
    this.#whole = this.#bytes.slice(0, size);
    return this.#whole;
  }

  /** A full cache is no reason to fail: the bytes are here. */
  async keep(): Promise<void> {
    const cache = await globalThis.caches?.open('wasmgrad');
    await cache?.put(this.#key, new Response(this.#whole)).catch(() => {});
  }

  async drop(): Promise<void> {
    this.#bytes = new Uint8Array(0);
  }

  async close(): Promise<void> {}
}
