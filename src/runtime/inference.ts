import { BUILDS, type BuildName, type Choice, type Engine } from './engine.ts';
import { notShared } from './environment.ts';
import { EngineError, OptionError } from './errors.ts';
import { chooseBuild } from './features.ts';
import { instantiate } from './instance.ts';
import { InlineEngine } from './local.ts';
import type { WorkerFactory } from './thread.ts';
import { type Chunk, compileSource, moduleOf, type WasmSource } from './wasm.ts';

export interface InferenceOptions {
  /** More than one: threads over shared memory, which pages must be cross-origin isolated for. Default 1. */
  readonly threads?: number;
  /** The same bits on every machine and in every browser: the `simd-infer` build. */
  readonly reproducible?: boolean;
  /** The binary (`build/relaxed-infer.wasm` …), where it shall not come from the package's own chunk. */
  readonly wasm?: WasmSource;
  /** Starts `worker.js`, where the default does not find it. */
  readonly workerFactory?: WorkerFactory;
}

const CHUNKS: Readonly<Record<string, Chunk>> = {
  'simd-infer': () => import('../../build/simd-infer.js'),
  'relaxed-infer': () => import('../../build/relaxed-infer.js'),
  'simd-infer-shared': () => import('../../build/simd-infer-shared.js'),
  'relaxed-infer-shared': () => import('../../build/relaxed-infer-shared.js'),
};

/**
 * An engine with the kernels of forward passes only, on the calling thread and as many others as asked for. Throws
 * `OptionError` for options outside their range, `EngineError` where WebAssembly or threads are not to be had.
 */
export async function inferenceEngine(options: InferenceOptions): Promise<Engine> {
  const { threads = 1, reproducible, wasm, workerFactory } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > 64)
    throw new OptionError(`threads: expected an integer from 1 to 64, got ${threads}`);
  const shared = threads > 1;
  const noSharing = shared && notShared();
  if (noSharing) throw new EngineError(`no threads: ${noSharing}`);
  const { build, reasons } = chooseBuild({ reproducible });
  const target = `${build}-infer${shared ? '-shared' : ''}`;
  const module = wasm ? await compileSource(wasm) : await moduleOf(target, CHUNKS[target] as Chunk);
  const instance = instantiate(module, shared);
  const info: Choice = {
    build: BUILDS[instance.exports.build()] as BuildName,
    kind: shared ? 'team' : 'inline',
    threads,
    sharedMemory: shared,
    reasons,
  };
  if (!shared) return new InlineEngine(instance, info);
  const { TeamEngine } = await import('./team.ts');
  return TeamEngine.create(instance, info, workerFactory);
}
