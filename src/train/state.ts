import { storing } from '../compile/array.ts';
import { type Block, checkUsable } from '../compile/block.ts';
import { hash } from '../graph/scope.ts';
import type { Variable } from '../graph/tensor.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import type { Engine } from '../runtime/engine.ts';
import { EngineError } from '../runtime/errors.ts';
import { inTurns } from '../runtime/turns.ts';
import type { MetricSums } from './metricSums.ts';
import { allocate, clearPadding, inMemoryOrder, type Stretch, stretches } from './slabs.ts';
import type { TrainState } from './step.ts';
import { offer } from './unbuilt.ts';
import { beside, initialize } from './variables.ts';
import { type Found, WeightState } from './weightState.ts';

interface Copy extends Stretch {
  readonly data: Uint8Array<ArrayBuffer>;
}

/** Engines that were made for a model, and how many models run on each: it ends with the last of them. */
const users = new WeakMap<Engine, number>();

export function ownedByModels(engine: Engine): Engine {
  users.set(engine, 0);
  return engine;
}

/** Counts the models on an engine of theirs. */
function count(engine: Engine, more: 1 | -1): void {
  const known = users.get(engine);
  if (known === undefined) return;
  users.set(engine, known + more);
  if (known + more === 0) engine.dispose();
}

/** Blocks whose variables have no values yet. */
const starting = new WeakMap<object, Promise<void>>();

/** What ends when all these variables have values. */
function startOf(variables: Iterable<Variable>): Promise<void> | undefined {
  for (const { storage } of variables) {
    const start = storage && starting.get(storage.buffer);
    if (start) return start;
  }
  return undefined;
}

/** Memory of a model: its variables, what training keeps beside them, its programs. */
export class ModelState extends WeightState implements TrainState {
  gradients: Map<Variable, Variable> = new Map();
  slots: Map<Variable, Variable[]> = new Map();
  #training: Block[] = [];
  #dropped = false;
  #sums = new Map<string, MetricSums>();
  #snapshot: Copy[] = [];
  #streams = new Map<Variable, number>();

  constructor(engine: Engine, name: string) {
    super(engine, name);
    count(engine, 1);
  }

  /** Holds what others have made of the variables, and makes the rest. */
  override async adopt(found: Found, seed: number): Promise<void> {
    for (let start = startOf(found.variables); start; start = startOf(found.variables))
      await start.catch(() => {});
    super.checkHeld();
    const known = [...found.variables].filter((v) => v.storage);
    for (const v of known) checkUsable(v, this.engine, `model "${this.name}"`);
    for (const v of known) this.#hold(v);
    this.#nameStreams(found);
    const placed = super.adopt(found, seed);
    const fresh = [...found.variables].find((v) => !known.includes(v))?.storage?.buffer;
    if (fresh) starting.set(fresh, placed);
    try {
      await placed;
    } finally {
      if (fresh) starting.delete(fresh);
    }
  }

  #hold({ storage }: Variable): void {
    const block = storage?.buffer as Block;
    if (this.blocks.includes(block)) return;
    block.hold();
    this.blocks.push(block);
  }

  /** Different random numbers for all, whatever their layers are called. */
  #nameStreams({ variables, streams }: Found): void {
    const taken = new Set(this.#streams.values());
    for (const v of variables) {
      if (this.#streams.has(v)) continue;
      let stream = streams.get(v) ?? 0;
      while (taken.has(stream)) stream = hash(`${stream}`);
      taken.add(stream);
      this.#streams.set(v, stream);
    }
  }

  protected override start(fresh: readonly Variable[], seed: number): Promise<void> {
    return initialize(this.engine, fresh, seed, this.#streams);
  }

  /**
   * Makes gradients and slots for the parameters, once for each optimiser. True where there were others before: then the
   * optimiser starts afresh, and its steps count from 1.
   */
  async prepareTraining(parameters: readonly Variable[], optimizer: Optimizer): Promise<boolean> {
    const { generation } = this.engine;
    const has = (p: Variable) => this.gradients.get(p)?.storage?.generation === generation;
    if (parameters.every(has)) return false;
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
  metricSums(owner: string, make: () => MetricSums): MetricSums {
    const key = `${owner}:`;
    const kept = this.#sums.get(key) ?? make();
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
  #copies(more: readonly Block[] = [], earlier: readonly Copy[] = []): Promise<Copy[]> {
    const others = more.map((block) => ({ block, offset: 0, bytes: block.bytes }));
    return Promise.all(
      [...stretches(this.#all), ...others].map(async (part) => {
        const { block, offset, bytes } = part;
        const old = earlier.find((copy) => copy.block === block && copy.offset === offset);
        const into = old?.bytes === bytes ? old.data : undefined;
        return { ...part, data: await this.engine.read(block.at + offset, bytes, into) };
      }),
    );
  }

  /** Its variables, gradients and slots. */
  get #all(): Variable[] {
    return [...this.variables, ...this.gradients.values(), ...[...this.slots.values()].flat()];
  }

  /** Returns to the copy; false where there is none. */
  async restore(): Promise<boolean> {
    if (this.#snapshot.length === 0) return false;
    await this.#write(this.#snapshot);
    this.#written(this.#all);
    return true;
  }

  async #write(copies: readonly Copy[]): Promise<void> {
    for (const { block, offset, data } of copies)
      await inTurns(storing(this.engine, block.at + offset, data, 'u8'));
  }

  #written(variables: readonly Variable[]): void {
    for (const { storage } of variables) if (storage) storage.generation = this.engine.generation;
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
    const { generation } = this.engine;
    return generation > 0 && this.variables.some((v) => (v.storage?.generation ?? 0) < generation);
  }

  /** All weights are about to be written anew: what else was lost starts afresh. */
  renew(): void {
    if (this.lost) this.dropTraining();
    this.#written(this.variables);
  }

  forgetSnapshot(): void {
    this.#snapshot = [];
  }

  memory(): { variables: number; training: number; workspace: number; programs: number } {
    const sum = (list: Iterable<{ bytes: number }>) =>
      [...list].reduce((total, b) => total + b.bytes, 0);
    return {
      variables: sum(stretches(this.variables)),
      training: sum(this.#training),
      workspace: this.workspace.bytes(),
      programs: [...this.programs.values()].reduce((total, p) => total + p.bytes(), 0),
    };
  }

  override dispose(collected = false): void {
    if (this.disposed) return;
    this.dropPrograms();
    this.dropTraining();
    if (collected) for (const block of this.blocks.splice(0)) block.leave();
    else offer(this.blocks);
    super.dispose();
    count(this.engine, -1);
  }
}
