import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { csvFileBatches, readCsvFile } from '../data/csvFile.ts';
import type { Dataset } from '../data/dataset.ts';
import { fileBytes } from '../data/file.ts';
import { readIdxFolder } from '../data/idxFolder.ts';
import { readImageFolder, readImages } from '../data/imageFolder.ts';
import {
  encode,
  encodeImages,
  encodeInputs,
  type ImagePreprocessing,
  type Preprocessing,
} from '../data/preprocess.ts';
import { digits } from '../data/synthetic/index.ts';
import type { ArrayData } from '../data/table.ts';
import { Unread } from '../data/unread.ts';
import { readIdx } from '../formats/idx.ts';
import { createEngine } from '../runtime/create.ts';
import type { Engine } from '../runtime/engine.ts';
import { DataError } from '../runtime/errors.ts';
import { freeze } from '../train/freeze.ts';
import { loadModel } from '../train/load.ts';
import type { Model } from '../train/model.ts';
import type { CommandOptions, OptionValues } from './command.ts';
import { asUsage } from './failure.ts';
import { type DataKind, dataKind } from './kind.ts';
import { BUILT_IN } from './load.ts';
import { numberValue, UsageError } from './values.ts';

/** Options of commands that run a saved model. */
export const ENGINE_OPTIONS = {
  threads: { type: 'string', short: 't', value: 'n', help: 'default one for each processor' },
  reproducible: { type: 'boolean', help: 'the same bits on every machine, some slower' },
} as const satisfies CommandOptions;

/** A saved model that knows what its data look like. */
export interface AskedModel {
  readonly model: Model;
  readonly engine: Engine;
  readonly preprocessing: Preprocessing;
  [Symbol.dispose](): void;
}

/** Loads the model in a folder, for inference alone where it is to be `frozen`. Throws `DataError` where there is none, or one without preprocessing. */
export async function openModel(
  path: string | undefined,
  values: OptionValues,
  { frozen = false } = {},
): Promise<AskedModel> {
  if (path === undefined)
    throw new UsageError('which model? Give the folder that `npx wasmgrad train` wrote');
  const threads = numberValue(values, 'threads', { from: 1, to: 64, whole: true });
  const given = threads === undefined ? {} : { threads };
  const engine = await asUsage(() =>
    createEngine({ reproducible: values['reproducible'] === true, ...given }),
  );
  try {
    const loaded = await loadModel(await modelFolder(path), { engine });
    const model = frozen ? await freeze(loaded) : loaded;
    if (frozen) loaded.dispose();
    const { preprocessing } = model;
    if (!preprocessing)
      throw new DataError(
        `${path}: the model does not say how data become its input; train it with \`npx wasmgrad train\``,
      );
    const dispose = () => {
      model.dispose();
      engine.dispose();
    };
    return { model, engine, preprocessing, [Symbol.dispose]: dispose };
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

async function modelFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found?.isFile() && basename(path) === 'model.json' ? dirname(path) : path;
}

const HELD_OUT_SEED = 1;

/** Examples with the truth; `notes` say what was not read. */
export interface LabelledData extends Dataset {
  readonly notes?: readonly string[] | undefined;
}

/** Examples with the truth, as the model takes them. Without a path: new ones of the built-in data. */
export async function labelledData(
  { model, preprocessing }: AskedModel,
  path: string | undefined,
): Promise<LabelledData> {
  if (path === undefined) {
    if (model.metadata?.['dataset'] !== BUILT_IN || preprocessing.kind !== 'images') {
      throw new UsageError('--data is missing: the data to evaluate on');
    }
    return digits(2000, { seed: 2 ** 31 - HELD_OUT_SEED });
  }
  const kind = await dataKind(path);
  if (preprocessing.kind === 'table') {
    if (kind !== 'csv') throw new DataError(`${path}: images, the model expects a table (CSV)`);
    return encode(preprocessing, await readCsvFile(path));
  }
  if (kind === 'idxFolder') {
    const { train, test } = await readIdxFolder(path);
    return ofModel(preprocessing, test ?? train, path);
  }
  if (kind === 'imageFolder') {
    const { train, test, notes } = await readImageFolder(path, imageOptions(preprocessing));
    return { ...ofModel(preprocessing, test ?? train, path), notes };
  }
  throw new DataError(
    `${path}: no classes to compare with; expected a folder of IDX files, or of images for each class`,
  );
}

function imageOptions({ shape }: ImagePreprocessing) {
  const [height = 0, width = 0, colours] = shape;
  return { size: [height, width] as const, channels: colours === 3 ? (3 as const) : (1 as const) };
}

/** The same examples with the model's class numbers. */
function ofModel(preprocessing: ImagePreprocessing, data: Dataset, path: string): Dataset {
  const { classNames } = preprocessing;
  const given = data.classNames ?? [];
  const numbered = given.every((name, i) => name === String(i));
  const numbers = given.map((name, i) => (numbered ? i : classNames.indexOf(name)));
  const y = Int32Array.from(data.y as Int32Array, (label) => {
    const number = numbers[label] as number;
    if (number >= 0 && number < classNames.length) return number;
    throw new DataError(
      `${path}: class "${given[label]}", the model knows ${classNames.slice(0, 20).join(', ')}`,
    );
  });
  return { ...data, x: encodeImages(preprocessing, data.x, path), y, classNames };
}

/** Inputs for the model; `files` names the file of each, where they come from one each; `notes` say what was not read. */
export interface InputBatch extends ArrayData {
  readonly files?: readonly string[];
  readonly notes?: readonly string[] | undefined;
}

/** Inputs for the model, some at a time. */
export async function* inputBatches(
  { preprocessing }: AskedModel,
  path: string,
): AsyncGenerator<InputBatch> {
  const kind = await dataKind(path);
  if (preprocessing.kind === 'table') {
    if (kind !== 'csv') throw new DataError(`${path}: images, the model expects a table (CSV)`);
    for await (const records of csvFileBatches(path)) yield encodeInputs(preprocessing, records);
  } else if (kind === 'image' || kind === 'images') {
    const unread = new Unread();
    const inside = async () => (await unread.images(path)).map((name) => join(path, name));
    const files = kind === 'image' ? [path] : await inside();
    const images = await readImages(files, imageOptions(preprocessing));
    yield { ...images, files, notes: unread.notes() };
  } else {
    const { notes, ...images } = await imagesAt(path, kind, preprocessing);
    yield { ...encodeImages(preprocessing, images, path), notes };
  }
}

async function imagesAt(
  path: string,
  kind: Exclude<DataKind, 'image' | 'images'>,
  preprocessing: ImagePreprocessing,
): Promise<InputBatch> {
  switch (kind) {
    case 'imageFolder': {
      const { train, test, notes } = await readImageFolder(path, imageOptions(preprocessing));
      return { ...(test ?? train).x, notes };
    }
    case 'idxFolder': {
      const { train, test } = await readIdxFolder(path);
      return (test ?? train).x;
    }
    case 'idxFile': {
      const { data, shape } = await readIdx(await fileBytes(path), path);
      return { data, shape };
    }
    case 'csv':
      throw new DataError(`${path}: a table, the model expects images (IDX, PNG or JPEG)`);
  }
}
