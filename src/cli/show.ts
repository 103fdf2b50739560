import { join } from 'node:path';
import type { RunReport } from '../report/json.ts';
import {
  count,
  counted,
  curves,
  duration,
  memoryText,
  number,
  percent,
  shares,
  table,
} from '../report/terminal.ts';
import type { History, Logs } from '../train/history.ts';
import type { Profile } from '../train/profile.ts';
import type { Job } from './job.ts';
import { heldOut, sizesOf } from './load.ts';
import { PAGE_FILE } from './output.ts';
import { mistakes } from './score.ts';

const PROFILE_STEPS = 20;

function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Data and model, before training. */
export function showStart({ data, settings, engine, parameters }: Job): void {
  const { train } = data.splits;
  const sizes = Object.entries(sizesOf(data)).flatMap(([part, n]) =>
    n > 0 ? [`${count(n)} ${part}`] : [],
  );
  const shape = train.x.shape.slice(1).join('×');
  const answers =
    train.task === 'classification' ? `${train.classNames?.length} classes` : 'regression';
  const { build, threads } = engine.info;
  print(
    `data   ${data.name}: ${sizes.join(', ')} examples of ${shape}, ${answers}`,
    `model  ${settings.model}, ${count(parameters)} parameters; ${settingsText(settings)}`,
    `runs   ${build} build, ${counted(threads, 'thread')}`,
    '',
  );
}

function settingsText(settings: Job['settings']): string {
  const { optimizer, lr, batchSize, epochs, l2, dropout, batchNorm, augment, flip } = settings;
  const rest = [
    l2 > 0 ? `l2 ${number(l2)}` : '',
    dropout > 0 ? `dropout ${dropout}` : '',
    batchNorm ? 'batch norm' : '',
    augment ? 'augmentation' : '',
    flip ? 'mirrored' : '',
  ].filter(Boolean);
  return [
    `${optimizer} ${lr}`,
    `batch ${batchSize}`,
    `at most ${counted(epochs, 'epoch')}`,
    ...rest,
  ].join(', ');
}

/** Everything that is known after training. */
export async function showResults(
  job: Job,
  report: RunReport,
  { history }: History,
  folder: string,
): Promise<void> {
  const { model, data, settings, options } = job;
  const [part, shown] = heldOut(data.splits);
  const batchSize = Math.min(settings.batchSize, data.examples);
  const profile = await model.profile({ batchSize, steps: PROFILE_STEPS });
  const speed = `${count(Math.round(report.examplesPerSecond))} examples/s`;
  const also = options.json === undefined ? '' : `; report also in ${options.json}`;
  const source = options.data === undefined ? '--json-lines' : `--data ${word(options.data)}`;
  print('', metricsText(report), '');
  print(`${part} set, ${await mistakes(model, shown, data.preprocessing)}`, '');
  print(layersText(profile), '', curves(titled(history)), '');
  print(
    `trained ${counted(report.epochs, 'epoch')} in ${duration(report.seconds)}, ${speed}`,
    ...(report.memory ? [`memory ${memoryText(report.memory)}`] : []),
    `model and report.json in ${folder}${also}`,
    ...(options.page ? [`page to look at: ${join(folder, PAGE_FILE)}`] : []),
    `ask it: npx wasmgrad predict ${word(folder)} ${source}`,
  );
}

/** A word of a command line, as a shell takes it. */
function word(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What was left out or read in an unexpected way, behind everything else. */
export function showNotes(notes: readonly string[]): void {
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  if (notes.some((note) => note.startsWith('column')))
    process.stderr.write(
      'note: --types column=number|category|text|drop reads columns otherwise\n',
    );
}

/** One line for each part, one column for each metric. */
export function metricsText({ metrics }: Pick<RunReport, 'metrics'>): string {
  const parts = Object.entries(metrics) as [string, Logs][];
  const names = Object.keys(metrics.train);
  return table(
    ['', ...names],
    parts.map(([part, logs]) => [
      part,
      ...names.map((name) => metricText(name, logs[name] as number)),
    ]),
  );
}

export function metricText(name: string, value: number): string {
  return name === 'accuracy' ? percent(value) : number(value);
}

function layersText({ rows }: Profile): string {
  const layers = new Map<string, number>();
  for (const { layer, us } of rows) {
    const name = layer === '–' ? '(no layer)' : layer;
    layers.set(name, (layers.get(name) ?? 0) + us);
  }
  return shares('slowest layers', [...layers], 'µs a step');
}

const TITLES: readonly (readonly [name: string, title: string])[] = [
  ['loss', 'loss'],
  ['val_loss', 'dev loss'],
  ['accuracy', 'accuracy'],
  ['val_accuracy', 'dev accuracy'],
];

function titled(history: History['history']): Record<string, readonly number[]> {
  return Object.fromEntries(
    TITLES.flatMap(([name, title]) => (history[name] ? [[title, history[name]]] : [])),
  );
}
