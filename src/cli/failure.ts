import { fileError } from '../data/file.ts';
import { messageOf, OptionError } from '../runtime/errors.ts';
import { UsageError } from './values.ts';

interface SystemError extends Error {
  readonly syscall: string;
  readonly path?: string;
  readonly dest?: string;
}

function isSystemError(error: unknown): error is SystemError {
  return typeof error === 'object' && error !== null && 'code' in error && 'syscall' in error;
}

/** One line that says what went wrong. */
export function inWords(error: unknown): string {
  if (isSystemError(error)) {
    return fileError(error.dest ?? error.path ?? error.syscall, error).message;
  }
  const text = messageOf(error) || String(error);
  return text.split('\n', 1)[0] as string;
}

/** The same without the path. */
export function reasonOf(error: unknown): string {
  return isSystemError(error) ? fileError('', error).message.replace(/^: /, '') : inWords(error);
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
