import { join } from 'node:path';
import { sizeOf } from '../graph/shape.ts';
import { reportText } from '../report/json.ts';
import { createEngine, type EngineOptions } from '../runtime/create.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Model } from '../train/model.ts';
import { asUsage } from './failure.ts';
import { parseModel } from './families.ts';
import type { Interrupts } from './interrupt.ts';
import { learn } from './learn.ts';
import { dataName, type LoadedData, loadData } from './load.ts';
import { makeModel, settingsOf } from './make.ts';
import { OutputFile, OutputFolder, REPORT_FILE } from './output.ts';
import { makeReport } from './results.ts';
import type { Settings } from './settings.ts';
import { showNotes, showResults, showStart } from './show.ts';
import type { TableFlags } from './tableFlags.ts';
import { Watch } from './watch.ts';

export interface JobOptions {
  readonly data: string | undefined;
  readonly target: string | undefined;
  readonly task: 'auto' | 'classification' | 'regression';
  readonly table: TableFlags;
  /** Those that were given. */
  readonly settings: Partial<Settings>;
  readonly seed: number;
  /** Build, threads, reproducible: those that were given. */
  readonly engine: EngineOptions;
  readonly out: string | undefined;
  readonly json: string | undefined;
  /** Whether `train` writes the page of the run. */
  readonly page: boolean;
  /** Folder for TensorBoard's event files. */
  readonly tensorboard: string | undefined;
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
  if (options.settings.model !== undefined) parseModel(options.settings.model, 'mlp:1');
  const json = options.json === undefined ? undefined : await OutputFile.prepare(options.json);
  const folder = await OutputFolder.prepare(options.out, dataName(options.data));
  let notes: readonly string[] = [];
  try {
    const data = await loadData(options.data, options);
    notes = data.notes;
    using engine = await asUsage(() => createEngine(options.engine));
    using model = makeModel(options, data, engine);
    await runJob(await describe(options, data, engine, model), folder, json, interrupts);
  } finally {
    folder.discard();
    showNotes(notes);
  }
  return interrupts.code;
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
  return { options, data, settings: settingsOf(options, data), engine, model, parameters };
}

async function runJob(
  job: Job,
  folder: OutputFolder,
  json: OutputFile | undefined,
  interrupts: Interrupts,
): Promise<void> {
  await folder.checkRoom(4 * job.parameters);
  showStart(job);
  const watch = new Watch(job);
  const history = await learn(job, interrupts, watch.callbacks);
  if (history.epoch.length === 0) return;
  const report = await makeReport(job, history, interrupts.code !== undefined);
  await job.model.save(folder.path, { optimizer: false });
  const beside = await OutputFile.prepare(join(folder.path, REPORT_FILE));
  await beside.write(reportText(report));
  await json?.write(reportText(report));
  await watch.write(report, history, folder.path);
  await showResults(job, report, history, folder.path);
}
