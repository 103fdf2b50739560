import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pictures as draw } from '../report/pictures.ts';
import { DataError } from '../runtime/errors.ts';
import { ENGINE_OPTIONS, inputBatches, openModel } from './ask.ts';
import type { Command } from './command.ts';
import { showNotes } from './show.ts';
import { numberValue, textValue, UsageError } from './values.ts';

export const pictures: Command = {
  summary: 'Draw what a saved network for images sees in one of them, as PNG files.',
  parameters: ['model', 'image'],
  options: {
    index: {
      type: 'string',
      short: 'i',
      value: 'n',
      help: 'which image of a folder or IDX file, from 0; default the first',
    },
    class: {
      type: 'string',
      value: 'n',
      help: 'number of the class to explain, default the likeliest',
    },
    out: {
      type: 'string',
      short: 'o',
      value: 'folder',
      help: 'where they go, default <model>/pictures',
    },
    ...ENGINE_OPTIONS,
  },
  notes: [
    'filters: those of the first convolution; activations: what each layer makes of the image; saliency: how much each pixel matters; grad-cam: where the class is seen.',
  ],
  examples: [
    ['npx wasmgrad train --data mnist/ --model cnn --out runs/seen', 'a network for images'],
    ['npx wasmgrad pictures runs/seen mnist/ --index 7', 'writes to runs/seen/pictures'],
  ],
  async run(values, [path, image]) {
    if (image === undefined) throw new UsageError('pictures: which model and which image?');
    const index = numberValue(values, 'index', { from: 0, whole: true }) ?? 0;
    const classIndex = numberValue(values, 'class', { from: 0, whole: true });
    using asked = await openModel(path, values);
    if (asked.preprocessing.kind !== 'images')
      throw new DataError(
        `${path}: the model expects a table, pictures are for networks on images`,
      );
    for await (const { files: _, notes = [], ...x } of inputBatches(asked, image)) {
      const [n, ...shape] = x.shape as [number, ...number[]];
      if (index >= n) throw new UsageError(`--index ${index}: ${image} has ${n} images`);
      const row = x.data.length / n;
      const data = x.data.subarray(index * row, (index + 1) * row);
      const one = { ...x, data, shape: [1, ...shape] };
      const drawn = await draw(asked.model, one, classIndex === undefined ? {} : { classIndex });
      const folder = textValue(values, 'out') ?? join(path as string, 'pictures');
      await mkdir(folder, { recursive: true });
      for (const [name, bytes] of Object.entries(drawn.files))
        await writeFile(join(folder, name), bytes);
      const known = asked.preprocessing.classNames[drawn.look.classIndex];
      process.stdout.write(
        `class ${known}: ${Object.keys(drawn.files).length} pictures in ${folder}\n`,
      );
      showNotes(notes);
      break;
    }
    return undefined;
  },
};
