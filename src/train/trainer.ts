import type { DataLike } from '../data/table.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import type { Named } from '../nn/named.ts';
import { optimizer as findOptimizer } from '../optim/index.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { DISPOSE } from '../runtime/dispose.ts';
import type { Engine } from '../runtime/engine.ts';
import { checkOptions, DisposedError, OptionError, shown } from '../runtime/errors.ts';
import type { Logs } from './history.ts';
import type { ModelState } from './state.ts';
import type { TrainerSteps } from './trainerSteps.ts';
import { Expectation } from './unbuilt.ts';

/** The loss alone, or with other scalars to report under their names. */
export type StepResult = Tensor | ({ readonly loss: Tensor } & Readonly<Record<string, Tensor>>);

/** What one step computes from its inputs by name. */
export type StepFunction = (inputs: Readonly<Record<string, Tensor>>) => StepResult;

export interface TrainerOptions {
  readonly name?: string;
  readonly engine?: Engine;
  /** Governs first weights and random ops, default 0. */
  readonly seed?: number;
  /** Only the weights of these are trained; default all that the step reaches. */
  readonly layers?: readonly Layer[];
}

export type StepData = Readonly<Record<string, DataLike>>;

/**
 * A training step of your own, for loops of your own: `f` says what the loss is, over one or several models or layers. It is
 * traced once for each shape of the inputs.
 *
 * @example
 * const net = sequential([dense(8, { activation: 'tanh' }), dense(1)]);
 * const t = trainer(({ x, y }) => ops.reduceMean(ops.square(ops.sub(net.call(x), y))), 'adam');
 * for (const batch of batches) console.log(await t.step(batch)); // { loss: … }
 */
export function trainer(
  f: StepFunction,
  optimizer: string | Named | Optimizer,
  options: TrainerOptions = {},
): Trainer {
  checkOptions('trainer', options, ['name', 'engine', 'seed', 'layers']);
  if (typeof f !== 'function')
    throw new OptionError(`trainer: got ${shown(f)}, expected a function of the inputs`);
  return new Trainer(f, findOptimizer(optimizer), options);
}

/** What a trainer leaves behind. */
export class Estate {
  state: ModelState | null = null;
  /** Its function may use any weights. */
  readonly expectation = new Expectation(() => null);
  disposed = false;

  checkAlive({ name = 'trainer' }: TrainerOptions): void {
    if (this.disposed) throw new DisposedError(`trainer "${name}" was disposed`);
  }

  dispose(collected = false): void {
    this.disposed = true;
    this.expectation.end(collected);
    const { state } = this;
    // Behind the running step, which still writes to this memory; an engine that is gone needs nothing.
    state?.engine.exclusive(async () => state.dispose(collected)).catch(() => {});
  }
}

const cleanup = new FinalizationRegistry<Estate>((estate) => estate.dispose(true));

export class Trainer {
  readonly optimizer: Optimizer;
  readonly #f: StepFunction;
  readonly #options: TrainerOptions;
  readonly #estate = new Estate();
  #steps: Promise<TrainerSteps> | null = null;

  constructor(f: StepFunction, optimizer: Optimizer, options: TrainerOptions) {
    this.#f = f;
    this.optimizer = optimizer;
    this.#options = options;
    cleanup.register(this, this.#estate, this);
  }

  /** One update from the batch; resolves to the loss and what else the step function reports. */
  async step(data: StepData): Promise<Logs> {
    this.#estate.checkAlive(this.#options);
    this.#steps ??= this.#open();
    const logs = await (await this.#steps).step(data);
    // Held up to here: a trainer that was collected would be disposed in the middle.
    return this.#estate && logs;
  }

  async #open(): Promise<TrainerSteps> {
    const steps = await import('./trainerSteps.ts');
    return new steps.TrainerSteps(this.#f, this.optimizer, this.#options, this.#estate);
  }

  /** Frees its programs, and the weights that no model uses. Later steps throw `DisposedError`. */
  dispose(): void {
    cleanup.unregister(this);
    this.#estate.dispose();
  }

  [DISPOSE](): void {
    this.dispose();
  }
}
