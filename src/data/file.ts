import type { Bytes } from '../formats/gzip.ts';
import { builtin } from '../runtime/environment.ts';
import { DataError, messageOf, StateError, shown, TypeMismatchError } from '../runtime/errors.ts';

type Files = typeof import('node:fs/promises');

/** Node's file functions. Throws `StateError` in browsers. */
export function nodeFiles(what: string): Files {
  const fs = builtin('node:fs/promises');
  if (!fs) throw new StateError(`${what} reads files, which only Node can; give the bytes instead`);
  return fs;
}

const PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EISDIR: 'is a folder, expected a file',
  ENOTDIR: 'is a file, expected a folder',
  EACCES: 'no permission',
  EPERM: 'no permission',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
  EEXIST: 'exists already',
  ENOTEMPTY: 'exists already',
};

function checkPath(path: unknown): void {
  if (typeof path !== 'string')
    throw new TypeMismatchError(`got ${shown(path)}, expected the path of a file or folder`);
}

/** The error of a file operation in words. */
export function fileError(path: string, cause: unknown): DataError {
  const { code = '' } = cause as { code?: string };
  return new DataError(`${path}: ${PROBLEMS[code] ?? messageOf(cause)}`, { cause });
}

/** What `body` gives; its errors in words. */
export async function withPath<T>(path: string, body: () => Promise<T>): Promise<T> {
  checkPath(path);
  try {
    return await body();
  } catch (cause) {
    throw fileError(path, cause);
  }
}

export async function fileBytes(path: string): Promise<Bytes> {
  const { readFile } = nodeFiles('this');
  return withPath(path, async () => (await readFile(path)) as Bytes);
}

/** The bytes of a file of any size, chunk by chunk. */
export async function* fileChunks(path: string): AsyncGenerator<Bytes> {
  const { open } = nodeFiles('this');
  const file = await withPath(path, () => open(path));
  try {
    for (;;) {
      const buffer = new Uint8Array(1 << 18);
      const { bytesRead } = await withPath(path, () => file.read(buffer));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

export interface Entry {
  readonly name: string;
  readonly folder: boolean;
}

/** Files and folders that systems leave behind. */
const HIDDEN = /^(\..*|__MACOSX|Thumbs\.db|desktop\.ini)$/i;

/** What a folder holds, without hidden files, by name; links count as what they lead to. */
export async function listFolder(path: string): Promise<Entry[]> {
  const { readdir, stat } = nodeFiles('this');
  const found = await withPath(path, () => readdir(path, { withFileTypes: true }));
  const leadsToFolder = async (name: string) =>
    (await stat(`${path}/${name}`).catch(() => undefined))?.isDirectory() === true;
  const entries: Entry[] = [];
  for (const e of found) {
    if (HIDDEN.test(e.name)) continue;
    const folder = e.isDirectory() || (e.isSymbolicLink() && (await leadsToFolder(e.name)));
    entries.push({ name: e.name, folder });
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether there is a folder or a file at `path`. */
export async function kindOf(path: string): Promise<'folder' | 'file'> {
  const { stat } = nodeFiles('this');
  return (await withPath(path, () => stat(path))).isDirectory() ? 'folder' : 'file';
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
}
