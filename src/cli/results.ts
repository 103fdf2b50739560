import type { RunReport } from '../report/json.ts';
import { VERSION } from '../runtime/version.ts';
import type { History, Logs } from '../train/history.ts';
import type { Job } from './job.ts';
import { sizesOf } from './load.ts';
import { score } from './score.ts';

/** Measures the trained model on all parts of the data. */
export async function makeReport(
  { data, settings, model, engine, options, parameters }: Job,
  history: History,
  interrupted: boolean,
): Promise<RunReport> {
  const { engine: _, ...memory } = model.memory();
  const { train, dev, test } = data.splits;
  const metrics = {
    train: await score(model, train, data.preprocessing),
    ...(dev ? { dev: await score(model, dev, data.preprocessing) } : {}),
    ...(test ? { test: await score(model, test, data.preprocessing) } : {}),
  };
  const { seconds, examples } = history;
  return {
    dataset: data.name,
    task: train.task,
    sizes: sizesOf(data),
    epochs: history.epoch.length,
    seconds,
    examplesPerSecond: seconds > 0 ? examples / seconds : 0,
    ...accuracies(metrics),
    metrics,
    build: engine.info.build,
    threads: engine.info.threads,
    seed: options.seed,
    version: VERSION,
    ...(interrupted ? { interrupted } : {}),
    parameters,
    memory,
    settings: { ...settings },
    history: history.history,
  };
}

type Accuracies = Pick<RunReport, 'trainAccuracy' | 'devAccuracy' | 'testAccuracy'>;

function accuracies(metrics: Readonly<Record<string, Logs>>): Accuracies {
  const rows = Object.entries(metrics).map(([part, logs]) => [`${part}Accuracy`, logs['accuracy']]);
  return Object.fromEntries(rows.filter(([, share]) => share !== undefined)) as Accuracies;
}
