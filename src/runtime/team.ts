import type { Choice, RunOptions } from './engine.ts';
import { macrotask, processors } from './environment.ts';
import { DisposedError, EngineError, messageOf, type WasmgradError } from './errors.ts';
import type { Instance } from './instance.ts';
import { Jobs } from './jobs.ts';
import { LocalEngine } from './local.ts';
import type { Role, ThreadMessage } from './messages.ts';
import { Thread, type WorkerFactory } from './thread.ts';

/** Looks at a word before a thread at a barrier sleeps: about 50 µs; few when threads must share processors. */
const SPINS = 50_000;
const SPINS_SHARED = 50;
/** After so many milliseconds a thread that was told to leave is terminated. */
const LEAVE_MS = 1000;

/** Threads over one shared memory; programs run on all of them while the calling thread stays free. */
export class TeamEngine extends LocalEngine {
  readonly #runs = new Jobs();
  readonly #factory: WorkerFactory | undefined;
  #team: Team | undefined;
  protected restarts = 0;

  private constructor(instance: Instance, choice: Choice, factory: WorkerFactory | undefined) {
    super(instance, choice);
    this.#factory = factory;
  }

  /** Resolves when all threads are ready; `lazy`: at once, threads start with the first work that is worth sharing. */
  static async create(
    instance: Instance,
    choice: Choice,
    factory?: WorkerFactory,
    lazy = false,
  ): Promise<TeamEngine> {
    const engine = new TeamEngine(instance, choice, factory);
    if (!lazy) await engine.#ready();
    return engine;
  }

  run(options: RunOptions): Promise<void> {
    return this.#runs.run(async () => {
      if (!this.#team && options.threads === 1 && options.steps === 1) {
        this.sync.run(options);
        return macrotask();
      }
      const team = await this.#ready();
      await team.run(options);
    });
  }

  override read(at: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    return this.#runs.run(() => super.read(at, bytes));
  }

  protected override close(): void {
    super.close();
    void this.#team?.fail(new DisposedError('the engine was disposed'));
  }

  /** The team; a new one if the last broke. */
  async #ready(): Promise<Team> {
    if (this.#team?.broken) await this.#team.ended;
    this.check();
    if (this.#team?.broken) this.restarts++;
    if (!this.#team || this.#team.broken)
      this.#team = new Team(this.instance, this.info.threads, this.#factory);
    await this.#team.started;
    return this.#team;
  }
}

/** One set of threads. When one dies all are given up. */
class Team {
  readonly started: Promise<void>;
  /** Resolves when no thread is left of a broken team. */
  ended: Promise<void> = Promise.resolve();
  broken: WasmgradError | undefined;
  readonly #instance: Instance;
  readonly #done: Int32Array;
  readonly #threads: Thread[] = [];
  readonly #count: number;
  readonly #spins: number;
  readonly #outside: Set<number>;
  #ready = false;
  #reject: (error: WasmgradError) => void = () => {};
  #resolve: () => void = () => {};
  #onLeft: () => void = () => {};

  constructor(instance: Instance, count: number, factory?: WorkerFactory) {
    const { exports, memory } = instance;
    exports.clearTeam();
    this.#instance = instance;
    this.#count = count;
    this.#done = new Int32Array(memory.wasm.buffer, exports.doneWord(), 1);
    this.#spins = count > processors() ? SPINS_SHARED : SPINS;
    this.#outside = new Set(Array.from({ length: count }, (_, tid) => tid));
    this.started = this.#pending();
    this.started.catch(() => {});
    for (let tid = 0; tid < count && !this.broken; tid++) this.#start(tid, factory);
  }

  #start(tid: number, factory?: WorkerFactory): void {
    const { memory, module } = this.#instance;
    const listener = {
      message: (data: unknown) => this.#hear(tid, data as ThreadMessage),
      died: (why: string) => this.#lost(tid, why),
    };
    try {
      const role = { role: 'thread', module, memory: memory.wasm, tid } satisfies Role;
      this.#threads.push(new Thread(`wasmgrad ${tid}`, role, listener, factory));
    } catch (error) {
      this.#lost(tid, messageOf(error));
    }
  }

  async run({ first, last, steps, profile = 0, threads }: RunOptions): Promise<void> {
    if (this.broken) throw this.broken;
    const count = Math.min(Math.max(threads ?? this.#count, 1), this.#count);
    const report = typeof Atomics.waitAsync === 'function' ? 0 : 1;
    const before = Atomics.load(this.#done, 0);
    const done = this.#pending();
    this.#threads[0]?.hold();
    const { startTeam } = this.#instance.exports;
    startTeam(first, last, steps, profile, count, this.#spins, report);
    if (!report) void this.#watch(before);
    try {
      await done;
    } finally {
      this.#threads[0]?.release();
    }
  }

  /** Stops the team: the running program is rejected with `error`, once no thread writes any more. */
  fail(error: WasmgradError): Promise<void> {
    if (!this.broken) {
      this.broken = error;
      this.#resolve = () => {};
      this.#instance.exports.stopTeam();
      this.ended = this.#end().then(() => this.#reject(error));
    }
    return this.ended;
  }

  #pending(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  async #watch(before: number): Promise<void> {
    while (Atomics.load(this.#done, 0) === before) {
      const { async, value } = Atomics.waitAsync(this.#done, 0, before);
      if (async) await value;
    }
    this.#resolve();
  }

  #hear(tid: number, message: ThreadMessage): void {
    if (message.state === 'trapped') this.#lost(tid, message.why);
    else if (message.state === 'done') this.#resolve();
    else if (message.state === 'left') this.#gone(tid);
    else {
      this.#outside.delete(tid);
      this.#threads[tid]?.release();
      if (this.#outside.size > 0) return;
      this.#ready = true;
      this.#resolve();
    }
  }

  #lost(tid: number, why: string): void {
    this.#gone(tid);
    const next = this.#ready ? '; a new team takes over' : '';
    void this.fail(new EngineError(`thread ${tid} of ${this.#count} died: ${why}${next}`));
  }

  #gone(tid: number): void {
    this.#outside.add(tid);
    this.#onLeft();
  }

  /** The words in memory are free for the next team only when every thread is out of them. */
  async #end(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, LEAVE_MS);
      this.#onLeft = () => {
        if (this.#outside.size < this.#count) return;
        clearTimeout(timer);
        resolve();
      };
      this.#onLeft();
    });
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}
