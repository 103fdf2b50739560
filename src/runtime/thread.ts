import { isNode } from './environment.ts';
import { messageOf } from './errors.ts';
import type { Alive, Role, Start } from './messages.ts';

/** The parts of a browser's `Worker` and of Node's that are used. */
export interface WorkerLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  terminate(): unknown;
  ref?(): void;
  unref?(): void;
  on?(event: 'message' | 'error' | 'exit', listener: (value: unknown) => void): unknown;
  addEventListener?(type: string, listener: (event: Event) => void): void;
}

/** Starts `worker.ts`; for bundlers and pages that must do it their way. */
export type WorkerFactory = (name: string) => WorkerLike;

export interface Listener {
  message(data: unknown): void;
  /** The thread is gone, and not by `terminate`. Called once. */
  died(why: string): void;
}

/** A worker of the browser or of Node behind one interface. */
export class Thread {
  readonly #worker: WorkerLike;
  #ended = false;

  constructor(name: string, role: Role, listener: Listener, factory: WorkerFactory = startWorker) {
    this.#worker = factory(name);
    const lock = this.#worker.on ? undefined : lockName(name);
    this.#listen(listener);
    try {
      this.post({ role, lock } satisfies Start);
    } catch (error) {
      void this.terminate();
      throw error;
    }
  }

  post(message: unknown, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** A script (in Node) does not end while the thread is held. */
  hold(): void {
    this.#worker.ref?.();
  }

  release(): void {
    this.#worker.unref?.();
  }

  async terminate(): Promise<void> {
    this.#ended = true;
    await this.#worker.terminate();
  }

  #listen(listener: Listener): void {
    const worker = this.#worker;
    const died = (why: string): void => {
      if (this.#ended) return;
      this.#ended = true;
      listener.died(why);
    };
    const message = (data: unknown): void => {
      if (this.#ended) return;
      if (isAlive(data)) whenFree(data.holds, () => died('it was terminated'));
      else listener.message(data);
    };
    if (worker.on) {
      worker.on('message', message);
      worker.on('error', (error) => died(messageOf(error)));
      worker.on('exit', (code) => died(`it ended (exit code ${code})`));
      return;
    }
    worker.addEventListener?.('message', (event) => message((event as MessageEvent).data));
    worker.addEventListener?.('messageerror', () => died('a message could not be read'));
    worker.addEventListener?.('error', (event) =>
      died((event as ErrorEvent).message || 'the worker script did not load'),
    );
  }
}

/** A lock that no other worker holds; undefined where there are none (pages without HTTPS). */
function lockName(name: string): string | undefined {
  return globalThis.navigator?.locks && `${name} ${crypto.randomUUID()}`;
}

function isAlive(data: unknown): data is Alive {
  return typeof data === 'object' && data !== null && 'holds' in data;
}

/** A worker that is terminated, by whomever, sends no event, but what it holds becomes free. */
function whenFree(lock: string, then: () => void): void {
  const { locks } = navigator;
  locks
    .request(lock, { ifAvailable: true }, (free) => free !== null)
    .then((isFree) => (isFree ? undefined : locks.request(lock, then)))
    // A page that is being left has no locks.
    .catch(() => {});
}

/** The factory to use: the one given, or that of Node. */
export async function factoryOf(given?: WorkerFactory): Promise<WorkerFactory | undefined> {
  return given ?? (isNode ? (await import('./nodeWorker.ts')).nodeFactory() : undefined);
}

function startWorker(): WorkerLike {
  // Not written as bundlers look for.
  const here = import.meta.url;
  if (isElsewhere(here)) {
    elsewhere ??= importing(new URL('./worker.ts', here));
    return new Worker(elsewhere, { type: 'module' }) as WorkerLike;
  }
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }) as WorkerLike;
}

/** The script of workers, where the library comes from another origin: once for a page. */
let elsewhere: string | undefined;

function isElsewhere(url: string): boolean {
  return /^https?:/.test(url) && new URL(url).origin !== globalThis.location?.origin;
}

/**
 * A page may start workers of its own origin alone, but these may import from others (which have to allow it, by CORS). Not by
 * `import '…'`, for which WebKit asks for a header of isolation; messages that come before are kept.
 */
function importing(url: URL): string {
  const script = `const early = [];
onmessage = (event) => early.push(event);
import(${JSON.stringify(url)}).then(() => early.forEach((event) => onmessage(event)), reportError);`;
  return URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
}
