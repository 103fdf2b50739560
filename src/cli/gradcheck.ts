import { gradCheck } from '../check/gradCheck.ts';
import { takeExamples } from '../data/split.ts';
import { counted } from '../report/terminal.ts';
import { createEngine } from '../runtime/create.ts';
import type { Command, OptionValues } from './command.ts';
import { parseModel } from './families.ts';
import { examplesOf, loadData } from './load.ts';
import { makeModel, settingsOf } from './make.ts';
import { OutputFile } from './output.ts';
import type { Settings } from './settings.ts';
import { showNotes } from './show.ts';
import { tableFlags } from './tableFlags.ts';
import { MAX_SEED, MODEL_OPTIONS, TASKS } from './train.ts';
import { choiceValue, numberValue, textValue } from './values.ts';

const EXAMPLES = 32;

export const gradcheck: Command = {
  summary: "Compare a network's gradients with differences, in double precision.",
  options: {
    ...MODEL_OPTIONS,
    l2: { type: 'string', value: 'λ', help: 'weight of the penalty λ·Σw², part of the loss' },
    'batch-norm': { type: 'boolean', help: 'batch normalisation behind each hidden layer' },
    'batch-size': { type: 'string', short: 'b', value: 'n', help: 'examples, default 32' },
    epochs: {
      type: 'string',
      short: 'e',
      value: 'n',
      help: 'passes of training before the check, default 0',
    },
    epsilon: { type: 'string', value: 'ε', help: 'step of the differences, default 1e-5' },
    samples: {
      type: 'string',
      value: 'n',
      help: 'parameters to check, or all; default 2000 of them',
    },
    seed: {
      type: 'string',
      short: 's',
      value: 'n',
      help: 'governs first weights and which parameters are checked; default 0',
    },
    json: { type: 'string', value: 'file', help: 'write the result there, too' },
  },
  notes: [
    'The ratio is ‖d − g‖/(‖d‖ + ‖g‖), g by backpropagation, d by two-sided differences. 1e-7 or less is',
    'great, about 1e-5 worth a look, 1e-3 or more a worry; the exit code is 1 from 1e-5 on.',
  ],
  examples: [
    ['npx wasmgrad gradcheck', 'the network for the built-in digits'],
    ['npx wasmgrad gradcheck --model mlp:32,16 --samples all', 'each of its parameters'],
    ['npx wasmgrad gradcheck --model cnn --batch-norm', 'a convolutional network'],
    ['npx wasmgrad gradcheck --data iris.csv --epochs 10', 'behind some training'],
  ],
  async run(values) {
    const json = textValue(values, 'json');
    const file = json === undefined ? undefined : await OutputFile.prepare(json);
    const options = checkOptions(values);
    const data = await loadData(textValue(values, 'data'), options);
    using engine = await createEngine({ kind: 'inline' });
    using model = makeModel(options, data, engine);
    const { model: kind, batchSize } = settingsOf(options, data);
    const { train } = data.splits;
    if (options.epochs) await model.fit(train.x, train.y, { epochs: options.epochs, batchSize });
    const rows = Array.from({ length: Math.min(batchSize, examplesOf(train)) }, (_, i) => i);
    const batch = takeExamples(train, rows);
    const check = await gradCheck(model, batch, { seed: options.seed, ...options.step });
    const examples = counted(rows.length, 'example');
    process.stdout.write(`${kind} on ${data.name}, ${examples}\n\n${check}\n`);
    const report = { model: kind, dataset: data.name, examples: rows.length, ...check };
    await file?.write(`${JSON.stringify(report, null, 2)}\n`);
    showNotes(data.notes);
    return check.passed ? undefined : 1;
  },
};

function checkOptions(values: OptionValues) {
  const model = textValue(values, 'model');
  if (model !== undefined) parseModel(model, 'mlp:1');
  const l2 = numberValue(values, 'l2', { from: 0 });
  const batchSize = numberValue(values, 'batch-size', { from: 1, whole: true }) ?? EXAMPLES;
  const settings: Partial<Settings> = {
    ...(model === undefined ? {} : { model }),
    ...(l2 === undefined ? {} : { l2 }),
    ...(values['batch-norm'] === true ? { batchNorm: true } : {}),
    batchSize,
    dropout: 0,
  };
  const epsilon = numberValue(values, 'epsilon', { above: 0 });
  const samples =
    values['samples'] === 'all' ? Infinity : numberValue(values, 'samples', { from: 1 });
  return {
    settings,
    target: textValue(values, 'target'),
    task: choiceValue(values, 'task', TASKS) ?? 'auto',
    table: tableFlags(values),
    seed: numberValue(values, 'seed', { from: 0, to: MAX_SEED, whole: true }) ?? 0,
    epochs: numberValue(values, 'epochs', { from: 0, whole: true }) ?? 0,
    step: {
      ...(epsilon === undefined ? {} : { epsilon }),
      ...(samples === undefined ? {} : { samples }),
    },
  };
}
