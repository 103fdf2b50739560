import { once } from 'node:events';
import { describePrediction, outputRow } from '../data/preprocess.ts';
import {
  type AskedModel,
  ENGINE_OPTIONS,
  type InputBatch,
  inputBatches,
  openModel,
} from './ask.ts';
import type { Command } from './command.ts';
import { jsonLineBatches } from './jsonLines.ts';
import { showNotes } from './show.ts';
import { textValue, UsageError } from './values.ts';

const BATCH = 256;

export const predict: Command = {
  summary: 'Ask a saved model; writes one JSON object a line: class and probabilities, or value.',
  parameters: ['model'],
  options: {
    data: {
      type: 'string',
      short: 'd',
      value: 'path',
      help: 'CSV file (the target column may be missing), IDX images or folder, image file (PNG, JPEG, WebP …) or folder',
    },
    'json-lines': {
      type: 'boolean',
      help: 'read from standard input, one example a line: an object of columns, or an array of numbers',
    },
    ...ENGINE_OPTIONS,
  },
  examples: [
    ['npx wasmgrad predict runs/iris-1 --data new.csv', 'a line for each row'],
    [
      `echo '{"size": 80, "rooms": 3}' | npx wasmgrad predict runs/houses-1 --json-lines`,
      'answers line by line',
    ],
  ],
  async run(values, [path]) {
    const data = textValue(values, 'data');
    const lines = values['json-lines'] === true;
    if (lines === (data !== undefined))
      throw new UsageError('give either --data <path> or --json-lines');
    using asked = await openModel(path, values, { frozen: true });
    const { preprocessing } = asked;
    const batches: AsyncIterable<InputBatch> =
      data === undefined
        ? jsonLineBatches(process.stdin, preprocessing)
        : inputBatches(asked, data);
    const unread: string[] = [];
    for await (const { notes = [], ...batch } of batches) {
      unread.push(...notes);
      await answer(asked, batch);
    }
    showNotes(unread);
    return undefined;
  },
};

/** Writes what the model says about each example. */
async function answer(
  { model, preprocessing }: AskedModel,
  { files, ...x }: InputBatch,
): Promise<void> {
  const examples = x.shape[0] as number;
  const row = x.data.length / examples;
  for (let from = 0; from < examples; from += BATCH) {
    const to = Math.min(examples, from + BATCH);
    const part = {
      ...x,
      data: x.data.subarray(from * row, to * row),
      shape: [to - from, ...x.shape.slice(1)],
    };
    const output = await model.predict(part, { batchSize: BATCH });
    const lines = Array.from({ length: to - from }, (_, i) =>
      line({
        ...(files ? { file: files[from + i] } : {}),
        ...describePrediction(preprocessing, outputRow(output, i)),
      }),
    );
    if (!process.stdout.write(lines.join(''))) await once(process.stdout, 'drain');
  }
}

/** JSON with as many digits as mean something: the last one of f32 depends on the size of the batch. */
function line(value: object): string {
  const shorter = (_: string, x: unknown) => (typeof x === 'number' ? Number(x.toPrecision(6)) : x);
  return `${JSON.stringify(value, shorter)}\n`;
}
