import { pathToFileURL } from 'node:url';
import type { wasmgrad } from '../contestants/wasmgrad.ts';
import type { Engines } from '../engines.ts';
import { serve } from '../peers/serve.ts';
import type { Unable } from '../types.ts';

const load = <T>(path: string) =>
  import(pathToFileURL(`${process.argv[2]}/${path}`).href) as Promise<T>;

/** The library of a checkout, for another process: `node host.ts FOLDER`. */
const [ours, engines, types] = await Promise.all([
  load<{ wasmgrad: typeof wasmgrad }>('bench/contestants/wasmgrad.ts'),
  load<{ Engines: typeof Engines }>('bench/engines.ts'),
  load<{ Unable: typeof Unable }>('bench/types.ts'),
]);
await serve(ours.wasmgrad(new engines.Engines()), types.Unable);
