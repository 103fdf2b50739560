import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DataError, OptionError } from '../../src/runtime/errors.ts';
import { writeModel } from '../../src/train/folder.ts';
import { loadModel } from '../../src/train/load.ts';
import type { Model } from '../../src/train/model.ts';
import type { SaveOptions } from '../../src/train/save.ts';
import { classifier, fitOptions, place, stateOf, usePlace, x, y } from '../support/saved.ts';

usePlace();

const circle: Record<string, never> = {};
Object.assign(circle, { circle });

let net: Model;
beforeAll(async () => {
  net = classifier();
  await net.fit(x, y, fitOptions);
});
afterAll(() => net.dispose());

const hidden = () => readdirSync(place.root).filter((name) => name.startsWith('.'));

test('a model is replaced, what else lies in its folder stays', async () => {
  await net.save(join(place.folder, 'deep', 'er'), { optimizer: true });
  const target = join(place.folder, 'deep', 'er');
  writeFileSync(join(target, 'notes.txt'), 'mine');
  mkdirSync(join(target, 'plots'));
  await net.save(`${target}/`, { optimizer: false });
  expect(readdirSync(target).sort()).toEqual([
    'model.json',
    'notes.txt',
    'plots',
    'weights.safetensors',
  ]);
  expect(readdirSync(join(place.folder, 'deep'))).toEqual(['er']);
});

test('an empty folder is filled, a link followed', async () => {
  mkdirSync(place.folder);
  symlinkSync(place.folder, `${place.folder}-link`);
  await net.save(`${place.folder}-link`);
  expect(readdirSync(place.folder)).toContain('model.json');
  using loaded = await loadModel(`${place.folder}-link`, { engine: place.engine });
  expect(await stateOf(loaded)).toBe(await stateOf(net));
});

test.each<[string, (at: string) => string, typeof DataError, RegExp]>([
  [
    'other files',
    (at) => {
      mkdirSync(at);
      writeFileSync(join(at, 'thesis.txt'), '');
      return at;
    },
    OptionError,
    /holds other files and no model/,
  ],
  [
    'a foreign model.json',
    (at) => {
      mkdirSync(at);
      writeFileSync(join(at, 'model.json'), '{"format":"layers-model"}');
      return at;
    },
    OptionError,
    /holds other files and no model/,
  ],
  [
    'a file',
    (at) => {
      writeFileSync(at, '');
      return at;
    },
    DataError,
    /is a file, expected a folder/,
  ],
  [
    'a file on the way',
    (at) => {
      writeFileSync(at, '');
      return join(at, 'deeper');
    },
    DataError,
    /exists already|is a file/,
  ],
  ['no name at all', () => '/proc/self/nowhere', DataError, /no such file|no permission/],
])('not saved over %s', async (_, prepare, kind, message) => {
  const target = prepare(place.folder);
  const before = readdirSync(place.root, { recursive: true });
  await expect(net.save(target)).rejects.toThrow(kind);
  await expect(net.save(target)).rejects.toThrow(message);
  expect(readdirSync(place.root, { recursive: true })).toEqual(before);
});

test('a save that fails in the middle leaves the old model', async () => {
  await net.save(place.folder);
  const files = { ...(await net.toFiles()), 'no/such/folder': new Uint8Array(1) };
  await expect(writeModel(place.folder, files)).rejects.toThrow('no such file or folder');
  using loaded = await loadModel(place.folder, { engine: place.engine });
  expect(await stateOf(loaded)).toBe(await stateOf(net));
  expect(hidden()).toEqual([]);
});

test('saves and loads at the same time', async () => {
  await net.save(place.folder);
  const saves = Array.from({ length: 10 }, () => net.save(place.folder));
  for (let i = 0; i < 5; i++) {
    using loaded = await loadModel(place.folder, { engine: place.engine });
    expect(await stateOf(loaded)).toBe(await stateOf(net));
  }
  await Promise.all(saves);
  expect(hidden()).toEqual([]);
});

test.each<[string, SaveOptions, RegExp]>([
  [
    'a number that is not finite',
    { metadata: { best: Number.NaN } },
    /model "classifier": "best" is NaN, which JSON cannot hold/,
  ],
  ['a function', { metadata: { f: (() => 0) as unknown as string } }, /"f" is a function/],
  ['a circle', { metadata: circle }, /JSON cannot hold it: .*circular/],
  [
    'names that are numbers',
    { classNames: [1, 2] as unknown as string[] },
    /classNames\[0\]: expected text, found 1/,
  ],
])('%s is not saved', async (_, options, message) => {
  await expect(net.save(place.folder, options)).rejects.toThrow(message);
  expect(existsSync(place.folder)).toBe(false);
});

test('an interrupted replacement loses nothing', async () => {
  await net.save(place.folder);
  const previous = join(place.root, `.${place.folder.slice(place.root.length + 1)}.previous-model`);
  writeFileSync(join(place.folder, 'notes.txt'), 'mine');
  renameSync(place.folder, previous);
  using loaded = await loadModel(place.folder, { engine: place.engine });
  expect(await stateOf(loaded)).toBe(await stateOf(net));
  await net.save(place.folder);
  expect(readdirSync(place.folder)).toContain('notes.txt');
  expect(hidden()).toEqual([]);
});

test('weights to a place that cannot be written', async () => {
  await expect(net.saveWeights(join(place.folder, 'none', 'w.safetensors'))).rejects.toThrow(
    /w\.safetensors: no such file or folder/,
  );
  mkdirSync(place.folder);
  await expect(net.saveWeights(place.folder)).rejects.toThrow(DataError);
  expect(hidden()).toEqual([]);
});

test('a missing folder, a folder without a model', async () => {
  await expect(loadModel(place.folder)).rejects.toThrow(`${place.folder}: no such file or folder`);
  mkdirSync(place.folder);
  await expect(loadModel(place.folder)).rejects.toThrow(
    `${place.folder}/model.json is missing: not a saved model`,
  );
});
