import { nodeFiles, withPath } from '../data/file.ts';
import { eventBytes, eventFileStart, type TfEvent } from '../formats/tfevents.ts';
import { builtin } from '../runtime/environment.ts';
import { OptionError } from '../runtime/errors.ts';
import type { Callback } from './callbacks.ts';
import type { Logs } from './history.ts';
import { checkWhole } from './options.ts';
import { learningRateOf, weightSignals } from './signals.ts';

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
export function tensorBoard({ logDir, histogramFreq = 1 }: TensorBoardOptions): Callback {
  if (typeof logDir !== 'string' || logDir === '')
    throw new OptionError(`tensorBoard: logDir is ${JSON.stringify(logDir)}, expected a path`);
  checkWhole('tensorBoard: histogramFreq', histogramFreq, 0);
  let files = new Map<string, EventFile>();
  const fileOf = (run: string) => {
    const file = files.get(run) ?? new EventFile(`${logDir}/${run}`);
    files.set(run, file);
    return file;
  };
  return {
    async onTrainBegin() {
      files = new Map();
      await fileOf('train').add();
    },
    async onEpochEnd(epoch, logs, model) {
      const step = model.epochs - 1;
      const [training, held] = parts(logs);
      const shown = histogramFreq > 0 && (epoch + 1) % histogramFreq === 0;
      const weights = shown ? await weightSignals(model) : [];
      await fileOf('train').add({
        step,
        scalars: { ...training, epoch_learning_rate: learningRateOf(model) },
        histograms: Object.fromEntries(weights.map((w) => [`${w.name}/histogram`, w.histogram])),
      });
      if (Object.keys(held).length) await fileOf('validation').add({ step, scalars: held });
    },
  };
}

function parts(logs: Logs): [training: Logs, held: Logs] {
  const named = (held: boolean) =>
    Object.fromEntries(
      Object.entries(logs)
        .filter(([name]) => name.startsWith('val_') === held)
        .map(([name, x]) => [`epoch_${name.replace(/^val_/, '')}`, x]),
    );
  return [named(false), named(true)];
}

/** A file that grows; made with its first event. */
class EventFile {
  readonly #folder: string;
  #path: string | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async add(event?: Omit<TfEvent, 'wallTime'>): Promise<void> {
    const { appendFile } = nodeFiles('tensorBoard');
    const wallTime = Date.now() / 1000;
    this.#path ??= await this.#start(wallTime);
    const path = this.#path;
    if (event) await withPath(path, () => appendFile(path, eventBytes({ ...event, wallTime })));
  }

  async #start(wallTime: number): Promise<string> {
    const { mkdir, writeFile } = nodeFiles('tensorBoard');
    const host = builtin('node:os')?.hostname() ?? 'localhost';
    const stamp = `${Math.floor(wallTime)}.${host}.${globalThis.process?.pid ?? 0}`;
    await withPath(this.#folder, () => mkdir(this.#folder, { recursive: true }));
    for (let n = 0; ; n++) {
      const path = `${this.#folder}/events.out.tfevents.${stamp}.${n}`;
      const made = await withPath(path, () =>
        writeFile(path, eventFileStart(wallTime), { flag: 'wx' }).then(
          () => true,
          (error: NodeJS.ErrnoException) => {
            if (error.code === 'EEXIST') return false;
            throw error;
          },
        ),
      );
      if (made) return path;
    }
  }
}
