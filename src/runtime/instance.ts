import type { RunOptions } from './engine.ts';
import { EngineError, messageOf } from './errors.ts';
import { type Exports, load } from './load.ts';
import { LinearMemory } from './memory.ts';

/** An instance on the calling thread and its memory. */
export interface Instance {
  readonly module: WebAssembly.Module;
  readonly memory: LinearMemory;
  readonly exports: Exports;
}

export function instantiate(
  module: WebAssembly.Module,
  shared: boolean,
  maximumPages?: number,
): Instance {
  const memory = new LinearMemory(shared, maximumPages);
  const exports = load(module, memory.wasm);
  if (!memory.reserve(exports.heapStart()))
    throw new EngineError('no WebAssembly memory to be had');
  exports.storeConstants();
  return { module, memory, exports };
}

/** Runs all rows as the only thread. */
export function runAlone(exports: Exports, { first, last, steps, profile = 0 }: RunOptions): void {
  try {
    exports.run(first, last, steps, profile, 0, 1);
  } catch (cause) {
    throw new EngineError(`the program trapped: ${messageOf(cause)}`, { cause });
  }
}
