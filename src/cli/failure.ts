import { OptionError } from '../runtime/errors.ts';
import { UsageError } from './values.ts';

/** What the system's error codes mean. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'no permission',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EISDIR: 'is a folder, expected a file',
  ENOTDIR: 'part of the path is not a folder',
  EEXIST: 'exists already',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many open files',
  EIO: 'input or output error',
  ELOOP: 'too many symbolic links',
};

interface SystemError extends Error {
  readonly code: string;
  readonly path?: string;
  readonly dest?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return error instanceof Error && 'code' in error && 'syscall' in error;
}

/** One line that says what went wrong. */
export function inWords(error: unknown): string {
  if (isSystemError(error)) {
    const words = WORDS[error.code] ?? error.message;
    const path = error.dest ?? error.path;
    return path ? `${path}: ${words}` : words;
  }
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.split('\n', 1)[0] as string;
}

/** 2 for command lines that cannot be run, 1 for everything else. */
export function exitCode(error: unknown): number {
  return error instanceof UsageError ? 2 : 1;
}

/** Runs `body`; an `OptionError` in it comes from the command line. */
export async function asUsage<T>(body: () => T | Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof OptionError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
