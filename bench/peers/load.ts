import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { messageOf, OptionError } from '../../src/runtime/errors.ts';
import { Unable } from '../types.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(new URL('package.json', import.meta.url));

/** Installs the packages of this folder unless they are there. Throws `OptionError` when npm fails. */
export function installPeers(print: (text: string) => void): void {
  if (existsSync(`${FOLDER}node_modules`)) return;
  print('installs bench/peers (500 MB), once');
  try {
    execFileSync('npm', ['ci'], { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch (error) {
    throw new OptionError(
      `--peers: npm ci in bench/peers failed (no network?): ${messageOf(error)}`,
    );
  }
}

/** A package of this folder. Throws `Unable` when it does not load. */
export function load<T>(name: string): T {
  try {
    return require(name) as T;
  } catch (error) {
    throw new Unable(`does not load: ${messageOf(error).split('\n')[0]}`);
  }
}

/** Where a file of a package is. */
export function locate(path: string): string {
  return require.resolve(path);
}
