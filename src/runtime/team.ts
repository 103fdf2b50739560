import type { Choice, RunOptions, RuntimeInfo } from './engine.ts';
import { isNode, macrotask, processors } from './environment.ts';
import { DisposedError, EngineError, messageOf, type WasmgradError } from './errors.ts';
import type { Instance } from './instance.ts';
import { Jobs } from './jobs.ts';
import { LocalEngine } from './local.ts';
import type { Role, ThreadMessage } from './messages.ts';
import { factoryOf, Thread, type WorkerFactory } from './thread.ts';
import { inTurns, turn } from './turns.ts';

/**
 * Looks at a word before a thread at a barrier sleeps. PATIENT: about 5 ms, longer than a turn on a processor; threads
 * that soon sleep can stay on one processor of two for seconds, as a scheduler moves only who waits. BUSY: about 50 µs,
 * where other processes want the processors. SHARED: where there are not enough for the threads.
 */
const SPINS_PATIENT = 5_000_000;
const SPINS_BUSY = 50_000;
const SPINS_SHARED = 50;
/** So many runs in a row with so many long waits of a thread tell of other processes; then so many runs are not patient. */
const SLOW_RUNS = 16;
const LONG_WAITS = 2;
const BUSY_RUNS = 16;
/** Looks at a word before an idle thread sleeps: about 2 µs, or 300 µs while commands come in quick succession. */
const PARK_SPINS = 4000;
const PARK_SPINS_QUICK = 600_000;
/** Commands not farther apart than so many milliseconds come in quick succession. */
const QUICK_MS = 0.2;
/** The calling thread takes part in a step of at most so many microseconds; a page has to stay responsive. */
const HERE_US = isNode ? 3000 : 1000;
/** A thread that was roused needs some time to get a processor. */
const ROUSE_MS = 0.5;
/** Work that is worth a thread which is awake, and what waking one costs, in microseconds. */
const SHARE_US = 20;
const WAKE_US = 60;
/** After so many milliseconds a thread that was told to leave is terminated. */
const LEAVE_MS = 1000;
/** Threads that start beside leave the processors to the first small work for so many milliseconds. */
const START_MS = 50;

/**
 * When threads start: before the engine is given out; beside what its owner does then, which alone runs what is too small to
 * share until they are there, and everything where they cannot be had; with the first work that is worth sharing.
 */
export type Start = 'first' | 'beside' | 'needed';

/** Threads over one shared memory; programs run on all of them while the calling thread stays free. */
export class TeamEngine extends LocalEngine {
  readonly #runs = new Jobs();
  readonly #factory: WorkerFactory | undefined;
  #team: Team | undefined;
  /** Of threads that start later: resolves when they are there, or why they are not is known. */
  #settled: Promise<void> | undefined;
  #start: Start = 'first';
  /** A processor for each thread. */
  readonly #fits: boolean;
  #missing: string | undefined;
  /** When the last short run ended. */
  #ended = Number.NEGATIVE_INFINITY;
  protected restarts = 0;

  private constructor(instance: Instance, choice: Choice, factory: WorkerFactory | undefined) {
    super(instance, choice);
    this.#factory = factory;
    this.#fits = choice.threads <= processors();
  }

  static async create(
    instance: Instance,
    choice: Choice,
    factory?: WorkerFactory,
    start: Start = 'first',
  ): Promise<TeamEngine> {
    const engine = new TeamEngine(instance, choice, await factoryOf(factory));
    engine.#start = start;
    if (start === 'first') await engine.#ready();
    if (start === 'beside') setTimeout(() => engine.settled(), START_MS);
    return engine;
  }

  override get info(): RuntimeInfo {
    const info = super.info;
    if (this.#missing === undefined) return info;
    const reasons = [...info.reasons, `on the calling thread: ${this.#missing}`];
    return { ...info, kind: 'inline', threads: 1, reasons };
  }

  /** Resolves when `info` is what it will stay. */
  async settled(): Promise<void> {
    if (this.#start !== 'needed') await this.#settle();
  }

  /** Waits for the first threads. An engine that was given out before them does without those that cannot be had. */
  #settle(): Promise<void> {
    if (this.#start === 'first') return Promise.resolve();
    this.#settled ??= this.#ready().then(
      () => {},
      (error) => {
        this.#missing = messageOf(error);
      },
    );
    return this.#settled;
  }

  run(options: RunOptions): Promise<void> {
    return this.#runs.run(async () => {
      await inTurns(this.cleaning());
      if (await this.#runShort(options)) return;
      await this.#settle();
      if (this.#missing !== undefined) return this.#runHere(options);
      const team = await this.#ready();
      await team.run(options);
    });
  }

  /** Runs a step that is over in a moment on the calling thread, with the threads that are awake or worth waking; else false. */
  async #runShort(options: RunOptions): Promise<boolean> {
    const { steps, us = Number.POSITIVE_INFINITY, profile, threads: most } = options;
    if (steps !== 1 || profile) return false;
    const ready = this.#team?.ready && !this.#team.broken ? this.#team : undefined;
    const threads = Math.min(
      most ?? this.info.threads,
      this.info.threads,
      Math.ceil(us / SHARE_US),
    );
    const short = us / threads < HERE_US && (threads === 1 || this.#fits);
    if (!short && !(most === 1 && !ready)) return false;
    this.check();
    const quick = performance.now() - this.#ended < QUICK_MS;
    if (threads === 1 || !ready) {
      this.sync.run(options);
      if (threads > 1 && quick) void this.#again();
    } else if (ready.awake(threads) || us - us / threads > WAKE_US)
      await ready.join(options, threads, quick);
    else {
      this.sync.run(options);
      if (quick) ready.rouse(threads);
    }
    this.#ended = performance.now();
    await turn();
    return true;
  }

  /** Has threads come, where they can be had. */
  async #again(): Promise<void> {
    await this.#settle();
    if (this.#missing === undefined) await this.#ready().catch(() => {});
  }

  #runHere(options: RunOptions): Promise<void> {
    this.sync.run(options);
    return macrotask();
  }

  override read(...range: Parameters<LocalEngine['read']>): Promise<Uint8Array<ArrayBuffer>> {
    return this.#runs.run(() => super.read(...range));
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
  readonly #shared: boolean;
  /** Slow runs in a row, and from now on runs that are not to be patient. */
  #slow = 0;
  #busy = 0;
  #longWaits = 0;
  readonly #outside: Set<number>;
  /** All threads were there once. */
  ready = false;
  #roused = Number.NEGATIVE_INFINITY;
  #reject: (error: WasmgradError) => void = () => {};
  #resolve: () => void = () => {};
  #onLeft: () => void = () => {};

  constructor(instance: Instance, count: number, factory?: WorkerFactory) {
    const { exports, memory } = instance;
    exports.clearTeam();
    this.#instance = instance;
    this.#count = count;
    this.#done = new Int32Array(memory.wasm.buffer, exports.doneWord(), 1);
    this.#shared = count > processors();
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
    startTeam(first, last, steps, profile, count, this.#spins(), report, PARK_SPINS);
    if (!report) void this.#watch(before);
    try {
      await done;
    } finally {
      this.#threads[0]?.release();
    }
  }

  /** For the next run, by how the last one went. */
  #spins(): number {
    if (this.#shared) return SPINS_SHARED;
    const waits = this.#instance.exports.longWaits();
    const slow = waits - this.#longWaits >= LONG_WAITS * (this.#count - 1);
    this.#longWaits = waits;
    this.#slow = slow ? this.#slow + 1 : 0;
    if (this.#busy > 0) this.#busy--;
    else if (this.#slow >= SLOW_RUNS) this.#busy = BUSY_RUNS;
    return this.#busy > 0 ? SPINS_BUSY : SPINS_PATIENT;
  }

  /** None of the first `threads` sleeps but perhaps thread 0, in whose place the calling thread comes. */
  awake(threads: number): boolean {
    return this.#instance.exports.sleepers(threads) === 0;
  }

  /** Has sleeping threads look out for a command, unless they were told a moment ago. */
  rouse(threads: number): void {
    const now = performance.now();
    if (now - this.#roused < ROUSE_MS) return;
    this.#roused = now;
    this.#instance.exports.rouseTeam(threads, PARK_SPINS_QUICK);
  }

  /** Runs one step with the calling thread in the place of thread 0. `quick`: the next command is near. */
  async join({ first, last }: RunOptions, threads: number, quick: boolean): Promise<void> {
    const { joinTeam } = this.#instance.exports;
    const parkSpins = quick ? PARK_SPINS_QUICK : PARK_SPINS;
    let trapped: WasmgradError | undefined;
    try {
      if (joinTeam(first, last, threads, this.#spins(), parkSpins) === 0) return;
    } catch (cause) {
      trapped = new EngineError(`the program trapped: ${messageOf(cause)}`, { cause });
    }
    await this.#giveUp(trapped);
  }

  /** Ends the team with the error of a thread that died, if one is heard of soon. */
  async #giveUp(trapped: WasmgradError | undefined): Promise<never> {
    if (!trapped) await macrotask();
    await this.fail(trapped ?? new EngineError('a thread does not answer'));
    throw this.broken;
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
      this.ready = true;
      this.#resolve();
    }
  }

  #lost(tid: number, why: string): void {
    this.#gone(tid);
    const next = this.ready ? '; a new team takes over' : '';
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
