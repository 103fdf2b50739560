import { rowsOf, type Table } from '../data/table.ts';
import { checkType } from '../nn/named.ts';
import { checkOptions, OptionError, shown } from '../runtime/errors.ts';
import { inTurns, type Work } from '../runtime/turns.ts';
import type { Callback } from './callbacks.ts';
import type { ModelCore } from './core.ts';
import { tabulatingData } from './data.ts';
import { release } from './evaluate.ts';
import { ResidentData } from './feed.ts';
import type { History } from './history.ts';
import { TrainingLoop } from './loop.ts';
import { checkMixing, type MixingOptions, mixerOf } from './mixing.ts';
import type { Model } from './model.ts';
import { type Inputs, rowShapes } from './networkCore.ts';
import { checkWhole } from './options.ts';
import { ResidentSource } from './residentSource.ts';
import type { EpochSource } from './source.ts';

export interface FitOptions extends MixingOptions {
  /** Passes over the data, default 1. */
  readonly epochs?: number;
  /** Examples a step, default 32. The last, smaller batch is trained too. */
  readonly batchSize?: number;
  /** Share of the examples, rounded up, taken from the end before shuffling, on which to validate. Not for streams. */
  readonly validationSplit?: number;
  /** Examples to validate on at the end of each epoch; goes before `validationSplit`. */
  readonly validationData?: readonly [x: Inputs, y: Inputs, sampleWeight?: ArrayLike<number>];
  /** New order of the examples in each epoch, default true. */
  readonly shuffle?: boolean;
  /** Plain functions are called with epoch, logs and model at the end of each epoch. */
  readonly callbacks?: readonly (Callback | NonNullable<Callback['onEpochEnd']>)[];
  /** Factor of each example's loss. */
  readonly sampleWeight?: ArrayLike<number>;
  /**
   * Factor of the loss of each class, default 1, of a single output: labels, one-hot targets, or 0 and 1 of a sigmoid. It
   * counts in training alone.
   */
  readonly classWeight?: Readonly<Record<number, number>>;
  /** Aborting ends training behind the running chunk of steps, or its pause; the model keeps what it learned. */
  readonly signal?: AbortSignal;
}

const FIT_OPTIONS = [
  'epochs',
  'batchSize',
  'validationSplit',
  'validationData',
  'shuffle',
  'callbacks',
  'sampleWeight',
  'classWeight',
  'signal',
  'mixup',
  'cutmix',
] satisfies (keyof FitOptions)[];

/** Throws for options that are wrong whatever the data are, and before `compile`. */
export function checkFit(core: ModelCore, options: FitOptions): void {
  checkOptions('fit', options, FIT_OPTIONS);
  const { epochs = 1, batchSize = 32, shuffle = true, callbacks = [], signal } = options;
  const validation: unknown = options.validationData;
  checkWhole('epochs', epochs, 0);
  checkWhole('batchSize', batchSize, 1);
  checkType('fit: shuffle', shuffle, 'boolean');
  const fits = (c: unknown) => typeof c === 'function' || (typeof c === 'object' && c !== null);
  if (!Array.isArray(callbacks) || !callbacks.every(fits))
    throw new OptionError(`fit: callbacks is ${shown(callbacks)}, expected a list of callbacks`);
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw new OptionError(`fit: signal is ${shown(signal)}, expected an AbortSignal`);
  if (validation && !Array.isArray(validation))
    throw new OptionError(`fit: validationData is ${shown(validation)}, expected [x, y]`);
  checkMixing(options);
  core.requireCompiled;
}

interface Tables {
  readonly training: readonly Table[];
  readonly validation: readonly Table[] | undefined;
}

/** Checks the data, holds examples back for validation: at least one where there is a split. */
function* splitting(core: ModelCore, x: Inputs, y: Inputs, options: FitOptions): Work<Tables> {
  const { validationSplit = 0, validationData, sampleWeight } = options;
  if (!(typeof validationSplit === 'number' && validationSplit >= 0 && validationSplit < 1)) {
    throw new OptionError(`validationSplit is ${shown(validationSplit)}, expected 0 ≤ split < 1`);
  }
  const tables = yield* tabulatingData(core, x, y, sampleWeight);
  const total = (tables[0] as Table).shape[0] as number;
  const held = validationData ? 0 : Math.ceil(total * validationSplit - 1e-9);
  const from = total - held;
  if (from === 0)
    throw new OptionError(
      `validationSplit ${validationSplit} leaves none of ${total} examples to train on`,
    );
  const split = held > 0 ? tables.map((t) => rowsOf(t, from, total)) : undefined;
  return {
    training: tables.map((t) => rowsOf(t, 0, from)),
    validation: validationData ? yield* tabulatingData(core, ...validationData) : split,
  };
}

/** Trains on checked data, then frees them. */
export async function run(
  core: ModelCore,
  model: Model,
  options: FitOptions,
  source: EpochSource,
  validation: readonly Table[] | undefined,
): Promise<History> {
  const { epochs = 1, batchSize = 32, callbacks = [], signal } = options;
  let held: ResidentData | undefined;
  try {
    held = validation && (await ResidentData.open(core.state.engine, validation, false));
    const mixer = await mixerOf(options);
    const loop = new TrainingLoop(core, model, { epochs, batchSize, callbacks, signal, mixer });
    return await core.pausing.during(signal, () => loop.train(source, held));
  } finally {
    if (!core.disposed) core.state.forgetSnapshot();
    source.free();
    if (held) release(core, held);
  }
}

/** Builds the model from the data's shapes, checks all options and data, then trains. */
export async function fit(
  core: ModelCore,
  model: Model,
  x: Inputs,
  y: Inputs,
  options: FitOptions,
): Promise<History> {
  checkFit(core, options);
  const { batchSize = 32, shuffle = true, classWeight } = options;
  await core.build(rowShapes(await inTurns(core.tabulating(x))));
  const { training: given, validation } = await inTurns(splitting(core, x, y, options));
  const training = classWeight
    ? (await import('./classWeight.ts')).withClassWeights(given, classWeight, core.outputShapes)
    : given;
  const data = await ResidentData.open(core.state.engine, training, shuffle);
  const source = new ResidentSource(core, data, batchSize);
  const history = await run(core, model, options, source, validation);
  return validation ? withFinal(core, options, history, given, validation) : history;
}

/** Adds what the model can do now, without noise. */
async function withFinal(
  core: ModelCore,
  options: FitOptions,
  history: History,
  training: readonly Table[],
  validation: readonly Table[],
): Promise<History> {
  if (core.disposed || options.signal?.aborted || history.epoch.length === 0) return history;
  const { finalFigures, trainingWays } = await import('./final.ts');
  const { used, ...noise } = trainingWays(core, training, options);
  const final = await finalFigures(core, training, validation, used);
  return Object.assign(history, noise, final && { final });
}
