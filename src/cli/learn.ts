import { count, counted, duration } from '../report/terminal.ts';
import { DataError } from '../runtime/errors.ts';
import { type Callback, earlyStopping, terminateOnNaN } from '../train/callbacks.ts';
import type { FitOptions } from '../train/fit.ts';
import type { History } from '../train/history.ts';
import type { Interrupts } from './interrupt.ts';
import type { Job } from './job.ts';
import { Progress } from './progress.ts';

/** Trains, with early stopping by the development set where there is one; the best weights stay. */
export async function learn(
  job: Job,
  interrupts: Interrupts,
  watchers: readonly Callback[],
): Promise<History> {
  const { data, settings, model } = job;
  const { stream, splits } = data;
  const { train, dev } = splits;
  const { epochs, batchSize, patience } = settings;
  const progress = new Progress(epochs, data.examples);
  const monitor = dev ? 'val_loss' : 'loss';
  const stopping = earlyStopping({ monitor, patience, restoreBestWeights: true });
  interrupts.patient(() => {
    progress.note('stopping after this step; Ctrl-C again to leave at once');
  });
  const options: FitOptions = {
    epochs,
    batchSize,
    ...(dev ? { validationData: [dev.x, dev.y] as const } : {}),
    callbacks: [progress, ...watchers, stopping, terminateOnNaN()],
    signal: interrupts.signal,
  };
  const history = stream
    ? await model.fit(stream(batchSize), options)
    : await model.fit(train.x, train.y, options);
  const losses = history.history[monitor] ?? [];
  const note = outcome(history, losses, epochs, interrupts.code !== undefined);
  if (note) progress.note(note);
  return history;
}

/** What to say about how training ended. Throws `DataError` when nothing came of it. */
function outcome(
  { seconds }: History,
  losses: readonly number[],
  epochs: number,
  interrupted: boolean,
): string | undefined {
  const least = Math.min(...losses.filter(Number.isFinite));
  const best = losses.indexOf(least) + 1;
  const done = losses.length;
  if (interrupted) {
    if (done === 0) return 'stopped before the first step: nothing to keep';
    return `stopped in epoch ${count(done)}; kept the best weights so far, those of epoch ${best || done}`;
  }
  if (best === 0)
    throw new DataError(`training failed: the loss is ${losses.at(-1)}; try a smaller --lr`);
  if (done === epochs) return undefined;
  return `stopped early after ${counted(done, 'epoch')} and ${duration(seconds)}; kept the weights of epoch ${best}`;
}
