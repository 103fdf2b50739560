import type { Block } from '../compile/block.ts';
import { Executable, Workspace } from '../compile/executable.ts';
import { compile, type ProgramSpec } from '../compile/program.ts';
import type { Variable } from '../graph/tensor.ts';
import type { Engine } from '../runtime/engine.ts';
import { DisposedError, EngineError } from '../runtime/errors.ts';
import { allocate, byKind } from './slabs.ts';

const MAX_PROGRAMS = 12;

/** Memory of a network: its variables, its programs. */
export class WeightState {
  readonly engine: Engine;
  readonly workspace: Workspace;
  readonly name: string;
  readonly variables: Variable[] = [];
  protected readonly blocks: Block[] = [];
  protected readonly programs = new Map<string, Executable>();
  protected generation: number;
  #disposed = false;

  constructor(engine: Engine, name: string) {
    this.engine = engine;
    this.name = name;
    this.workspace = new Workspace(engine, name);
    this.generation = engine.generation;
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
      await this.start(fresh, seed);
    } catch (error) {
      for (const v of fresh) v.storage = null;
      block.free();
      throw error;
    }
    this.blocks.push(block);
  }

  /** First values of variables; here none: they come from a file. */
  protected async start(_fresh: readonly Variable[], _seed: number): Promise<void> {}

  /** The program under `key`, compiled when it is not kept. */
  program(key: string, spec: () => ProgramSpec): Executable {
    if (this.#disposed) throw new DisposedError(`model "${this.name}" was disposed`);
    if (this.lost) {
      throw new EngineError(
        `the weights of model "${this.name}" were lost with the worker that held them: call setWeights`,
      );
    }
    const kept = this.programs.get(key);
    if (kept) this.programs.delete(key);
    const executable = kept ?? new Executable(compile(spec(), this.engine.target), this.workspace);
    this.programs.set(key, executable);
    if (this.programs.size > MAX_PROGRAMS) {
      const [oldest] = this.programs.keys();
      this.drop(oldest as string);
    }
    return executable;
  }

  protected drop(key: string): void {
    this.programs.get(key)?.free();
    this.programs.delete(key);
  }

  /** Forgets programs whose key starts with `prefix`. */
  dropPrograms(prefix = ''): void {
    for (const key of [...this.programs.keys()]) if (key.startsWith(prefix)) this.drop(key);
  }

  /** Whether the engine lost its memory since the weights were written. */
  get lost(): boolean {
    return this.generation !== this.engine.generation;
  }

  /** All weights are about to be written anew. */
  renew(): void {
    this.generation = this.engine.generation;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.dropPrograms();
    this.#disposed = true;
    for (const block of this.blocks) block.free();
    this.workspace.free();
  }
}
