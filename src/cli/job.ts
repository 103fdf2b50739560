import { join } from 'node:path';
import { sizeOf } from '../graph/shape.ts';
import { schedules } from '../optim/schedule.ts';
import { type RunReport, reportText } from '../report/json.ts';
import { count, duration } from '../report/terminal.ts';
import { createEngine } from '../runtime/create.ts';
import type { Engine } from '../runtime/engine.ts';
import { DataError } from '../runtime/errors.ts';
import { earlyStopping, terminateOnNaN } from '../train/callbacks.ts';
import type { History, Logs } from '../train/history.ts';
import { type Model, sequential } from '../train/model.ts';
import { asUsage } from './failure.ts';
import { parseModel } from './families.ts';
import type { Interrupts } from './interrupt.ts';
import { examplesOf, type LoadedData, loadData } from './load.ts';
import { OutputFile, OutputFolder, REPORT_FILE } from './output.ts';
import { Progress } from './progress.ts';
import { score } from './score.ts';
import { OPTIMIZERS, type Settings, settingsFor } from './settings.ts';
import { showResults, showStart } from './show.ts';
import { version } from './version.ts';

export interface JobOptions {
  readonly data: string | undefined;
  readonly target: string | undefined;
  readonly task: 'auto' | 'classification' | 'regression';
  /** Those that were given. */
  readonly settings: Partial<Settings>;
  readonly seed: number;
  readonly threads: number | undefined;
  readonly reproducible: boolean;
  readonly out: string | undefined;
  readonly json: string | undefined;
}

/** What a training is about. */
export interface Job {
  readonly options: JobOptions;
  readonly data: LoadedData;
  readonly settings: Settings;
  readonly engine: Engine;
  readonly model: Model;
  readonly parameters: number;
}

/** From data to a trained, saved, described model; resolves to the exit code. */
export async function trainJob(
  options: JobOptions,
  interrupts: Interrupts,
): Promise<undefined | number> {
  const json = options.json === undefined ? undefined : await OutputFile.prepare(options.json);
  if (options.settings.model !== undefined) parseModel(options.settings.model, '');
  const data = await loadData(options.data, options);
  const folder = await OutputFolder.prepare(options.out, data.name);
  const leave = () => folder.discard();
  process.once('exit', leave);
  try {
    using engine = await openEngine(options);
    using model = makeModel(options, data, engine);
    const job = await describe(options, data, engine, model);
    await folder.checkRoom(4 * job.parameters);
    for (const note of data.notes) process.stderr.write(`note: ${note}\n`);
    showStart(job);
    const history = await learn(job, interrupts);
    const report = await makeReport(job, history, interrupts);
    await model.save(folder.path, { optimizer: false });
    process.off('exit', leave);
    await (await OutputFile.prepare(join(folder.path, REPORT_FILE))).write(reportText(report));
    await json?.write(reportText(report));
    await showResults(job, report, history, folder.path, options.json);
  } catch (error) {
    folder.discard();
    throw error;
  }
  return interrupts.code;
}

function openEngine({ threads, reproducible }: JobOptions): Promise<Engine> {
  return asUsage(() =>
    createEngine({ reproducible, ...(threads === undefined ? {} : { threads }) }),
  );
}

function outputsOf({ splits: { train } }: LoadedData): number {
  return train.classNames?.length ?? (train.y instanceof Int32Array ? 1 : (train.y.shape[1] ?? 1));
}

function settingsOf({ settings }: JobOptions, { splits: { train } }: LoadedData): Settings {
  return settingsFor(
    { task: train.task, examples: examplesOf(train), inputShape: train.x.shape.slice(1) },
    settings,
  );
}

function makeModel(options: JobOptions, data: LoadedData, engine: Engine): Model {
  const settings = settingsOf(options, data);
  const usual = settingsOf({ ...options, settings: {} }, data).model;
  const { train } = data.splits;
  const { family, sizes } = parseModel(settings.model, usual);
  const inputShape = train.x.shape.slice(1);
  const { l2, dropout } = settings;
  const layers = family.layers(sizes, {
    task: train.task,
    inputShape,
    outputs: outputsOf(data),
    l2,
    dropout,
  });
  const model = sequential(layers, { name: data.name, inputShape, seed: options.seed, engine });
  model.preprocessing = data.preprocessing;
  model.classNames = train.classNames;
  model.metadata = { dataset: data.name };
  const steps = settings.epochs * Math.ceil(examplesOf(train) / settings.batchSize);
  const rate = schedules.cosineDecay({ initialLearningRate: settings.lr, decaySteps: steps });
  const classes = train.task === 'classification';
  return model.compile({
    optimizer: OPTIMIZERS[settings.optimizer].make(rate),
    loss: classes ? 'sparseCategoricalCrossentropy' : 'meanSquaredError',
    metrics: classes ? ['accuracy'] : [],
  });
}

async function describe(
  options: JobOptions,
  data: LoadedData,
  engine: Engine,
  model: Model,
): Promise<Job> {
  await model.build();
  const weights = await model.getWeights();
  const parameters = weights.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const history = await model.fit(train.x, train.y, {
    epochs,
    batchSize,
    ...(dev ? { validationData: [dev.x, dev.y] as const } : {}),
    callbacks: [
      progress,
      earlyStopping({ monitor, patience, restoreBestWeights: true }),
      terminateOnNaN(),
    ],
    signal: interrupts.signal,
  });
  const scores = history.history[monitor] ?? [];
  const best = bestEpoch(scores);
  if (interrupts.code !== undefined) progress.note(stopped(best, scores.length));
  else if (best === undefined) {
    throw new DataError(
      `training failed: the ${dev ? 'dev ' : ''}loss is ${scores.at(-1)} from the first epoch on; try a smaller --lr`,
    );
  } else if (scores.length < epochs) {
    progress.note(
      `stopped early after ${scores.length} epochs in ${duration(history.seconds)}; kept the weights of epoch ${best + 1}`,
    );
  }
  return history;
}

function bestEpoch(scores: readonly number[]): number | undefined {
  const least = Math.min(...scores.filter(Number.isFinite));
  const at = scores.indexOf(least);
  return at < 0 ? undefined : at;
}

function stopped(best: number | undefined, epochs: number): string {
  const kept =
    best === undefined
      ? 'the first weights'
      : `the best weights so far, those of epoch ${best + 1}`;
  return `stopped in epoch ${count(Math.max(1, epochs))}; kept ${kept}`;
}

async function makeReport(job: Job, history: History, interrupts: Interrupts): Promise<RunReport> {
  const { data, settings, model, engine, options, parameters } = job;
  const { train, dev, test } = data.splits;
  const [trainLogs, devLogs, testLogs] = [
    await score(model, train, data.preprocessing),
    dev && (await score(model, dev, data.preprocessing)),
    test && (await score(model, test, data.preprocessing)),
  ];
  const { seconds } = history;
  return {
    dataset: data.name,
    task: train.task,
    sizes: { train: examplesOf(train), dev: examplesOf(dev), test: examplesOf(test) },
    epochs: history.epoch.length,
    seconds,
    examplesPerSecond: seconds > 0 ? history.examples / seconds : 0,
    ...accuracy('trainAccuracy', trainLogs),
    ...accuracy('devAccuracy', devLogs),
    ...accuracy('testAccuracy', testLogs),
    metrics: {
      train: trainLogs,
      ...(devLogs ? { dev: devLogs } : {}),
      ...(testLogs ? { test: testLogs } : {}),
    },
    build: engine.info.build,
    threads: engine.info.threads,
    seed: options.seed,
    version: version(),
    ...(interrupts.code === undefined ? {} : { interrupted: true }),
    parameters,
    settings: { ...settings },
    history: history.history,
  };
}

function accuracy<K extends string>(key: K, logs: Logs | undefined): { [P in K]?: number } {
  const share = logs?.['accuracy'];
  return (share === undefined ? {} : { [key]: share }) as { [P in K]?: number };
}
