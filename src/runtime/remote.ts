import { BaseEngine, targetOf } from './base.ts';
import type { Choice, RunOptions } from './engine.ts';
import {
  DisposedError,
  EngineError,
  MemoryError,
  messageOf,
  type WasmgradError,
} from './errors.ts';
import { addressLimit } from './memory.ts';
import type { Answer, Command, Hello, Role } from './messages.ts';
import { factoryOf, Thread, type WorkerFactory } from './thread.ts';

/**
 * One worker that owns the memory, reached by messages: for pages that may not share memory. If it dies, the next
 * call starts another, whose memory has the same addresses but is empty.
 */
export class RemoteEngine extends BaseEngine {
  readonly #link: Link;

  private constructor(link: Link, hello: Hello, choice: Choice) {
    const exports = {
      build: () => hello.build,
      realBytes: () => hello.realBytes,
      tileRows: () => hello.tileRows,
      tileColumns: () => hello.tileColumns,
    };
    const target = targetOf(exports, choice.threads);
    super(target, choice, hello.heapStart, addressLimit(hello.maximumPages));
    this.#link = link;
  }

  static async create(
    module: WebAssembly.Module,
    choice: Choice,
    given?: WorkerFactory,
    pages?: number,
  ): Promise<RemoteEngine> {
    const factory = await factoryOf(given);
    const link = new Link({ role: 'server', module, pages }, factory);
    const hello = await link.ask<Hello>((id) => ({ do: 'hello', id }));
    return new RemoteEngine(link, hello, choice);
  }

  override get generation(): number {
    return this.#link.deaths;
  }

  protected get restarts(): number {
    return this.#link.deaths;
  }

  write(at: number, view: ArrayBufferView): void {
    this.check();
    const data = new Uint8Array(view.byteLength);
    data.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    this.#link.tell({ do: 'write', at, data }, [data.buffer]);
  }

  async read(at: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    this.check();
    return this.#link.ask((id) => ({ do: 'read', id, at, bytes }));
  }

  async run({ first, last, steps, profile = 0 }: RunOptions): Promise<void> {
    this.check();
    await this.#link.ask((id) => ({ do: 'run', id, first, last, steps, profile }));
  }

  protected get size(): number {
    return Math.max(this.#link.size, this.top);
  }

  /** Whether it succeeds shows with the next answer. */
  protected reserve(end: number): boolean {
    this.#link.grow(end);
    return true;
  }

  protected clear(at: number, bytes: number): void {
    this.#link.tell({ do: 'clear', at, bytes });
  }

  protected close(): void {
    this.#link.close(new DisposedError('the engine was disposed'));
  }
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: WasmgradError): void;
}

/** The messages to and from the worker; starts it, and again after its death. */
class Link {
  deaths = 0;
  /** Bytes of its memory at the last answer. */
  size = 0;
  readonly #role: Role;
  readonly #factory: WorkerFactory | undefined;
  readonly #pending = new Map<number, Pending>();
  #thread: Thread | undefined;
  #needed = 0;
  #id = 0;

  constructor(role: Role, factory: WorkerFactory | undefined) {
    this.#role = role;
    this.#factory = factory;
  }

  tell(command: Command, transfer: ArrayBuffer[] = []): void {
    this.#connected().post(command, transfer);
  }

  grow(end: number): void {
    this.#needed = Math.max(this.#needed, end);
    this.tell({ do: 'grow', end: this.#needed });
  }

  ask<T>(command: (id: number) => Command): Promise<T> {
    const thread = this.#connected();
    const id = ++this.#id;
    if (this.#pending.size === 0) thread.hold();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      thread.post(command(id));
    });
  }

  close(error: WasmgradError): void {
    const thread = this.#thread;
    this.#thread = undefined;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    void thread?.terminate();
  }

  #connected(): Thread {
    if (this.#thread) return this.#thread;
    const listener = {
      message: (data: unknown) => this.#hear(data as Answer),
      died: (why: string) => {
        this.deaths++;
        this.close(
          new EngineError(`the worker died: ${why}; a new one takes over, with empty memory`),
        );
      },
    };
    try {
      const thread = new Thread('wasmgrad', this.#role, listener, this.#factory);
      thread.release();
      if (this.#needed) thread.post({ do: 'grow', end: this.#needed } satisfies Command);
      this.#thread = thread;
      return thread;
    } catch (cause) {
      throw new EngineError(`no worker: ${messageOf(cause)}`, { cause });
    }
  }

  #hear(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (this.#pending.size === 0) this.#thread?.release();
    if ('value' in answer) {
      this.size = answer.size;
      pending?.resolve(answer.value);
    } else if (answer.outOfMemory) {
      pending?.reject(new MemoryError(`the worker cannot hold ${this.#needed} bytes`));
    } else pending?.reject(new EngineError(answer.error));
  }
}
