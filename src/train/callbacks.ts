import type { NotFinite } from '../compile/notFinite.ts';
import type { Mode } from '../nn/metric.ts';
import { checkNumber, withDefaults } from '../nn/named.ts';
import { OptionError, shown, unknownName } from '../runtime/errors.ts';
import type { Logs } from './history.ts';
import type { Model } from './model.ts';
import { checkWhole } from './options.ts';
import type { Probe } from './probe.ts';

/** Called while a model trains; each may be asynchronous. A batch callback makes every step a call of its own. */
export interface Callback {
  /** Which of the library's it is, where a diagnosis asks. */
  readonly kind?: 'earlyStopping';
  /** Once the data lie ready, before the first epoch. */
  onTrainBegin?(model: Model): unknown;
  /** Epochs count from 0 in each call of `fit`. */
  onEpochBegin?(epoch: number, model: Model): unknown;
  /** Behind each step: means over its batch; metrics with state are those of the epoch so far. */
  onBatchEnd?(batch: number, logs: Logs, model: Model): unknown;
  /** Behind each chunk of steps: examples trained since `fit` began, means of the epoch so far. */
  onChunkEnd?(examples: number, logs: Logs, model: Model): unknown;
  /** With `loss`, metrics, and both as `val_…` where there is validation. */
  onEpochEnd?(epoch: number, logs: Logs, model: Model): unknown;
  /** The first step whose loss or gradients are not finite, with the row that it comes from, where running the step again shows it. */
  onNotFinite?(step: number, origin: NotFinite | null, model: Model): unknown;
  /** Looks into single steps. */
  readonly probe?: Probe;
  /** However training ended, but for errors. */
  onTrainEnd?(logs: Logs, model: Model): unknown;
}

/** A plain function becomes a callback at the end of epochs. */
export function onEpochs(callback: Callback | NonNullable<Callback['onEpochEnd']>): Callback {
  return typeof callback === 'function' ? { onEpochEnd: callback } : callback;
}

export interface EarlyStoppingOptions {
  /** Default `val_loss`. */
  readonly monitor?: string;
  /** Epochs without improvement behind which training stops; 0 is like 1. Default 0. */
  readonly patience?: number;
  /** Change that counts as improvement. Default 0. */
  readonly minDelta?: number;
  /** Default `auto`: losses are better when smaller, a metric says so itself (`Metric.mode`); one that does not needs a mode. */
  readonly mode?: 'auto' | Mode;
  /** Only what is better than this counts as improvement. Default none. */
  readonly baseline?: number;
  /** Epochs before it do not count. Default 0. */
  readonly startFromEpoch?: number;
  /** At the end of training, however it ended, the weights of the best epoch come back. Default false. */
  readonly restoreBestWeights?: boolean;
}

const MODES: readonly string[] = ['auto', 'min', 'max'];

/** Throws for an unknown `mode` of a callback. */
export function checkMode(mode: string): void {
  if (!MODES.includes(mode)) unknownName('mode of a callback', mode, MODES);
}

/** +1 where larger is better, −1 where smaller is. Throws `OptionError` where neither mode nor metric says so. */
export function direction(monitor: string, mode: 'auto' | Mode, model: Model): 1 | -1 {
  const found = mode === 'auto' ? model.directionOf(monitor) : mode;
  if (found) return found === 'max' ? 1 : -1;
  throw new OptionError(
    `callback: whether "${monitor}" is better when larger is not known: give mode "min" or "max"`,
  );
}

export function monitored(logs: Logs, monitor: string): number {
  const value = logs[monitor];
  if (value === undefined) {
    throw new OptionError(`callback: "${monitor}" is not among ${Object.keys(logs).join(', ')}`);
  }
  return value;
}

const WATCH = {
  monitor: 'val_loss',
  patience: 0,
  minDelta: 0,
  mode: 'auto' as 'auto' | Mode,
};
const EARLY_STOPPING = {
  ...WATCH,
  baseline: undefined as number | undefined,
  startFromEpoch: 0,
  restoreBestWeights: false,
};
const PLATEAU = {
  ...WATCH,
  patience: 10,
  minDelta: 1e-4,
  factor: 0.1,
  minLearningRate: 0,
  cooldown: 0,
};

/** Stops when `monitor` has not improved for `patience` epochs. */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  const set = withDefaults('earlyStopping', options, EARLY_STOPPING);
  const { monitor, patience, minDelta, mode, baseline, startFromEpoch, restoreBestWeights } = set;
  checkNumber('earlyStopping: minDelta', minDelta);
  if (baseline !== undefined) checkNumber('earlyStopping: baseline', baseline);
  checkWhole('earlyStopping: patience', patience, 0);
  checkWhole('earlyStopping: startFromEpoch', startFromEpoch, 0);
  checkMode(mode);
  let best = Number.NEGATIVE_INFINITY;
  let wait = 0;
  let weights: Awaited<ReturnType<Model['getWeights']>> | undefined;
  return {
    kind: 'earlyStopping',
    onTrainBegin(model) {
      direction(monitor, mode, model);
      best = Number.NEGATIVE_INFINITY;
      wait = 0;
      weights = undefined;
    },
    async onEpochEnd(epoch, logs, model) {
      const value = monitored(logs, monitor);
      const sign = direction(monitor, mode, model);
      const score = sign * value;
      if (epoch < startFromEpoch) return;
      wait++;
      const improved = score > best + minDelta;
      if (restoreBestWeights && (improved || weights === undefined))
        weights = await model.getWeights();
      if (improved) {
        best = score;
        if (baseline === undefined || score > sign * baseline + minDelta) wait = 0;
      } else if (wait >= patience) model.stopTraining = true;
    },
    async onTrainEnd(_logs, model) {
      if (weights !== undefined) await model.setWeights(weights);
    },
  };
}

/** Stops at the first batch or epoch whose loss is not finite. */
export function terminateOnNaN(): Callback {
  return {
    onEpochEnd(_epoch, logs, model) {
      if (!Number.isFinite(logs['loss'])) model.stopTraining = true;
    },
  };
}

export interface ReduceOnPlateauOptions
  extends Pick<EarlyStoppingOptions, 'monitor' | 'patience' | 'minDelta' | 'mode'> {
  /** Epochs behind a reduction that do not count. Default 0. */
  readonly cooldown?: number;
  /** New rate = rate·factor. Default 0.1. */
  readonly factor?: number;
  /** The rate never goes below it. Default 0. */
  readonly minLearningRate?: number;
}

/** Lowers the learning rate when `monitor` has not improved for `patience` epochs (default 10). */
export function reduceLearningRateOnPlateau(options: ReduceOnPlateauOptions = {}): Callback {
  const title = 'reduceLearningRateOnPlateau';
  const set = withDefaults(title, options, PLATEAU);
  const { monitor, patience, minDelta, mode, factor, minLearningRate, cooldown } = set;
  checkNumber(`${title}: minDelta`, minDelta);
  checkNumber(`${title}: minLearningRate`, minLearningRate, { from: 0 });
  checkNumber(`${title}: factor`, factor, { from: 0, below: 1 });
  checkWhole(`${title}: patience`, patience, 0);
  checkWhole(`${title}: cooldown`, cooldown, 0);
  checkMode(mode);
  let best = Number.NEGATIVE_INFINITY;
  let wait = 0;
  let rest = 0;
  return {
    onTrainBegin(model) {
      direction(monitor, mode, model);
      best = Number.NEGATIVE_INFINITY;
      wait = 0;
      rest = 0;
    },
    onEpochEnd(_epoch, logs, model) {
      const { optimizer } = model;
      const value = monitored(logs, monitor);
      const score = direction(monitor, mode, model) * value;
      if (rest > 0) {
        rest--;
        wait = 0;
      }
      if (score > best + minDelta) {
        best = score;
        wait = 0;
      } else if (rest === 0 && ++wait >= patience) {
        if (typeof optimizer.learningRate !== 'number')
          throw new OptionError('reduceLearningRateOnPlateau needs a number as learning rate');
        const lower = Math.max(optimizer.learningRate * factor, minLearningRate);
        optimizer.learningRate = Math.min(optimizer.learningRate, lower);
        rest = cooldown;
        wait = 0;
      }
    },
  };
}

/** Sets the learning rate at the start of each epoch. */
export function learningRateScheduler(schedule: (epoch: number, rate: number) => number): Callback {
  if (typeof schedule !== 'function')
    throw new OptionError(`learningRateScheduler: got ${shown(schedule)}, expected a function`);
  return {
    onEpochBegin(epoch, { optimizer }) {
      const { learningRate } = optimizer;
      if (typeof learningRate !== 'number')
        throw new OptionError('learningRateScheduler needs a number as learning rate');
      optimizer.learningRate = schedule(epoch, learningRate);
    },
  };
}
