import type { Shape } from '../graph/shape.ts';
import { checkType } from '../nn/named.ts';
import type { Regularizer } from '../nn/regularizer.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { createEngine, defaultEngine, type EngineOptions } from '../runtime/create.ts';
import type { Engine } from '../runtime/engine.ts';
import { OptionError, StateError, shown } from '../runtime/errors.ts';
import type { Network } from './network.ts';
import { NetworkCore } from './networkCore.ts';
import type { OutputLoss } from './outputs.ts';
import { Pausing } from './pausing.ts';
import { ModelState, ownedByModels } from './state.ts';
import { type Expectation, expectationOf } from './unbuilt.ts';

export interface ModelOptions extends Pick<EngineOptions, 'threads' | 'build' | 'reproducible'> {
  readonly name?: string;
  /** Default: the engine of the process; one of its own when `threads`, `build` or `reproducible` is given. */
  readonly engine?: Engine;
  /** Governs first weights, shuffling and dropout. Default 0. */
  readonly seed?: number;
}

export interface Compiled {
  readonly optimizer: Optimizer;
  /** Loss, weight and metrics of each output. */
  readonly losses: ReadonlyMap<string, OutputLoss>;
  readonly accumulate: number;
  /** Penalty of the weights that have none of their own. */
  readonly regularizer?: Regularizer | undefined;
  readonly regularizeBiases?: boolean;
  /** Examples by which penalties of weights are divided outside of training. */
  readonly examples?: number;
}

/** What a model's parts share: network, engine, memory, what it was compiled for. */
export class ModelCore extends NetworkCore<ModelState> {
  readonly options: ModelOptions;
  compiled: Compiled | null = null;
  /** Steps since the optimiser started, and epochs so far. */
  iterations = 0;
  epochs = 0;
  /** Examples of an update of the last `fit`, the largest one: penalties elsewhere are divided by as many. */
  updateExamples: number | null = null;
  /** Epochs that were over when the optimiser started: its schedules count from there. */
  startEpoch = 0;
  stopTraining = false;
  readonly pausing = new Pausing();
  readonly #expectation: Expectation;

  constructor(network: Network, options: ModelOptions) {
    const { seed = 0, name = '' } = options;
    checkType('model: name', name, 'string');
    if (!Number.isSafeInteger(seed))
      throw new OptionError(`model: seed is ${shown(seed)}, expected a whole number`);
    super(network, seed);
    this.options = options;
    this.#expectation = expectationOf(network);
  }

  override async build(rows: ReadonlyMap<string, Shape>): Promise<ModelState> {
    const state = await super.build(rows);
    this.#expectation.end();
    return state;
  }

  get requireCompiled(): Compiled {
    if (!this.compiled)
      throw new StateError(`model "${this.network.name}": call compile({ optimizer, loss }) first`);
    return this.compiled;
  }

  /** Takes new settings of `compile`. */
  adopt(compiled: Compiled): void {
    if (this.built) this.state.dropTraining();
    this.compiled = compiled;
    this.updateExamples = null;
    this.restart();
  }

  /** The optimiser starts afresh: its steps and schedules count from here. */
  restart(): void {
    this.iterations = 0;
    this.startEpoch = this.epochs;
  }

  protected async open(): Promise<ModelState> {
    return new ModelState(await this.#engine(), this.network.name);
  }

  async #engine(): Promise<Engine> {
    const { engine, threads, build, reproducible } = this.options;
    if (engine) return engine;
    if (threads === undefined && build === undefined && !reproducible) return defaultEngine();
    const made = await createEngine({
      ...(threads === undefined ? {} : { threads }),
      ...(build === undefined ? {} : { build }),
      ...(reproducible === undefined ? {} : { reproducible }),
    });
    return ownedByModels(made);
  }

  /** Runs `body` as the model's only job. */
  async exclusively<T>(what: string, body: () => Promise<T>): Promise<T> {
    this.checkAlive();
    if (this.busy)
      throw new StateError(
        `${what}: model "${this.network.name}" is in the middle of ${this.busy}`,
      );
    this.busy = what;
    try {
      return await body();
    } finally {
      this.busy = null;
    }
  }

  override dispose(collected = false): void {
    super.dispose(collected);
    this.#expectation.end(collected);
    this.pausing.resume();
  }
}
