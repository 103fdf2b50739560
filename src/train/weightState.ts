import type { Block } from '../compile/block.ts';
import { Executable, Workspace } from '../compile/executable.ts';
import { compile, compiling, type Program, type ProgramSpec } from '../compile/program.ts';
import type { Variable } from '../graph/tensor.ts';
import type { Engine, Target } from '../runtime/engine.ts';
import { DisposedError } from '../runtime/errors.ts';
import { inTurns, type Work } from '../runtime/turns.ts';
import { allocate, byKind } from './slabs.ts';

const MAX_PROGRAMS = 12;

function* built(spec: Work<ProgramSpec>, target: Target): Work<Program> {
  return yield* compiling(yield* spec, target);
}

/** Variables as a walk through a network finds them, and names of the random numbers with which they start. */
export interface Found {
  readonly variables: Iterable<Variable>;
  readonly streams: ReadonlyMap<Variable, number>;
}

/** Memory of a network: its variables, its programs. */
export class WeightState {
  readonly engine: Engine;
  readonly workspace: Workspace;
  readonly name: string;
  readonly variables: Variable[] = [];
  /** Where the variables lie; others may hold these blocks too. */
  protected readonly blocks: Block[] = [];
  protected readonly programs = new Map<string, Executable>();
  #disposed = false;

  constructor(engine: Engine, name: string) {
    this.engine = engine;
    this.name = name;
    this.workspace = new Workspace(engine, name);
  }

  /** Gives memory and first values to variables that have none. */
  async adopt({ variables }: Found, seed: number): Promise<void> {
    const fresh = [...variables].filter((v) => !v.storage);
    if (fresh.length > 0) await this.#place(fresh, seed);
    const known = new Set(this.variables);
    for (const v of variables) if (!known.has(v)) this.variables.push(v);
  }

  async #place(fresh: readonly Variable[], seed: number): Promise<void> {
    const block = allocate(this.engine, `weights of ${this.name}`, byKind(fresh));
    try {
      await this.start(fresh, seed);
      if (this.#disposed) this.checkHeld();
    } catch (error) {
      for (const v of fresh) v.storage = null;
      block.free();
      throw error;
    }
    this.blocks.push(block);
  }

  /** First values of variables; here none: they come from a file. */
  protected async start(_fresh: readonly Variable[], _seed: number): Promise<void> {}

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
    const kept = this.programs.get(key);
    if (!kept) return undefined;
    this.programs.delete(key);
    this.programs.set(key, kept);
    return kept;
  }

  #keep(key: string, program: Program): Executable {
    this.checkHeld();
    const executable = new Executable(program, this.workspace);
    this.#drop(key);
    this.programs.set(key, executable);
    if (this.programs.size > MAX_PROGRAMS) {
      const [oldest] = this.programs.keys();
      this.#drop(oldest as string);
    }
    return executable;
  }

  /** Throws unless the memory holds the weights. */
  checkHeld(): void {
    if (this.#disposed) throw new DisposedError(`model "${this.name}" was disposed`);
  }

  #drop(key: string): void {
    this.programs.get(key)?.free();
    this.programs.delete(key);
  }

  /** Forgets programs whose key starts with `prefix`. */
  dropPrograms(prefix = ''): void {
    for (const key of [...this.programs.keys()]) if (key.startsWith(prefix)) this.#drop(key);
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** `collected`: nobody asked for it, but nobody can use it any more. */
  dispose(_collected = false): void {
    if (this.#disposed) return;
    this.dropPrograms();
    this.#disposed = true;
    for (const block of this.blocks) block.free();
    this.workspace.free();
  }
}
