import { counted } from '../report/terminal.ts';
import { ENGINE_OPTIONS, labelledData, openModel } from './ask.ts';
import type { Command } from './command.ts';
import { examplesOf } from './load.ts';
import { OutputFile } from './output.ts';
import { mistakes, score } from './score.ts';
import { metricText, showNotes } from './show.ts';
import { textValue } from './values.ts';

export const evaluate: Command = {
  summary: 'Measure how well a saved model does on data with the answers.',
  parameters: ['model'],
  options: {
    data: {
      type: 'string',
      short: 'd',
      value: 'path',
      help: 'CSV file with the target column, folder with IDX files, or folder of images for each class; of data with a test part that part',
    },
    json: { type: 'string', value: 'file', help: 'write the figures there, too' },
    ...ENGINE_OPTIONS,
  },
  examples: [
    ['npx wasmgrad evaluate runs/iris-1 --data iris.csv', 'all rows of the file'],
    ['npx wasmgrad evaluate runs/mnist-1 --data mnist/', 'the test images'],
  ],
  async run(values, [path]) {
    const json = textValue(values, 'json');
    const file = json === undefined ? undefined : await OutputFile.prepare(json);
    using asked = await openModel(path, values);
    const { model, preprocessing } = asked;
    const { notes = [], ...data } = await labelledData(asked, textValue(values, 'data'));
    const metrics = await score(model, data, preprocessing);
    const figures = Object.entries(metrics).map(
      ([name, value]) => `${name} ${metricText(name, value)}`,
    );
    const examples = examplesOf(data);
    const text = await mistakes(model, data, preprocessing);
    process.stdout.write(`${counted(examples, 'example')}: ${figures.join(', ')}\n\n${text}\n`);
    const { task } = data;
    await file?.write(
      `${JSON.stringify({ model: path, dataset: data.name, task, examples, metrics }, null, 2)}\n`,
    );
    showNotes(notes);
    return undefined;
  },
};
