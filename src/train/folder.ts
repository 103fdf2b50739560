import { fileError, nodeFiles } from '../data/file.ts';
import { parseJson } from '../formats/json.ts';
import { builtin } from '../runtime/environment.ts';
import { DataError, OptionError, StateError, shown, WasmgradError } from '../runtime/errors.ts';
import {
  FORMAT,
  MODEL_FILE,
  type ModelFiles,
  OPTIMIZER_FILE,
  WEIGHTS_FILE,
} from './savedNetwork.ts';

const OWN: readonly string[] = [MODEL_FILE, WEIGHTS_FILE, OPTIMIZER_FILE];

interface Node {
  readonly fs: typeof import('node:fs/promises');
  readonly path: typeof import('node:path');
}

function node(what: string): Node {
  const [fs, path] = [builtin('node:fs/promises'), builtin('node:path')];
  if (fs && path) return { fs, path };
  throw new StateError(`${what} writes files, which only Node can; in browsers use toFiles`);
}

/** What `body` gives; errors of the system in words. */
async function inWords<T>(place: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (cause) {
    throw cause instanceof WasmgradError ? cause : fileError(place, cause);
  }
}

interface Place {
  readonly target: string;
  /** The model before, where it waits while it is replaced. */
  readonly previous: string;
  readonly hidden: (suffix: string) => string;
}

/** Where the folder really is, and the hidden places beside it. */
async function locate({ fs, path }: Node, folder: string): Promise<Place> {
  const absolute = path.resolve(folder);
  const target = await fs.realpath(absolute).catch(() => absolute);
  const hidden = (suffix: string) =>
    path.join(path.dirname(target), `.${path.basename(target)}.${suffix}`);
  return { target, previous: hidden('previous-model'), hidden };
}

async function exists({ fs }: Node, path: string): Promise<boolean> {
  return fs.stat(path).then(
    () => true,
    () => false,
  );
}

async function writeSynced({ fs }: Node, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.open(path, 'wx');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes renames last. Some systems cannot open folders; there they last anyway. */
async function syncFolder({ fs }: Node, path: string): Promise<void> {
  const folder = await fs.open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

const unique = () =>
  `${(globalThis.crypto ?? builtin('node:crypto')).randomUUID().slice(0, 13)}.tmp`;

/**
 * Writes the files as a folder. A model that is there is kept until the new one is complete; what else lies in its folder stays.
 * Throws `OptionError` rather than replace a folder that holds something else.
 */
export async function writeModel(folder: string, files: ModelFiles): Promise<void> {
  const system = node('save');
  if (typeof folder !== 'string' || folder === '')
    throw new OptionError(`save: the folder is ${shown(folder)}, expected a path`);
  const place = await locate(system, folder);
  await inTurn(place.target, () => inWords(folder, () => replace(system, folder, place, files)));
}

const running = new Map<string, Promise<void>>();

/** Runs `body` behind what is under way for the same folder. */
async function inTurn(target: string, body: () => Promise<void>): Promise<void> {
  const turn = (running.get(target) ?? Promise.resolve()).catch(() => {}).then(body);
  running.set(target, turn);
  try {
    await turn;
  } finally {
    if (running.get(target) === turn) running.delete(target);
  }
}

async function replace(
  system: Node,
  folder: string,
  { target, previous, hidden }: Place,
  files: ModelFiles,
): Promise<void> {
  const { fs, path } = system;
  const parent = path.dirname(target);
  await fs.mkdir(parent, { recursive: true });
  await finishReplacement(system, target, previous);
  const old = await whatIsAt(system, target, folder);
  const temporary = hidden(unique());
  try {
    await fs.mkdir(temporary);
    for (const [name, bytes] of Object.entries(files))
      await writeSynced(system, path.join(temporary, name), bytes);
    await syncFolder(system, temporary);
    if (old === 'empty') await fs.rmdir(target);
    if (old === 'model') await fs.rename(target, previous);
    await fs.rename(temporary, target).catch(async (error) => {
      if (old === 'model') await fs.rename(previous, target);
      throw error;
    });
  } catch (error) {
    await fs.rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(system, parent);
  await finishReplacement(system, target, previous);
}

/** Brings back the model before, or where the new one is in place takes over what else lay beside the old one. */
async function finishReplacement(system: Node, target: string, previous: string): Promise<void> {
  const { fs, path } = system;
  if (!(await exists(system, previous))) return;
  if (!(await exists(system, target))) return fs.rename(previous, target);
  for (const name of await fs.readdir(previous)) {
    const to = path.join(target, name);
    if (!OWN.includes(name) && !(await exists(system, to)))
      await fs.rename(path.join(previous, name), to);
  }
  await fs.rm(previous, { recursive: true });
}

async function whatIsAt(
  { fs, path }: Node,
  target: string,
  folder: string,
): Promise<'nothing' | 'empty' | 'model'> {
  const names = await fs.readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!names) return 'nothing';
  if (names.length === 0) return 'empty';
  const bytes = await fs.readFile(path.join(target, MODEL_FILE)).catch(() => undefined);
  if (bytes && isModel(bytes)) return 'model';
  throw new OptionError(
    `${folder}: the folder holds other files and no model, so it is not replaced; save to a folder inside of it`,
  );
}

/** What `writeModel` would replace; throws as it would. */
export function lookAtFolder(folder: string): Promise<'nothing' | 'empty' | 'model'> {
  const system = node('save');
  return inWords(folder, async () =>
    whatIsAt(system, (await locate(system, folder)).target, folder),
  );
}

function isModel(bytes: Uint8Array): boolean {
  try {
    return parseJson(bytes, MODEL_FILE).optional('format')?.value === FORMAT;
  } catch {
    return false;
  }
}

const ATTEMPTS = 10;

/** The files of a model's folder, all of one save; those that are not there are left out. */
export async function readFolder(folder: string): Promise<ModelFiles> {
  nodeFiles('loadModel');
  const system = node('loadModel');
  return inWords(folder, async () => {
    for (let attempt = 1; ; attempt++) {
      try {
        const files = await readOnce(system, folder);
        if (files) return files;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === ATTEMPTS) throw error;
      }
      if (attempt === ATTEMPTS)
        throw new DataError(`${folder}: the model is replaced again and again while it is read`);
    }
  });
}

/** Nothing when the folder was replaced meanwhile. */
async function readOnce(system: Node, folder: string): Promise<ModelFiles | undefined> {
  const { fs, path } = system;
  const { target, previous } = await locate(system, folder);
  const found =
    (await exists(system, target)) || !(await exists(system, previous)) ? target : previous;
  const identity = async () => (await fs.stat(found, { bigint: true })).ino;
  const before = await identity();
  const names = await fs.readdir(found);
  const files: [string, Uint8Array][] = [];
  for (const name of OWN)
    if (names.includes(name)) files.push([name, await fs.readFile(path.join(found, name))]);
  return (await identity()) === before ? Object.fromEntries(files) : undefined;
}

/** Writes a file beside, then puts it in its place. */
export async function writeFile(file: string, bytes: Uint8Array): Promise<void> {
  const system = node('saveWeights');
  const { fs, path } = system;
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${unique()}`);
  await inWords(file, async () => {
    try {
      await writeSynced(system, temporary, bytes);
      await fs.rename(temporary, file);
    } catch (error) {
      await fs.rm(temporary, { force: true });
      throw error;
    }
    await syncFolder(system, path.dirname(path.resolve(file)));
  });
}
