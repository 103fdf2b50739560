import { checkOptions, OptionError } from '../runtime/errors.ts';
import {
  type Callback,
  checkMode,
  direction,
  type EarlyStoppingOptions,
  monitored,
} from './callbacks.ts';
import { checkWhole } from './options.ts';
import type { SaveOptions } from './save.ts';

export interface ModelCheckpointOptions
  extends Pick<EarlyStoppingOptions, 'monitor' | 'mode'>,
    Pick<SaveOptions, 'optimizer' | 'compiled'> {
  /** Where each save replaces the one before; `{epoch}` in it becomes the number of epochs trained, and all are kept. */
  readonly folder: string;
  /** Only when `monitor` (default `val_loss`) is better than at all saves of this callback before. Default false. */
  readonly saveBestOnly?: boolean;
  /** Epochs from one save to the next, default 1. */
  readonly every?: number;
}

const KNOWN = [
  'folder',
  'monitor',
  'mode',
  'saveBestOnly',
  'every',
  'optimizer',
  'compiled',
] satisfies (keyof ModelCheckpointOptions)[];

/** Saves the model at the end of epochs, complete, so that `loadModel` and `fit` go on from there. */
export function modelCheckpoint(options: ModelCheckpointOptions): Callback {
  checkOptions('modelCheckpoint', options, KNOWN);
  const {
    folder,
    monitor = 'val_loss',
    mode = 'auto',
    saveBestOnly = false,
    every = 1,
    ...rest
  } = options;
  if (typeof folder !== 'string' || folder === '')
    throw new OptionError(`modelCheckpoint: folder is ${JSON.stringify(folder)}, expected a path`);
  checkWhole('modelCheckpoint: every', every, 1);
  checkMode(mode);
  let best = Number.NEGATIVE_INFINITY;
  return {
    onTrainBegin(model) {
      if (saveBestOnly) direction(monitor, mode, model);
    },
    async onEpochEnd(epoch, logs, model) {
      if ((epoch + 1) % every !== 0) return;
      const value = saveBestOnly ? monitored(logs, monitor) : 0;
      const score = saveBestOnly ? direction(monitor, mode, model) * value : 0;
      if (saveBestOnly && !(score > best)) return;
      await model.save(folder.replaceAll('{epoch}', String(model.epochs)), rest);
      best = score;
    },
  };
}
