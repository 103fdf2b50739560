import { rmdirSync, rmSync } from 'node:fs';
import { mkdir, open, rename, rm, rmdir, stat, statfs, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { DataError } from '../runtime/errors.ts';
import { lookAtFolder } from '../train/folder.ts';
import { reasonOf } from './failure.ts';

export const REPORT_FILE = 'report.json';
export const DETAILS_FILE = 'details.json';
export const PAGE_FILE = 'report.html';

/** Room beside the weights for configuration and reports. */
const SPARE_BYTES = 2 * 2 ** 20;

/** The folder that a training will leave its model in, made and tried out before the training. */
export class OutputFolder {
  readonly path: string;
  /** Whether it holds an older model. */
  readonly replaces: boolean;
  /** The outermost folder that was made for it. */
  readonly #made: string | undefined;
  readonly #leave = () => this.discard();

  private constructor(path: string, replaces: boolean, made: string | undefined) {
    this.path = path;
    this.replaces = replaces;
    this.#made = made;
  }

  /** `given`, or a new folder `runs/<name>-<number>`. Throws `DataError` where nothing can be written. */
  static async prepare(given: string | undefined, name: string): Promise<OutputFolder> {
    const folder = given === undefined ? await reserve(name) : await openFolder(given);
    try {
      await probe(folder.path);
      await probe(dirname(resolve(folder.path)));
    } catch (error) {
      folder.discard();
      throw cannotWrite(folder.path, error);
    }
    return folder;
  }

  static at(path: string, replaces: boolean, made: string | undefined): OutputFolder {
    const folder = new OutputFolder(path, replaces, made);
    process.once('exit', folder.#leave);
    return folder;
  }

  /** Throws `DataError` when the disk has no room for so many bytes. */
  async checkRoom(bytes: number): Promise<void> {
    const { blocks, bavail, bsize } = await statfs(this.path);
    const [free, needed] = [bavail * bsize, bytes + SPARE_BYTES];
    if (blocks === 0 || free >= needed) return;
    const mb = (n: number) => `${(n / 2 ** 20).toFixed(1)} MB`;
    throw new DataError(
      `${this.path}: the disk is full (${mb(free)} left, the model needs ${mb(needed)})`,
    );
  }

  /** Removes the folders that were made, as far as nothing lies in them; happens by itself when the process ends. */
  discard(): void {
    process.off('exit', this.#leave);
    if (!this.#made) return;
    rmSync(probeFile(this.path), { force: true });
    const outermost = resolve(this.#made);
    for (let at = resolve(this.path); at.startsWith(outermost); at = dirname(at)) {
      try {
        rmdirSync(at);
      } catch {
        return;
      }
    }
  }
}

function cannotWrite(path: string, error: unknown): DataError {
  return new DataError(`${path}: cannot be written (${reasonOf(error)})`, { cause: error });
}

async function reserve(name: string): Promise<OutputFolder> {
  const safe = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/, '') || 'model';
  try {
    const made = await makeFolder('runs');
    for (let n = 1; ; n++) {
      const path = join('runs', `${safe}-${n}`);
      const fresh = await mkdir(path).then(() => true, ifExists);
      if (fresh) return OutputFolder.at(path, false, made ?? path);
    }
  } catch (error) {
    throw cannotWrite('runs', error);
  }
}

function ifExists(error: NodeJS.ErrnoException): false {
  if (error.code === 'EEXIST') return false;
  throw error;
}

async function openFolder(path: string): Promise<OutputFolder> {
  const found = await stat(path).catch(() => undefined);
  if (!found) {
    const made = await makeFolder(path).catch((error: unknown) => {
      throw cannotWrite(path, error);
    });
    return OutputFolder.at(path, false, made);
  }
  if (!found.isDirectory())
    throw new DataError(`${path}: is a file, expected a folder for the model`);
  if (!relative(resolve(path), process.cwd()).startsWith('..')) {
    throw new DataError(
      `${path}: is the current folder or one around it; choose a folder inside of it`,
    );
  }
  const state = await lookAtFolder(path);
  if (state === 'empty') await replaceEmpty(path);
  return OutputFolder.at(path, state === 'model', undefined);
}

/** The model's folder takes the place of an empty one, which the root of a file system does not give. */
async function replaceEmpty(path: string): Promise<void> {
  try {
    await rmdir(path);
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') {
      throw new DataError(`${path}: a file system begins there; choose a folder inside of it`);
    }
    throw cannotWrite(path, error);
  }
}

/**
 * Makes a folder and those around it; resolves to the outermost that was made. (Node's own way never ends where the system
 * takes no folders, as in /proc.)
 */
async function makeFolder(path: string): Promise<string | undefined> {
  const made = () => mkdir(path).then(() => path, ifExists);
  try {
    return (await made()) || undefined;
  } catch (error) {
    const parent = dirname(resolve(path));
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === resolve(path)) throw error;
    const outermost = await makeFolder(parent);
    return (await made()) ? (outermost ?? path) : undefined;
  }
}

function probeFile(folder: string): string {
  return join(folder, `.wasmgrad-${process.pid}`);
}

/** Writes a file into the folder and takes it away again. */
async function probe(folder: string): Promise<void> {
  const path = probeFile(folder);
  try {
    await writeFile(path, new Uint8Array(4096));
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}

/** A file whose text appears as a whole or not at all; devices and pipes are written to. */
export class OutputFile {
  readonly path: string;
  readonly #direct: boolean;

  private constructor(path: string, direct: boolean) {
    this.path = path;
    this.#direct = direct;
  }

  /** Throws `DataError` where it cannot be written. */
  static async prepare(path: string): Promise<OutputFile> {
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) throw new DataError(`${path}: is a folder, expected a file`);
    if (found && !found.isFile()) return new OutputFile(path, true);
    try {
      await makeFolder(dirname(path));
      await probe(dirname(path));
    } catch (error) {
      throw cannotWrite(path, error);
    }
    return new OutputFile(path, false);
  }

  async write(text: string): Promise<void> {
    try {
      await (this.#direct ? writeFile(this.path, text) : replaceFile(this.path, text));
    } catch (error) {
      throw cannotWrite(this.path, error);
    }
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w');
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
}
