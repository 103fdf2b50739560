import { nodeFiles, withPath } from '../data/file.ts';
import { eventBytes, eventFileStart, type TfEvent } from '../formats/tfevents.ts';
import { builtin } from '../runtime/environment.ts';
import type { Logs } from './history.ts';
import type { Model } from './model.ts';
import { learningRateOf, weightSignals } from './signals.ts';

/** What TensorBoard shows of one call of `fit`: training and validation, a file each. */
export class EventFiles {
  readonly #folder: string;
  readonly #files = new Map<string, EventFile>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  #file(run: string): EventFile {
    const file = this.#files.get(run) ?? new EventFile(`${this.#folder}/${run}`);
    this.#files.set(run, file);
    return file;
  }

  begin(): Promise<void> {
    return this.#file('train').add();
  }

  /** The figures of an epoch, on request with histograms of the weights. */
  async add(logs: Logs, model: Model, histograms: boolean): Promise<void> {
    const step = model.epochs - 1;
    const [training, held] = parts(logs);
    const weights = histograms ? await weightSignals(model) : [];
    await this.#file('train').add({
      step,
      scalars: { ...training, epoch_learning_rate: learningRateOf(model) },
      histograms: Object.fromEntries(weights.map((w) => [`${w.name}/histogram`, w.histogram])),
    });
    if (Object.keys(held).length) await this.#file('validation').add({ step, scalars: held });
  }
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
