import { checkOptions, OptionError } from '../runtime/errors.ts';
import type { Callback } from './callbacks.ts';
import type { EventFiles } from './eventFiles.ts';
import { checkWhole } from './options.ts';

export interface TensorBoardOptions {
  /** Figures of training go to its folder `train`, those with `val_` to `validation`. */
  readonly logDir: string;
  /** Epochs from one histogram of each weight to the next; 0 writes none. Default 1. */
  readonly histogramFreq?: number;
}

/**
 * Writes event files for TensorBoard at the end of epochs: `epoch_loss`, metrics, `epoch_learning_rate`, and histograms of
 * the weights, by the names that Keras gives them. Look at them with `tensorboard --logdir DIR`.
 */
export function tensorBoard(options: TensorBoardOptions): Callback {
  checkOptions('tensorBoard', options, ['logDir', 'histogramFreq']);
  const { logDir, histogramFreq = 1 } = options;
  if (typeof logDir !== 'string' || logDir === '')
    throw new OptionError(`tensorBoard: logDir is ${JSON.stringify(logDir)}, expected a path`);
  checkWhole('tensorBoard: histogramFreq', histogramFreq, 0);
  let files: EventFiles;
  return {
    async onTrainBegin() {
      const { EventFiles } = await import('./eventFiles.ts');
      files = new EventFiles(logDir);
      await files.begin();
    },
    async onEpochEnd(epoch, logs, model) {
      const shown = histogramFreq > 0 && (epoch + 1) % histogramFreq === 0;
      await files.add(logs, model, shown);
    },
  };
}
