import type { Engines } from '../engines.ts';
import type { Contestant, Variant } from '../types.ts';
import { openInfer, openInferSync, openTrain } from '../wasmgrad/models.ts';
import { openElementwise, openGemm, openReduce } from '../wasmgrad/operations.ts';

/** Each build on each number of threads. */
export function pairs(builds: readonly string[], threads: readonly number[]): Variant[] {
  return builds.flatMap((build) => threads.map((n) => ({ build, threads: n })));
}

/** This library, in each build and on each number of threads. */
export function wasmgrad(engines: Engines): Contestant {
  return {
    name: 'wasmgrad',
    kinds: ['gemm', 'elementwise', 'reduce', 'vectorise', 'train', 'infer'],
    variants: ({ builds, threads }) => pairs(builds, threads),
    open: {
      gemm: async (task, variant) => openGemm(task, await engines.get(variant)),
      elementwise: async (task, variant) => openElementwise(task, await engines.get(variant)),
      reduce: async (task, variant) => openReduce(task, await engines.get(variant)),
      vectorise: async (task, variant) => openTrain(task, await engines.get(variant)),
      train: async (task, variant) => openTrain(task, await engines.get(variant)),
      infer: async (task, variant) => openInfer(task, await engines.get(variant)),
    },
  };
}

/** `predictSync` on the calling thread. */
export function wasmgradSync(engines: Engines): Contestant {
  return {
    name: 'wasmgrad-sync',
    kinds: ['infer'],
    variants: ({ builds }) => builds.map((build) => ({ build, threads: 1 })),
    open: {
      infer: async (task, variant) => openInferSync(task, await engines.get(variant, 'inline')),
    },
  };
}
