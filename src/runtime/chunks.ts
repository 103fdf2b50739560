import type { Chunk } from './wasm.ts';

/** The binaries inside the package, each a chunk of its own; scripts/emit.ts leaves them out of `wasmgrad/slim`. */
export const CHUNKS: Readonly<Record<string, Chunk>> = {
  simd: () => import('../../build/simd.js'),
  relaxed: () => import('../../build/relaxed.js'),
  turbo: () => import('../../build/turbo.js'),
  f64: () => import('../../build/f64.js'),
  'simd-shared': () => import('../../build/simd-shared.js'),
  'relaxed-shared': () => import('../../build/relaxed-shared.js'),
  'turbo-shared': () => import('../../build/turbo-shared.js'),
  'f64-shared': () => import('../../build/f64-shared.js'),
};
