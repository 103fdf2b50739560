/** The public API without builds inside: an engine is made from a `wasm` of yours, and given to models. */
import { createEngine as create, type EngineOptions } from './runtime/create.ts';
import type { Engine } from './runtime/engine.ts';
import type { WasmSource } from './runtime/wasm.ts';

export * from './index.ts';

/** As in `wasmgrad`; one of the package's `build/*.wasm`, for shared memory (`-shared`) if the engine is a `team`. */
export interface SlimEngineOptions extends EngineOptions {
  readonly wasm: WasmSource;
}

export const createEngine: (options: SlimEngineOptions) => Promise<Engine> = create;
