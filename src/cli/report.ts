import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileBytes } from '../data/file.ts';
import { parseJson } from '../formats/json.ts';
import type { RunDetails } from '../report/details.ts';
import type { RunReport } from '../report/json.ts';
import { runPage } from '../report/runPage.ts';
import { DataError } from '../runtime/errors.ts';
import type { Command } from './command.ts';
import { DETAILS_FILE, OutputFile, PAGE_FILE, REPORT_FILE } from './output.ts';
import { textValue, UsageError } from './values.ts';

export const report: Command = {
  summary: 'Write the page of a training run: curves, mistakes, weights over time, diagnosis.',
  parameters: ['run'],
  options: {
    out: {
      type: 'string',
      short: 'o',
      value: 'file',
      help: `where the page goes, default ${PAGE_FILE} in the folder of the run`,
    },
  },
  notes: ['The page is one HTML file that needs no network. `npx wasmgrad train` writes it, too.'],
  examples: [['npx wasmgrad report runs/mnist-1 --out mnist.html', 'from what the training left']],
  async run(values, [run]) {
    if (run === undefined)
      throw new UsageError('which run? Give the folder that `npx wasmgrad train` wrote');
    const folder = (await isFile(run)) ? dirname(run) : run;
    const text = await pageOf(folder);
    const file = await OutputFile.prepare(textValue(values, 'out') ?? join(folder, PAGE_FILE));
    await file.write(text);
    process.stdout.write(`${file.path}\n`);
    return undefined;
  },
};

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function pageOf(folder: string): Promise<string> {
  const path = join(folder, REPORT_FILE);
  const figures = (await readJson(path)) as RunReport;
  const details = join(folder, DETAILS_FILE);
  const found = (await isFile(details)) ? ((await readJson(details)) as RunDetails) : undefined;
  try {
    return runPage(figures, found);
  } catch (cause) {
    throw new DataError(`${path}: is not the report of a run that \`npx wasmgrad train\` wrote`, {
      cause,
    });
  }
}

async function readJson(path: string): Promise<unknown> {
  return parseJson(await fileBytes(path), path).object();
}
