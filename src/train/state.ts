import { storing } from '../compile/array.ts';
import type { Block } from '../compile/block.ts';
import type { Variable } from '../graph/tensor.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { EngineError } from '../runtime/errors.ts';
import { inTurns } from '../runtime/turns.ts';
import { type BatchSums, MetricSums } from './metricSums.ts';
import { allocate, clearPadding, inMemoryOrder } from './slabs.ts';
import type { TrainState } from './step.ts';
import { beside, initialize } from './variables.ts';
import { WeightState } from './weightState.ts';

interface BlockCopy {
  readonly block: Block;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Memory of a model: its variables, what training keeps beside them, its programs. */
export class ModelState extends WeightState implements TrainState {
  gradients: Map<Variable, Variable> = new Map();
  slots: Map<Variable, Variable[]> = new Map();
  #training: Block[] = [];
  #dropped = false;
  #sums = new Map<string, MetricSums>();
  #snapshot: BlockCopy[] = [];
  #generation = this.engine.generation;

  protected override start(fresh: readonly Variable[], seed: number): Promise<void> {
    return initialize(this.engine, fresh, seed);
  }

  /**
   * Makes gradients and slots for the parameters, once for each optimiser. True where there were others before: then the
   * optimiser starts afresh, and its steps count from 1.
   */
  async prepareTraining(parameters: readonly Variable[], optimizer: Optimizer): Promise<boolean> {
    if (parameters.every((p) => this.gradients.has(p))) return false;
    this.dropTraining();
    const restarts = this.#dropped;
    try {
      await this.#placeTraining(parameters, optimizer);
      this.#dropped = false;
      return restarts;
    } catch (error) {
      this.dropTraining();
      throw error;
    }
  }

  async #placeTraining(trained: readonly Variable[], optimizer: Optimizer): Promise<void> {
    const parameters = inMemoryOrder(trained);
    const gradients = beside(parameters, 'gradient', 0);
    this.#training.push(allocate(this.engine, `gradients of ${this.name}`, gradients));
    for (const gradient of gradients) clearPadding(this.engine, gradient);
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
    if (this.#training.length > 0) this.#dropped = true;
    this.#training = [];
    this.gradients = new Map();
    this.slots = new Map();
    const programs = [...this.programs.values()];
    this.programs.clear();
    this.dropPrograms();
    // Behind the running job, which may be a prediction that uses one.
    const free = async () => {
      for (const program of programs) program.free();
    };
    this.engine.exclusive(free).catch(() => {});
  }

  /** Throws unless the memory holds the weights. */
  override checkHeld(): void {
    super.checkHeld();
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
  override dropPrograms(prefix = ''): void {
    super.dropPrograms(prefix);
    for (const [key, sums] of this.#sums) {
      if (!key.startsWith(prefix)) continue;
      sums.free();
      this.#sums.delete(key);
    }
  }

  /** Keeps a copy of all variables to return to when a thread dies. */
  async snapshot(): Promise<void> {
    this.checkHeld();
    const copies = await this.#copies([], this.#snapshot);
    this.checkHeld();
    this.#snapshot = copies;
  }

  /** In the memory of earlier copies. */
  #copies(more: readonly Block[] = [], earlier: readonly BlockCopy[] = []): Promise<BlockCopy[]> {
    return Promise.all(
      [...this.blocks, ...this.#training, ...more].map(async (block) => {
        const into = earlier.find((copy) => copy.block === block)?.bytes;
        return { block, bytes: await this.engine.read(block.at, block.bytes, into) };
      }),
    );
  }

  /** Returns to the copy; false where there is none. */
  async restore(): Promise<boolean> {
    if (this.#snapshot.length === 0) return false;
    await this.#write(this.#snapshot);
    this.#generation = this.engine.generation;
    return true;
  }

  async #write(copies: readonly BlockCopy[]): Promise<void> {
    for (const { block, bytes } of copies)
      await inTurns(storing(this.engine, block.at, bytes, 'u8'));
  }

  /** Runs `body`, behind which all variables are what they were. Only for the job that has the engine. */
  async preserving<T>(body: () => Promise<T>): Promise<T> {
    const sums = [...this.#sums.values()].flatMap(({ block }) => block ?? []);
    const copies = await this.#copies(sums);
    try {
      return await body();
    } finally {
      await this.#write(copies);
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
      variables: sum(this.blocks),
      training: sum(this.#training),
      workspace: this.workspace.bytes(),
      programs: [...this.programs.values()].reduce((total, p) => total + p.bytes(), 0),
    };
  }

  override dispose(): void {
    if (this.disposed) return;
    this.dropPrograms();
    this.dropTraining();
    super.dispose();
  }
}
