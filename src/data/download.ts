import type { Bytes } from '../formats/gzip.ts';
import { DataError, messageOf, OptionError } from '../runtime/errors.ts';
import { type Arriving, openStore, type Store } from './cache.ts';

export interface DownloadProgress {
  readonly file: string;
  /** Bytes so far. */
  readonly received: number;
  /** Bytes of the file, where the server says. */
  readonly total?: number;
}

export interface DownloadOptions {
  /** Address of the folder that holds the files; default a public mirror. */
  readonly baseUrl?: string;
  /** Folder (Node) in which each data set has a folder of its own; default `WASMGRAD_DATA`, else ~/.cache/wasmgrad. */
  readonly folder?: string;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Aborting stops the download; what arrived is kept, and the next call goes on from there (Node). */
  readonly signal?: AbortSignal;
  /** Further tries, without a byte gained, after a failure of network or server. Default 4. */
  readonly retries?: number;
  /** Milliseconds before the first further try, doubled for each next one. Default 500. */
  readonly retryDelay?: number;
  /** Milliseconds without a byte after which a try has failed. Default 30,000. */
  readonly timeout?: number;
}

export const DOWNLOAD_OPTIONS = [
  'baseUrl',
  'folder',
  'onProgress',
  'signal',
  'retries',
  'retryDelay',
  'timeout',
] satisfies (keyof DownloadOptions)[];

/** A file with its checksum, in hexadecimal. */
export interface RemoteFile {
  readonly file: string;
  readonly sha256: string;
}

/** The server has nothing behind what is here already. */
const WHOLE = 416;

/** What may go well another time: connections that end, servers that are busy. */
class Interruption extends Error {}

/**
 * The bytes of a file: from the cache if its checksum agrees, otherwise from the network. A file that does not have its
 * checksum is fetched once more. Throws `DataError` naming address, cause and folder.
 */
export async function download(
  set: string,
  remote: RemoteFile,
  baseUrl: string,
  options: DownloadOptions = {},
): Promise<Bytes> {
  const store = openStore(set, options.folder);
  options.signal?.throwIfAborted();
  const cached = await store.read(remote.file);
  if (cached && (await sha256(cached)) === remote.sha256) return cached;
  const url = address(baseUrl, remote.file);
  const first = await fetchFile(store, url, remote, options);
  const second = typeof first === 'string' ? await fetchFile(store, url, remote, options) : first;
  if (typeof second !== 'string') return second;
  throw new DataError(`${url}: the file has SHA-256 ${second}, expected ${remote.sha256}`);
}

function address(baseUrl: string, file: string): string {
  const url = `${baseUrl.replace(/\/+$/, '')}/${file}`;
  const found = URL.parse(url, globalThis.location?.href);
  if (found?.protocol !== 'http:' && found?.protocol !== 'https:') {
    throw new OptionError(`baseUrl "${baseUrl}", expected an address such as https://host/folder/`);
  }
  return found.href;
}

/** The bytes, kept in the store; or the checksum if it is wrong. */
async function fetchFile(
  store: Store,
  url: string,
  remote: RemoteFile,
  options: DownloadOptions,
): Promise<Bytes | string> {
  const arriving = await store.begin(remote.file);
  try {
    const bytes = await arriving.read(
      await new Transfer(url, remote.file, arriving, store.place, options).run(),
    );
    const found = await sha256(bytes);
    if (found !== remote.sha256) {
      await arriving.drop();
      return found;
    }
    await arriving.keep();
    return bytes;
  } finally {
    await arriving.close();
  }
}

/** One file on its way, over as many connections as it takes. */
class Transfer {
  readonly #url: string;
  readonly #file: string;
  readonly #arriving: Arriving;
  readonly #place: string;
  readonly #options: DownloadOptions;
  #at: number;

  constructor(
    url: string,
    file: string,
    arriving: Arriving,
    place: string,
    options: DownloadOptions,
  ) {
    this.#place = place;
    this.#url = url;
    this.#file = file;
    this.#arriving = arriving;
    this.#options = options;
    this.#at = arriving.size;
  }

  /** Resolves to the size of the file. */
  async run(): Promise<number> {
    const { signal, retries = 4, retryDelay = 500 } = this.#options;
    let furthest = this.#at;
    for (let failures = 0; ; ) {
      try {
        await this.#try();
        return this.#at;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof Interruption)) throw error;
        if (this.#at > furthest) failures = 0;
        furthest = Math.max(furthest, this.#at);
        if (++failures > retries) throw this.#failure(error.message, error);
        await pause(retryDelay * 2 ** (failures - 1), signal);
      }
    }
  }

  #failure(problem: string, cause?: unknown): DataError {
    const hint = `give a baseUrl, or put the file into ${this.#place}`;
    return new DataError(`cannot download ${this.#url}: ${problem} (${hint})`, { cause });
  }

  async #try(): Promise<void> {
    const watch = new Watch(this.#options);
    try {
      const response = await watch.over(
        fetch(this.#url, { headers: this.#headers(), signal: watch.signal }),
      );
      const total = await this.#begin(response);
      if (response.status === WHOLE) return;
      await this.#receive(response, total, watch);
      if (total !== undefined && this.#at < total)
        throw new Interruption(`the connection ended at byte ${this.#at} of ${total}`);
    } finally {
      watch.close();
    }
  }

  /** Coded bytes would have neither the checksum nor the positions of the file. */
  #headers(): Record<string, string> {
    const plain = { 'accept-encoding': 'identity' };
    return this.#at > 0 ? { ...plain, range: `bytes=${this.#at}-` } : plain;
  }

  /** Sets the position at which the answer begins; returns the size of the file if it is told. */
  async #begin(response: Response): Promise<number | undefined> {
    const { status, statusText, headers } = response;
    if (status !== 200 && status !== 206) {
      await response.body?.cancel().catch(() => {});
      if (status === WHOLE && this.#at > 0) return this.#at;
      const problem = `the server answers ${status} ${statusText}`.trim();
      if (status >= 500 || status === 408 || status === 429) throw new Interruption(problem);
      throw this.#failure(problem);
    }
    if (status === 200) this.#at = 0;
    const range = /^bytes (\d+)-\d+\/(\d+)?/.exec(headers.get('content-range') ?? '');
    if (status === 206 && range) {
      this.#at = Number(range[1]);
      return range[2] === undefined ? undefined : Number(range[2]);
    }
    const length = headers.get('content-length');
    return length === null || headers.has('content-encoding')
      ? undefined
      : this.#at + Number(length);
  }

  async #receive(response: Response, total: number | undefined, watch: Watch): Promise<void> {
    const { onProgress } = this.#options;
    const reader = response.body?.getReader();
    const size = total === undefined ? {} : { total };
    try {
      while (reader) {
        const { done, value } = await watch.over(reader.read());
        if (done) break;
        await this.#arriving.write(value, this.#at);
        this.#at += value.length;
        onProgress?.({ file: this.#file, received: this.#at, ...size });
      }
    } finally {
      await reader?.cancel().catch(() => {});
    }
  }
}

/** Ends a try when nothing comes, or when the caller aborts. */
class Watch {
  readonly #silence = new AbortController();
  readonly #timeout: number;
  readonly signal = this.#silence.signal;
  readonly #given: AbortSignal | undefined;
  readonly #stop = () => this.#silence.abort(this.#given?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ timeout = 30_000, signal }: DownloadOptions) {
    this.#timeout = timeout;
    this.#given = signal;
    // Not `AbortSignal.any`, which takes none of another window or context.
    signal?.addEventListener('abort', this.#stop);
    if (signal?.aborted) this.#stop();
  }

  /** Waits for the network; its failures may be passing ones. */
  async over<T>(answer: Promise<T>): Promise<T> {
    const silent = () => this.#silence.abort(new Error(`no data for ${this.#timeout / 1000} s`));
    this.#timer = setTimeout(silent, this.#timeout);
    try {
      return await answer;
    } catch (error) {
      throw new Interruption(reason(error), { cause: error });
    } finally {
      this.end();
    }
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  close(): void {
    this.end();
    this.#given?.removeEventListener('abort', this.#stop);
  }
}

/** What lies behind `fetch failed`. */
function reason(error: unknown): string {
  const { cause } = Object(error) as { cause?: unknown };
  return (cause ? messageOf(cause) : '') || messageOf(error);
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

export async function sha256(bytes: Bytes): Promise<string> {
  if (!globalThis.crypto?.subtle) {
    throw new DataError(
      'downloads are checked with SHA-256, which browsers offer only to pages over https or on localhost',
    );
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
