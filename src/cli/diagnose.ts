import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Diagnosis, diagnose as judge } from '../diagnose/diagnose.ts';
import type { Share } from '../diagnose/errorRates.ts';
import { parseJson } from '../formats/json.ts';
import type { RunReport } from '../report/json.ts';
import { verdictOf } from '../report/verdict.ts';
import { DataError } from '../runtime/errors.ts';
import type { Command, OptionValues } from './command.ts';
import { asUsage, reasonOf } from './failure.ts';
import { OutputFile, REPORT_FILE } from './output.ts';
import { choiceValue, textValue, UsageError } from './values.ts';

const share = { type: 'string', value: 'share' } as const;

export const diagnose: Command = {
  summary: 'Say whether bias or variance is what to work on, and how.',
  parameters: ['[run]'],
  options: {
    'train-error': { ...share, help: 'share of wrong answers in training' },
    'dev-error': { ...share, help: 'the same on the development set' },
    'test-error': { ...share, help: 'the same on the test set' },
    'bayes-error': { ...share, help: 'what nobody can do better, default 0' },
    unit: {
      type: 'string',
      value: 'unit',
      help: 'fraction or percent, where shares have no % and could be both',
    },
    json: { type: 'string', value: 'file', help: 'write the diagnosis as JSON' },
  },
  notes: [
    'Shares are percent where they say so (0.5%) or one of them is 1 or more, else fractions; what could be both is refused.',
    'Of a regression they are shares of the variance of the targets that is not explained, 1 − R².',
  ],
  examples: [
    ['npx wasmgrad diagnose --train-error 1% --dev-error 11%', 'errors of a network'],
    ['npx wasmgrad diagnose --train-error 0.15 --dev-error 0.16 --bayes-error 0.15', 'fractions'],
  ],
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
    (part) => shareValue(values, `${part}-error`),
  );
  if (trainError === undefined || devError === undefined)
    throw new UsageError('give --train-error and --dev-error, or the folder of a run');
  const unit = choiceValue(values, 'unit', ['fraction', 'percent'] as const);
  return asUsage(async () => judge({ trainError, devError, testError, bayesError, unit }));
}

/** A number, or text with %. */
function shareValue(values: OptionValues, name: string): Share | undefined {
  const text = textValue(values, name);
  if (text === undefined) return undefined;
  const x = Number(text.trim().replace(/\s*%$/, '') || Number.NaN);
  if (!(x >= 0 && x <= 100))
    throw new UsageError(`--${name} ${text}: expected a number, at least 0, at most 100, or 0.5%`);
  return text.trim().endsWith('%') ? text : x;
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
  const report = (await parseJson(new Uint8Array(bytes), path).object()) as Partial<RunReport>;
  return asUsage(async () => {
    const found = verdictOf(report, shareValue(values, 'bayes-error'));
    if (found) return found;
    throw new DataError(`${path}: has no accuracies or R² on training and development set`);
  });
}
