import { existsSync } from 'node:fs';
import { childRunner } from '../child.ts';
import { type InferTask, type Runner, Unable, type Variant } from '../types.ts';

const ROOT = new URL('../../', import.meta.url);
const ENTRIES: Readonly<Record<string, string>> = {
  dist: 'dist/node/index.js',
  src: 'src/index.ts',
};

/** A process that imports the library, makes the model and asks it once. */
export function openStartup(task: InferTask, { build, threads }: Variant): Runner {
  const entry = new URL(ENTRIES[build] as string, ROOT);
  if (!existsSync(entry)) throw new Unable(`${ENTRIES[build]} is missing: npm run build`);
  const plain = { ...task, weights: task.weights.map((w) => [...w]), x: [...task.x] };
  const script = new URL('first.mjs', import.meta.url).pathname;
  return childRunner([script, entry.href, JSON.stringify(plain)], {
    WASMGRAD_THREADS: `${threads}`,
  });
}
