import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Diagnosis, diagnose as judge } from '../diagnose/diagnose.ts';
import { parseJson } from '../formats/json.ts';
import { DataError } from '../runtime/errors.ts';
import type { Command, OptionValues } from './command.ts';
import { asUsage, reasonOf } from './failure.ts';
import { OutputFile, REPORT_FILE } from './output.ts';
import { numberValue, textValue, UsageError } from './values.ts';

const share = { type: 'string', value: 'share' } as const;

export const diagnose: Command = {
  summary: 'Say whether bias or variance is what to work on, and how.',
  parameters: ['[run]'],
  options: {
    'train-error': { ...share, help: 'share of wrong answers in training' },
    'dev-error': { ...share, help: 'the same on the development set' },
    'test-error': { ...share, help: 'the same on the test set' },
    'bayes-error': { ...share, help: 'what nobody can do better, default 0' },
    json: { type: 'string', value: 'file', help: 'write the diagnosis as JSON' },
  },
  notes: ['Shares are fractions where all are below 1, else percent.'],
  async run(values, [folder]) {
    const path = textValue(values, 'json');
    const file = path === undefined ? undefined : await OutputFile.prepare(path);
    const found = folder === undefined ? await ofErrors(values) : await ofRun(folder, values);
    await file?.write(`${JSON.stringify(found, null, 2)}\n`);
    process.stdout.write(`${found}\n`);
    return undefined;
  },
};

function ofErrors(values: OptionValues): Promise<Diagnosis> {
  const [trainError, devError, testError, bayesError] = ['train', 'dev', 'test', 'bayes'].map(
    (part) => numberValue(values, `${part}-error`, { from: 0, to: 100 }),
  );
  if (trainError === undefined || devError === undefined)
    throw new UsageError('give --train-error and --dev-error, or the folder of a run');
  return asUsage(async () => judge({ trainError, devError, testError, bayesError }));
}

/** From the accuracies in the report that `train` left. */
async function ofRun(folder: string, values: OptionValues): Promise<Diagnosis> {
  for (const part of ['train', 'dev', 'test'])
    if (values[`${part}-error`] !== undefined)
      throw new UsageError(`--${part}-error: the folder ${folder} has the errors`);
  const path = join(folder, REPORT_FILE);
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new DataError(`${path}: cannot be read (${reasonOf(cause)})`, { cause });
  });
  const report = parseJson(new Uint8Array(bytes), path);
  const error = (part: string) => {
    const accuracy = report.optional(`${part}Accuracy`);
    return accuracy && 1 - accuracy.number();
  };
  const [trainError, devError, testError] = ['train', 'dev', 'test'].map(error);
  if (trainError === undefined || devError === undefined)
    throw new DataError(`${path}: has no accuracies on training and development set`);
  const bayes = numberValue(values, 'bayes-error', { from: 0, to: 100 });
  const bayesError = bayes !== undefined && bayes >= 1 ? bayes / 100 : bayes;
  return judge({ trainError, devError, testError, bayesError, unit: 'fraction' });
}
