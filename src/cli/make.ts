import { schedules } from '../optim/schedule.ts';
import type { Engine } from '../runtime/engine.ts';
import { isA } from '../runtime/kind.ts';
import { type Model, sequential } from '../train/model.ts';
import { parseModel } from './families.ts';
import type { JobOptions } from './job.ts';
import type { LoadedData } from './load.ts';
import { type DataFacts, OPTIMIZERS, type Settings, settingsFor } from './settings.ts';

function factsOf({ examples, splits: { train } }: LoadedData): DataFacts {
  return {
    task: train.task,
    examples,
    inputShape: train.x.shape.slice(1),
  };
}

/** What the model depends on besides its data. */
type MakeOptions = Pick<JobOptions, 'settings' | 'seed'>;

export function settingsOf(options: MakeOptions, data: LoadedData): Settings {
  return settingsFor(factsOf(data), options.settings);
}

function outputsOf({ splits: { train } }: LoadedData): number {
  if (train.classNames) return train.classNames.length;
  return isA(train.y, 'Int32Array') ? 1 : (train.y.shape[1] ?? 1);
}

/** The compiled model for the data. */
export function makeModel(options: MakeOptions, data: LoadedData, engine: Engine): Model {
  const { seed } = options;
  const facts = factsOf(data);
  const { task, examples, inputShape } = facts;
  const settings = settingsOf(options, data);
  const { model: text, epochs, batchSize, optimizer, lr } = settings;
  const { family, sizes } = parseModel(text, settingsFor(facts, {}).model);
  const outputs = outputsOf(data);
  const layers = family.layers(sizes, { ...settings, task, inputShape, outputs });
  const model = sequential(layers, { name: data.name, inputShape, seed, engine });
  model.preprocessing = data.preprocessing;
  model.classNames = data.splits.train.classNames;
  model.metadata = { dataset: data.name };
  const decaySteps = epochs * Math.ceil(examples / batchSize);
  const rate = schedules.cosineDecay({ initialLearningRate: lr, decaySteps });
  const classes = task === 'classification';
  return model.compile({
    optimizer: OPTIMIZERS[optimizer].make(rate),
    loss: classes ? 'sparseCategoricalCrossentropy' : 'meanSquaredError',
    metrics: classes ? ['accuracy'] : [],
  });
}
