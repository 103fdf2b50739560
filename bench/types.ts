import type { BuildName } from '../src/runtime/engine.ts';

/** C = A·B in row-major order; `a` and `b` hold the operands as stored, transposed or not. */
export interface GemmTask {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

export type HiddenActivation = 'relu' | 'tanh';

/** Forward, backward and update of a multilayer perceptron, over data that the contestant holds. */
export interface TrainTask {
  readonly name: string;
  /** Inputs, units of each layer. */
  readonly sizes: readonly number[];
  readonly hidden: HiddenActivation;
  /** softmax: cross-entropy with labels; sigmoid: binary cross-entropy with values. */
  readonly output: 'softmax' | 'sigmoid';
  readonly batch: number;
  /** Step i trains on batch i modulo `batches`. */
  readonly batches: number;
  readonly optimizer: 'adam' | 'sgd';
  readonly rate: number;
  readonly x: Float32Array;
  readonly y: Int32Array | Float32Array;
  /** Kernel [in, out] and bias of each layer, one after the other. */
  readonly weights: readonly Float32Array[];
}

/** What contestants can be asked to do. */
export interface Tasks {
  readonly gemm: GemmTask;
  readonly train: TrainTask;
}

export type Kind = keyof Tasks;

/** One line of the benchmark; its suite is what stands before the slash of its name. */
export interface Case<K extends Kind = Kind> {
  readonly name: string;
  readonly kind: K;
  /** Makes the operands or data; called once a run. */
  readonly task: () => Tasks[K];
  /** Arithmetic and memory traffic of one step by the direct algorithm. */
  readonly flops?: number;
  readonly bytes?: number;
  /** When results are compared, and the error allowed relative to the largest number. */
  readonly check: { readonly steps: number; readonly tolerance: number };
}

export interface Suite {
  readonly name: string;
  readonly cases: readonly Case[];
}

/** How a contestant runs. */
export interface Variant {
  /** Build of the library, or what a peer calls its own. */
  readonly build: string;
  readonly threads: number;
}

/** A contestant ready for one case. */
export interface Runner {
  run(steps: number): void | Promise<void>;
  /** Most steps of one call, default any number. */
  readonly maxSteps?: number;
  /** Back to the first state; not timed. */
  reset?(): void;
  /** Numbers that the last call computed, to compare with those of others. */
  output(): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Bytes that it holds in the engine's memory. */
  memory?(): number;
  dispose?(): void;
}

/** One who runs cases of the kinds that have an entry in `open`, which may throw `Unable`. */
export interface Contestant {
  readonly name: string;
  variants(wanted: Wanted): readonly Variant[];
  readonly open: {
    readonly [K in Kind]?: (task: Tasks[K], variant: Variant) => Runner | Promise<Runner>;
  };
}

/** The reason why a contestant cannot run a case. */
export class Unable extends Error {}

export interface Wanted {
  readonly builds: readonly BuildName[];
  readonly threads: readonly number[];
}

/** One measured line. Times are of one step. */
export interface Row extends Variant {
  readonly suite: string;
  readonly case: string;
  readonly contestant: string;
  readonly median_ms: number;
  readonly min_ms: number;
  readonly gflops?: number;
  readonly gbps?: number;
  /** gflops divided by the SIMD peak of the build times threads, measured in the same rounds. */
  readonly peak_fraction?: number;
  /** Time of the case's flops at that peak. */
  readonly limit_ms?: number;
}

export interface Missing extends Variant {
  readonly case: string;
  readonly contestant: string;
  readonly reason: string;
}
