import type { Block } from '../compile/block.ts';
import { Executable, Workspace } from '../compile/executable.ts';
import { compile, compiling, type Program, type ProgramSpec } from '../compile/program.ts';
import type { Variable } from '../graph/tensor.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import type { Engine, Target } from '../runtime/engine.ts';
import { DisposedError, EngineError } from '../runtime/errors.ts';
import { inTurns, type Work } from '../runtime/turns.ts';
import { type BatchSums, MetricSums } from './metricSums.ts';
import type { TrainState } from './step.ts';
import { allocate, beside, byKind, initialize, inMemoryOrder } from './variables.ts';

const MAX_PROGRAMS = 12;

function* built(spec: Work<ProgramSpec>, target: Target): Work<Program> {
  return yield* compiling(yield* spec, target);
}

interface BlockCopy {
  readonly block: Block;
  readonly bytes: Uint8Array;
}

/** Memory of a model: its variables, what training keeps beside them, its programs. */
export class ModelState implements TrainState {
  readonly engine: Engine;
  readonly workspace: Workspace;
  readonly name: string;
  readonly variables: Variable[] = [];
  gradients: Map<Variable, Variable> = new Map();
  slots: Map<Variable, Variable[]> = new Map();
  #blocks: Block[] = [];
  #training: Block[] = [];
  #programs = new Map<string, Executable>();
  #sums = new Map<string, MetricSums>();
  #snapshot: BlockCopy[] = [];
  #disposed = false;
  #generation: number;

  constructor(engine: Engine, name: string) {
    this.engine = engine;
    this.name = name;
    this.workspace = new Workspace(engine, name);
    this.#generation = engine.generation;
  }

  /** Gives memory and first values to variables that have none. */
  async adopt(variables: Iterable<Variable>, seed: number): Promise<void> {
    const fresh = [...variables].filter((v) => !v.storage);
    if (fresh.length > 0) await this.#place(fresh, seed);
    const known = new Set(this.variables);
    for (const v of variables) if (!known.has(v)) this.variables.push(v);
  }

  async #place(fresh: readonly Variable[], seed: number): Promise<void> {
    const block = allocate(this.engine, `weights of ${this.name}`, byKind(fresh));
    try {
      await initialize(this.engine, fresh, seed);
    } catch (error) {
      for (const v of fresh) v.storage = null;
      block.free();
      throw error;
    }
    this.#blocks.push(block);
  }

  /** Makes gradients and slots for the parameters, once for each optimiser. A prediction may be running meanwhile. */
  async prepareTraining(parameters: readonly Variable[], optimizer: Optimizer): Promise<void> {
    if (parameters.every((p) => this.gradients.has(p))) return;
    await this.engine.exclusive(async () => this.dropTraining());
    try {
      await this.#placeTraining(parameters, optimizer);
    } catch (error) {
      this.dropTraining();
      throw error;
    }
  }

  async #placeTraining(trained: readonly Variable[], optimizer: Optimizer): Promise<void> {
    const parameters = inMemoryOrder(trained);
    const gradients = beside(parameters, 'gradient', 0);
    this.#training.push(allocate(this.engine, `gradients of ${this.name}`, gradients));
    this.gradients = new Map(parameters.map((p, i) => [p, gradients[i] as Variable]));
    for (const { name, initial } of optimizer.slots) {
      const slot = beside(parameters, name, initial);
      this.#training.push(allocate(this.engine, `${optimizer.name} ${name} of ${this.name}`, slot));
      await initialize(this.engine, slot, 0);
      parameters.forEach((p, i) => {
        this.slots.set(p, [...(this.slots.get(p) ?? []), slot[i] as Variable]);
      });
    }
  }

  /** Forgets the optimiser's state and all programs. */
  dropTraining(): void {
    for (const block of this.#training) block.free();
    this.#training = [];
    this.gradients = new Map();
    this.slots = new Map();
    this.dropPrograms();
  }

  /** The program under `key`, compiled when it is not kept. It may move the arena: for the job that has the engine. */
  program(key: string, spec: () => ProgramSpec): Executable {
    return this.#kept(key) ?? this.#keep(key, compile(spec(), this.engine.target));
  }

  /** The same, compiled in turns with the host's events. */
  async programInTurns(key: string, spec: () => Work<ProgramSpec>): Promise<Executable> {
    const kept = this.#kept(key);
    if (kept) return kept;
    const executable = this.#keep(key, await inTurns(built(spec(), this.engine.target)));
    await inTurns(executable.loading());
    return executable;
  }

  /** The newest of the programs that are kept is the last. */
  #kept(key: string): Executable | undefined {
    this.checkHeld();
    const kept = this.#programs.get(key);
    if (!kept) return undefined;
    this.#programs.delete(key);
    this.#programs.set(key, kept);
    return kept;
  }

  #keep(key: string, program: Program): Executable {
    this.checkHeld();
    const executable = new Executable(program, this.workspace);
    this.#programs.set(key, executable);
    if (this.#programs.size > MAX_PROGRAMS) {
      const [oldest] = this.#programs.keys();
      this.#drop(oldest as string);
    }
    return executable;
  }

  /** Throws unless the memory holds the weights. */
  checkHeld(): void {
    if (this.#disposed) throw new DisposedError(`model "${this.name}" was disposed`);
    if (!this.lost) return;
    const way = this.#snapshot.length > 0 ? '' : ': call setWeights or loadWeights';
    throw new EngineError(
      `the weights of model "${this.name}" were lost with the worker that held them${way}`,
    );
  }

  /** What the metrics of the programs of `owner` have added up. */
  metricSums(owner: string, metrics: () => readonly BatchSums[]): MetricSums {
    const key = `${owner}:`;
    const kept = this.#sums.get(key) ?? new MetricSums(this, metrics());
    this.#sums.set(key, kept);
    return kept;
  }

  /** Forgets programs whose key starts with `prefix`, and the state of their metrics. */
  dropPrograms(prefix = ''): void {
    for (const key of [...this.#programs.keys()]) if (key.startsWith(prefix)) this.#drop(key);
    for (const [key, sums] of this.#sums) {
      if (!key.startsWith(prefix)) continue;
      sums.free();
      this.#sums.delete(key);
    }
  }

  #drop(key: string): void {
    this.#programs.get(key)?.free();
    this.#programs.delete(key);
  }

  /** Keeps a copy of all variables to return to when a thread dies. */
  async snapshot(): Promise<void> {
    this.checkHeld();
    const copies = await this.#copies();
    this.checkHeld();
    this.#snapshot = copies;
  }

  #copies(more: readonly Block[] = []): Promise<BlockCopy[]> {
    return Promise.all(
      [...this.#blocks, ...this.#training, ...more].map(async (block) => ({
        block,
        bytes: await this.engine.read(block.at, block.bytes),
      })),
    );
  }

  /** Returns to the copy; false where there is none. */
  restore(): boolean {
    if (this.#snapshot.length === 0) return false;
    this.#write(this.#snapshot);
    this.#generation = this.engine.generation;
    return true;
  }

  #write(copies: readonly BlockCopy[]): void {
    for (const { block, bytes } of copies) this.engine.write(block.at, bytes);
  }

  /** Runs `body`, behind which all variables are what they were. Only for the job that has the engine. */
  async preserving<T>(body: () => Promise<T>): Promise<T> {
    const sums = [...this.#sums.values()].flatMap(({ block }) => block ?? []);
    const copies = await this.#copies(sums);
    try {
      return await body();
    } finally {
      this.#write(copies);
    }
  }

  /** Whether the engine lost its memory since the weights were written. */
  get lost(): boolean {
    return this.#generation !== this.engine.generation;
  }

  /** All weights are about to be written anew: what else was lost starts afresh. */
  renew(): void {
    if (this.lost) this.dropTraining();
    this.#generation = this.engine.generation;
  }

  forgetSnapshot(): void {
    this.#snapshot = [];
  }

  memory(): { variables: number; training: number; workspace: number; programs: number } {
    const sum = (list: Iterable<{ bytes: number }>) =>
      [...list].reduce((total, b) => total + b.bytes, 0);
    return {
      variables: sum(this.#blocks),
      training: sum(this.#training),
      workspace: this.workspace.bytes(),
      programs: [...this.#programs.values()].reduce((total, p) => total + p.bytes(), 0),
    };
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.dropTraining();
    this.#disposed = true;
    for (const block of this.#blocks) block.free();
    this.workspace.free();
  }
}
