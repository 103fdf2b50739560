import type { BuildName } from '../src/runtime/engine.ts';

/** C = A·B in row-major order; `a` and `b` hold the operands as stored, transposed or not. */
export interface GemmTask {
  /** A batch of so many products, their operands and results one behind the other. */
  readonly count?: number;
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

export type HiddenActivation = 'relu' | 'tanh' | 'sigmoid';

/** A layer in Keras' words; images are [height, width, channels]. */
export type LayerSpec =
  | { readonly layer: 'dense'; readonly units: number; readonly activation?: HiddenActivation }
  | {
      readonly layer: 'conv2d';
      readonly filters: number;
      readonly kernelSize: number;
      readonly padding?: 'valid' | 'same';
      readonly strides?: number;
      readonly useBias?: boolean;
      readonly activation?: HiddenActivation;
    }
  /** Padding 'same', no bias. */
  | { readonly layer: 'depthwiseConv2d'; readonly kernelSize: number; readonly strides?: number }
  | { readonly layer: 'maxPooling2d' | 'averagePooling2d'; readonly poolSize: number }
  | { readonly layer: 'globalAveragePooling2d' | 'flatten' | 'batchNormalization' }
  | { readonly layer: 'activation'; readonly activation: 'relu' | 'relu6' }
  /** What `layers` make of x, plus what `shortcut` does. */
  | {
      readonly layer: 'residual';
      readonly layers: readonly LayerSpec[];
      readonly shortcut: readonly LayerSpec[];
    }
  | { readonly layer: 'embedding'; readonly inputDim: number; readonly units: number }
  | { readonly layer: 'lstm'; readonly units: number; readonly returnSequences?: boolean };

/** A network; `perceptronOf` of layers.ts gives sizes and activation when all its layers are dense. */
export interface NetworkSpec {
  readonly name: string;
  /** Shape of one example. */
  readonly input: readonly number[];
  /** The last one has no activation: `output` follows it. */
  readonly layers: readonly LayerSpec[];
  readonly output: 'softmax' | 'sigmoid';
}

/** Initial weights in Keras' order and forms, those of a residual's shortcut behind those of its layers. */
export type Weights = readonly Float32Array[];

/** Forward, backward and update of a network, over data that the contestant holds. */
export interface TrainTask extends NetworkSpec {
  readonly weights: Weights;
  /** Examples of a step; the loss, mean over them, is cross-entropy of labels or of values. */
  readonly batch: number;
  /** Step i trains on batch i modulo `batches`. */
  readonly batches: number;
  readonly optimizer: 'adam' | 'sgd';
  readonly rate: number;
  readonly x: Float32Array;
  /** softmax: labels; sigmoid: values 0 and 1. */
  readonly y: Int32Array | Float32Array;
}

/** Outputs of a network for one batch: a step takes `x` from an array and leaves an array. */
export interface InferTask extends NetworkSpec {
  readonly weights: Weights;
  readonly batch: number;
  readonly x: Float32Array;
}

export type ElementwiseOp = 'copy' | 'add' | 'mul' | 'relu' | 'exp' | 'tanh' | 'sigmoid';

/** y = op(a) or op(a, b), all of `n` elements, held by the contestant. */
export interface ElementwiseTask {
  readonly op: ElementwiseOp;
  readonly n: number;
  readonly a: Float32Array;
  /** The second operand of add and mul. */
  readonly b?: Float32Array;
}

/**
 * Of x [rows, columns]: `sum` of all (one number), `rowmax` (one for each row), `softmax` of each row,
 * `meanvar0`: mean of each column, then variance of each column (divided by the number of rows).
 */
export interface ReduceTask {
  readonly op: 'sum' | 'rowmax' | 'softmax' | 'meanvar0';
  readonly rows: number;
  readonly columns: number;
  readonly x: Float32Array;
}

/** What is downloaded: a build, a bundle. */
export interface SizeTask {
  readonly artifact: string;
}

/** What contestants can be asked to do. */
export interface Tasks {
  readonly gemm: GemmTask;
  readonly train: TrainTask;
  readonly elementwise: ElementwiseTask;
  readonly reduce: ReduceTask;
  /** The same as `train`, also for explicit loops. */
  readonly vectorise: TrainTask;
  readonly infer: InferTask;
  /** A step is a process, from its start to its first outputs. */
  readonly startup: InferTask;
  readonly size: SizeTask;
}

export type Kind = keyof Tasks;

/** One line of the benchmark; its suite is what stands before the slash of its name. */
export interface Case<K extends Kind = Kind> {
  readonly name: string;
  readonly kind: K;
  /** Makes the operands or data; called once a run. */
  readonly task: () => Tasks[K];
  /** Arithmetic and memory traffic (of f32) of one step by the direct algorithm. */
  readonly flops?: number;
  readonly bytes?: number;
  /** Numbers that a step computes one by one. */
  readonly elements?: number;
  /** Elements copied beside it: the case's limit is its `bytes` at that bandwidth. */
  readonly copies?: number;
  /** The contestant whose time is subtracted from that of the others. */
  readonly baseline?: string;
  /** The contestant whose time is divided by that of the others. */
  readonly against?: string;
  /** Measurements of each contestant at least, default 3. */
  readonly samples?: number;
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
  /** Milliseconds of the last call by a clock of its own, as another process has one. */
  took?(): number;
  /** Most steps of one call, default any number. */
  readonly maxSteps?: number;
  /** Back to the first state; not timed. */
  reset?(): void | Promise<void>;
  /** Numbers that the last call computed, to compare with those of others; absent: not compared. */
  output?(): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Bytes that it holds in the engine's memory. */
  memory?(): number;
  /** What a reader of its row must know. */
  readonly note?: string;
  dispose?(): void;
}

/** Sizes of a download. */
export interface Weight {
  readonly bytes: number;
  readonly gzip: number;
  readonly note?: string;
}

/** What a contestant opens for a case: something to run, or sizes. */
export type Opened<K extends Kind> = K extends 'size' ? Weight : Runner;

/** One who runs cases of the kinds that have an entry in `open`, which may throw `Unable`. */
export interface Contestant {
  readonly name: string;
  /** Takes part in these kinds only and is not missed elsewhere; default all. */
  readonly kinds?: readonly Kind[];
  /** Others are compared with it, where it takes part. */
  readonly reference?: boolean;
  variants(wanted: Wanted, kind: Kind): readonly Variant[];
  readonly open: {
    readonly [K in Kind]?: (task: Tasks[K], variant: Variant) => Opened<K> | Promise<Opened<K>>;
  };
}

/** The reason why a contestant cannot run a case. */
export class Unable extends Error {}

export interface Wanted {
  readonly builds: readonly BuildName[];
  readonly threads: readonly number[];
}

/** What all lines have. */
interface RowHead extends Variant {
  readonly suite: string;
  readonly case: string;
  readonly contestant: string;
  readonly note?: string;
}

/** One measured line. Times are of one step. */
export interface Row extends RowHead {
  readonly median_ms: number;
  readonly min_ms: number;
  /** Measurements behind the median. */
  readonly samples: number;
  readonly gflops?: number;
  readonly gbps?: number;
  readonly ns_per_element?: number;
  /** gflops divided by the SIMD peak of the build times threads, measured in the same rounds. */
  readonly peak_fraction?: number;
  /** Time of the case's flops at that peak, or of its bytes at the bandwidth of a copy. */
  readonly limit_ms?: number;
  /** median_ms divided by limit_ms. */
  readonly times_limit?: number;
  /** The same of the least times of both. */
  readonly least_times_limit?: number;
  /** What so many independent threads gave in the same rounds, one being 1. */
  readonly cores_gave?: number;
  /** Median and least time less those of the baseline. */
  readonly above_ms?: number;
  readonly above_min_ms?: number;
  /** How often it does the work while another contestant does it once, by medians. */
  readonly as_fast?: { readonly as: string; readonly times: number };
  /** The time divided by that of another checkout: of medians, of least times. */
  readonly times_against?: number;
  readonly times_against_min?: number;
  /** A page's time divided by that of Node: of medians, of least times. */
  readonly times_node?: number;
  readonly times_node_min?: number;
}

/** Sizes of something downloaded. */
export interface SizeRow extends RowHead {
  readonly bytes: number;
  readonly gzip: number;
}

export function isTimed(row: Row | SizeRow): row is Row {
  return 'median_ms' in row;
}

export interface Missing extends Variant {
  readonly case: string;
  readonly contestant: string;
  readonly reason: string;
  /** It disagreed or failed, rather than being unable. */
  readonly wrong: boolean;
}
