import type { EngineOptions } from '../runtime/create.ts';
import type { BuildName } from '../runtime/engine.ts';
import type { Command, CommandOptions, OptionValues } from './command.ts';
import { families } from './families.ts';
import { Interrupts } from './interrupt.ts';
import { type JobOptions, trainJob } from './job.ts';
import { OPTIMIZERS, type OptimizerName, type Settings } from './settings.ts';
import { TABLE_OPTIONS, tableFlags } from './tableFlags.ts';
import { choiceValue, numberValue, textValue } from './values.ts';

const MODELS = Object.values(families).map(({ usage, help }) => `${usage} (${help})`);
export const TASKS = ['auto', 'classification', 'regression'] as const;
export const MAX_SEED = 2 ** 31 - 1;

/** Options of commands that make a new model for some data. */
export const MODEL_OPTIONS = {
  data: {
    type: 'string',
    short: 'd',
    value: 'path',
    help: 'folder with IDX files (as MNIST), folder of images for each class, or CSV file; default built-in handwritten digits',
  },
  target: { type: 'string', value: 'column', help: 'column to predict, default the last one' },
  task: {
    type: 'string',
    value: 'task',
    help: 'auto, classification or regression; default auto: words or few whole numbers are classes',
  },
  ...TABLE_OPTIONS,
  model: {
    type: 'string',
    short: 'm',
    value: 'model',
    help: `${MODELS.join(', ')}; default by the size of the data`,
  },
} as const satisfies CommandOptions;

export const train: Command = {
  summary: 'Train a network on your data, show how well it does, and save it.',
  options: {
    ...MODEL_OPTIONS,
    epochs: { type: 'string', short: 'e', value: 'n', help: 'passes over the data at most' },
    'batch-size': { type: 'string', short: 'b', value: 'n', help: 'examples a step' },
    lr: {
      type: 'string',
      value: 'rate',
      help: 'highest learning rate; it falls to 0 along half a cosine',
    },
    optimizer: {
      type: 'string',
      value: 'name',
      help: `${Object.keys(OPTIMIZERS).join(', ')}; default adam`,
    },
    l2: { type: 'string', value: 'λ', help: 'weight of the penalty λ·Σw², part of the loss' },
    dropout: { type: 'string', value: 'rate', help: 'share of hidden units left out in each step' },
    'batch-norm': { type: 'boolean', help: 'batch normalisation behind each hidden layer' },
    augment: {
      type: 'boolean',
      help: 'shift images by up to a twentieth in training, anew in each step',
    },
    flip: {
      type: 'boolean',
      help: 'mirror half of the images sideways in training, never upside down; not for digits or letters',
    },
    patience: {
      type: 'string',
      value: 'n',
      help: 'epochs without improvement on the dev set before training stops',
    },
    seed: {
      type: 'string',
      short: 's',
      value: 'n',
      help: 'governs split, first weights, order, dropout and augmentation; default 0',
    },
    threads: { type: 'string', short: 't', value: 'n', help: 'default one for each processor' },
    build: {
      type: 'string',
      value: 'name',
      help: 'simd, relaxed, turbo or f64 (see info); default the fastest but turbo',
    },
    reproducible: { type: 'boolean', help: 'the same bits on every machine, some slower' },
    out: {
      type: 'string',
      short: 'o',
      value: 'folder',
      help: 'where the model and its report go, default runs/<data>-<number>; an older model there is replaced',
    },
    json: { type: 'string', value: 'file', help: 'write the report there, too' },
    'no-report': { type: 'boolean', help: 'write no report.html, and take no snapshots for it' },
    tensorboard: {
      type: 'string',
      value: 'folder',
      help: 'write event files for TensorBoard there',
    },
  },
  notes: [
    'What is not given is chosen by the size of the data, penalty and dropout too; the line "model" says how.',
    'Ctrl-C ends training early and keeps the best weights so far; a second one leaves at once.',
  ],
  examples: [
    ['npx wasmgrad train', 'built-in digits'],
    ['npx wasmgrad train --data iris.csv', 'predicts the last column'],
    ['npx wasmgrad train --data houses.csv --target price', 'predicts the column "price"'],
    [
      'npx wasmgrad train --data sales.csv --types customer=category,year=drop',
      'overrules how columns are read',
    ],
    ['npx wasmgrad train --data mnist/ --model mlp:256,128 --epochs 5', 'four IDX files'],
    ['npx wasmgrad train --data mnist/ --model cnn', 'a convolutional network'],
    ['npx wasmgrad predict runs/iris-1 --data new.csv', 'asks the model'],
  ],
  async run(values) {
    using interrupts = new Interrupts();
    return await trainJob(jobOptions(values), interrupts);
  },
};

function jobOptions(values: OptionValues): JobOptions {
  return {
    data: textValue(values, 'data'),
    target: textValue(values, 'target'),
    task: choiceValue(values, 'task', TASKS) ?? 'auto',
    table: tableFlags(values),
    settings: givenSettings(values),
    seed: numberValue(values, 'seed', { from: 0, to: MAX_SEED, whole: true }) ?? 0,
    engine: engineOptions(values),
    out: textValue(values, 'out'),
    json: textValue(values, 'json'),
    page: values['no-report'] !== true,
    tensorboard: textValue(values, 'tensorboard'),
  };
}

function engineOptions(values: OptionValues): EngineOptions {
  const build = textValue(values, 'build') as BuildName | undefined;
  const threads = numberValue(values, 'threads', { from: 1, to: 64, whole: true });
  return {
    reproducible: values['reproducible'] === true,
    ...(build === undefined ? {} : { build }),
    ...(threads === undefined ? {} : { threads }),
  };
}

function givenSettings(values: OptionValues): Partial<Settings> {
  const given = {
    model: textValue(values, 'model'),
    epochs: numberValue(values, 'epochs', { from: 1, whole: true }),
    batchSize: numberValue(values, 'batch-size', { from: 1, whole: true }),
    optimizer: choiceValue(values, 'optimizer', Object.keys(OPTIMIZERS) as OptimizerName[]),
    lr: numberValue(values, 'lr', { above: 0 }),
    l2: numberValue(values, 'l2', { from: 0 }),
    dropout: numberValue(values, 'dropout', { from: 0, below: 1 }),
    batchNorm: values['batch-norm'] === true ? true : undefined,
    augment: values['augment'] === true ? true : undefined,
    flip: values['flip'] === true ? true : undefined,
    patience: numberValue(values, 'patience', { from: 0, whole: true }),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
