import { builtin } from './environment.ts';
import type { WorkerFactory } from './thread.ts';

/** Starts workers in Node: from their file, or from text where a bundler has moved this code away from it. Elsewhere undefined. */
export async function nodeFactory(): Promise<WorkerFactory | undefined> {
  const [threads, fs] = [builtin('node:worker_threads'), builtin('node:fs')];
  if (!threads || !fs) return undefined;
  // Not written as bundlers look for. In a bundle of CommonJS it is undefined.
  const here = String(import.meta.url);
  // A `worker.js` beside a bundle is somebody else's.
  if (here.startsWith('file:') && stands(fs, new URL('../../build/simd.wasm', here)))
    return (name) => new threads.Worker(new URL('./worker.ts', here), { name, execArgv: [] });
  const { WORKER } = await import('./workerText.ts');
  return (name) => new threads.Worker(WORKER, { name, execArgv: [], eval: true });
}

/** Whether there is a file. Where nobody may look, as in Deno without permissions, the code is where it was. */
function stands(fs: typeof import('node:fs'), file: URL): boolean {
  try {
    return fs.existsSync(file);
  } catch {
    return true;
  }
}
