import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BuildName } from '../../src/runtime/engine.ts';
import { OptionError } from '../../src/runtime/errors.ts';
import { wasmgrad } from '../contestants/wasmgrad.ts';
import { Engines } from '../engines.ts';
import { remote } from '../peers/process.ts';
import type { Contestant, Kind } from '../types.ts';
import { AGAINST } from './ratios.ts';

/** This checkout, one of the contestants. */
const HERE = fileURLToPath(new URL('../..', import.meta.url));

const HOST = fileURLToPath(new URL('host.ts', import.meta.url));

/** The library of a checkout, each variant in a process of its own. */
function tree(name: string, folder: string): Contestant {
  const { open, ...contestant } = wasmgrad(new Engines());
  return remote({
    ...contestant,
    name,
    opens: Object.keys(open) as Kind[],
    host: () => ({ command: process.execPath, args: [HOST, folder], env: {} }),
  });
}

/** This checkout and another one, on equal terms. */
export function trees(folder: string): [Contestant, Contestant] {
  return [tree('wasmgrad', HERE), tree(AGAINST, folder)];
}

/** The other checkout's path. Throws `OptionError` when it is none, or cannot run. */
export function checkTree(given: string, builds: readonly BuildName[]): string {
  const folder = resolve(given);
  const refuse = (why: string): never => {
    throw new OptionError(`--against ${given}: ${why}`);
  };
  if (!existsSync(folder)) refuse('no such folder');
  for (const file of ['bench/contestants/wasmgrad.ts', 'bench/engines.ts', 'bench/types.ts']) {
    if (!existsSync(`${folder}/${file}`)) refuse(`no checkout of wasmgrad: it has no ${file}`);
  }
  try {
    createRequire(`${folder}/package.json`).resolve('@assemblyscript/loader');
  } catch {
    refuse('its packages are not installed: run npm install there');
  }
  for (const file of builds.flatMap((b) => [`build/${b}.wasm`, `build/${b}-shared.wasm`])) {
    if (!existsSync(`${folder}/${file}`)) refuse(`it has no ${file}: run npm run build there`);
  }
  return folder;
}
