import { rowsOf, type Table, table } from '../data/table.ts';
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
import { SAMPLE_WEIGHT } from './programs.ts';
import { type EpochSource, ResidentSource } from './source.ts';

export interface FitOptions extends MixingOptions {
  /** Passes over the data, default 1. */
  readonly epochs?: number;
  /** Examples a step, default 32. The last, smaller batch is trained too. */
  readonly batchSize?: number;
  /** Share of the examples, taken from the end before shuffling, on which to validate. Not for streams. */
  readonly validationSplit?: number;
  /** Examples to validate on at the end of each epoch; goes before `validationSplit`. */
  readonly validationData?: readonly [x: Inputs, y: Inputs, sampleWeight?: ArrayLike<number>];
  /** New order of the examples in each epoch, default true. */
  readonly shuffle?: boolean;
  /** Plain functions are called with epoch, logs and model at the end of each epoch. */
  readonly callbacks?: readonly (Callback | NonNullable<Callback['onEpochEnd']>)[];
  /** Factor of each example's loss. */
  readonly sampleWeight?: ArrayLike<number>;
  /** Factor of the loss of each class of a single output with labels. */
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
  checkWhole('epochs', epochs, 0);
  checkWhole('batchSize', batchSize, 1);
  checkType('fit: shuffle', shuffle, 'boolean');
  const fits = (c: unknown) => typeof c === 'function' || (typeof c === 'object' && c !== null);
  if (!Array.isArray(callbacks) || !callbacks.every(fits))
    throw new OptionError(`fit: callbacks is ${shown(callbacks)}, expected a list of callbacks`);
  if (signal !== undefined && typeof signal?.addEventListener !== 'function')
    throw new OptionError(`fit: signal is ${shown(signal)}, expected an AbortSignal`);
  checkMixing(options);
  core.requireCompiled;
}

function classWeights(
  tables: readonly Table[],
  weights: Readonly<Record<number, number>>,
): Float64Array {
  const targets = tables.filter((t) => t.dtype === 'i32' && t.name.startsWith('target:'));
  if (targets.length !== 1) throw new OptionError('classWeight needs one output with labels');
  return Float64Array.from((targets[0] as Table).data, (label) => weights[label] ?? 1);
}

function withWeights(tables: readonly Table[], weights: Float64Array): Table[] {
  const old = tables.find((t) => t.name === SAMPLE_WEIGHT);
  const product = old ? weights.map((w, i) => w * (old.data[i] as number)) : weights;
  const rest = tables.filter((t) => t !== old);
  return [...rest, table(SAMPLE_WEIGHT, product, 'values', [])];
}

interface Tables {
  readonly training: readonly Table[];
  readonly validation: readonly Table[] | undefined;
}

/** Checks the data, applies class weights, holds examples back for validation. */
function* splitting(core: ModelCore, x: Inputs, y: Inputs, options: FitOptions): Work<Tables> {
  const { validationSplit = 0, classWeight, validationData, sampleWeight } = options;
  if (!(typeof validationSplit === 'number' && validationSplit >= 0 && validationSplit < 1)) {
    throw new OptionError(`validationSplit is ${shown(validationSplit)}, expected 0 ≤ split < 1`);
  }
  const checked: unknown = validationData;
  if (checked && !Array.isArray(checked))
    throw new OptionError(`fit: validationData is ${shown(validationData)}, expected [x, y]`);
  const given = yield* tabulatingData(core, x, y, sampleWeight);
  const tables = classWeight ? withWeights(given, classWeights(given, classWeight)) : given;
  const total = (tables[0] as Table).shape[0] as number;
  const held = Math.floor(total * validationSplit);
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
  const { batchSize = 32, shuffle = true } = options;
  await core.build(rowShapes(await inTurns(core.tabulating(x))));
  const { training, validation } = await inTurns(splitting(core, x, y, options));
  const data = await ResidentData.open(core.state.engine, training, shuffle);
  return run(core, model, options, new ResidentSource(core, data, batchSize), validation);
}
