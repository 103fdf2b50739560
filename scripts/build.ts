/**
 * Builds the kernels (targets of asconfig.json; those named, or all) by `kernels.ts`: as many at once as there are processors,
 * and only those whose sources, options or compilers have changed.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type Built, isFresh, stamp } from './stamp.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
/** What one compiler needs. */
const BYTES = 600e6;

const { options, targets } = JSON.parse(readFileSync(`${root}asconfig.json`, 'utf8'));
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

function builtOf(target: string): Built {
  return {
    stamp: `build/${target}.hash`,
    sources: ['assembly/**/*.ts', 'scripts/{kernels,order}.ts'],
    outputs: [`build/${target}.{js,wasm}`],
    packages: ['assemblyscript', 'binaryen', '@gfx/zopfli'],
    options: { options, target: targets[target] },
  };
}

async function build(target: string): Promise<void> {
  const child = spawn(process.execPath, [script('kernels.ts'), target], { stdio: 'inherit' });
  const [status] = await once(child, 'exit');
  if (status !== 0) throw new Error(`the kernels of ${target} were not built`);
  stamp(root, builtOf(target));
}

async function buildAll(waiting: string[]): Promise<void> {
  const most = Math.min(availableParallelism(), Math.floor(freemem() / BYTES), waiting.length);
  const next = async (): Promise<void> => {
    for (let target = waiting.shift(); target; target = waiting.shift()) await build(target);
  };
  await Promise.all(Array.from({ length: Math.max(1, most) }, next));
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((target) => !(target in targets));
if (unknown.length > 0)
  throw new Error(`no builds ${unknown}: expected some of ${Object.keys(targets)}`);
execFileSync(process.execPath, [script('gen.ts')], { stdio: 'inherit' });
mkdirSync(`${root}build`, { recursive: true });
const chosen = wanted.length > 0 ? wanted : Object.keys(targets);
await buildAll(chosen.filter((target) => !isFresh(root, builtOf(target))));
