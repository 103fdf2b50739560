import { perceptronOf } from '../layers.ts';
import {
  type Contestant,
  type ElementwiseTask,
  type GemmTask,
  type InferTask,
  type Kind,
  type NetworkSpec,
  type ReduceTask,
  type Runner,
  type TrainTask,
  Unable,
  type Variant,
  type Wanted,
  type Weights,
} from '../types.ts';
import { repeat } from './repeat.ts';

interface Tensor {
  dataSync(): Float32Array;
  dispose(): void;
}

interface Optimizer {
  epsilon?: number;
  minimize(loss: () => Tensor, returnCost: true, variables: readonly Tensor[]): Tensor;
  dispose(): void;
}

type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor, b: Tensor) => Tensor;

export interface Tf
  extends Readonly<Record<'relu' | 'exp' | 'tanh' | 'sigmoid' | 'softmax', Unary>> {
  setBackend(name: string): Promise<boolean>;
  tensor(data: ArrayLike<number>, shape: readonly number[], dtype?: string): Tensor;
  variable(initial: Tensor): Tensor;
  tidy<T>(body: () => T): T;
  dispose(tensors: readonly Tensor[]): void;
  readonly add: Binary;
  readonly mul: Binary;
  matMul(a: Tensor, b: Tensor, transposeA?: boolean, transposeB?: boolean): Tensor;
  sum(x: Tensor): Tensor;
  max(x: Tensor, axis: number): Tensor;
  moments(x: Tensor, axis: number): { readonly mean: Tensor; readonly variance: Tensor };
  oneHot(labels: Tensor, depth: number): Tensor;
  readonly losses: Readonly<Record<'softmaxCrossEntropy' | 'sigmoidCrossEntropy', Binary>>;
  readonly train: {
    sgd(rate: number): Optimizer;
    adam(rate: number, beta1: number, beta2: number, epsilon: number): Optimizer;
  };
}

export type Backend = 'cpu' | 'wasm';

const KINDS: readonly Kind[] = ['gemm', 'elementwise', 'reduce', 'train', 'infer'];

/** TensorFlow.js. `get` loads it, ready to run on so many threads of a backend; `counts`: how many that can be. */
export function tfjs(
  backend: Backend,
  get: (backend: Backend, threads: number) => Tf | Promise<Tf>,
  counts: (wanted: Wanted) => readonly number[] = () => [1],
): Contestant {
  const on =
    <T>(start: (tf: Tf, task: T) => Runner) =>
    async (task: T, { threads }: Variant): Promise<Runner> => {
      const tf = await get(backend, threads);
      const use = () => tf.setBackend(backend);
      await use();
      const runner = start(tf, task);
      const run = (steps: number) => {
        void use();
        return runner.run(steps);
      };
      return { ...runner, run };
    };
  return {
    name: `tfjs-${backend}`,
    kinds: KINDS,
    variants: (wanted) => counts(wanted).map((threads) => ({ build: '4.22', threads })),
    open: {
      gemm: on(openGemm),
      elementwise: on(openElementwise),
      reduce: on(openReduce),
      train: on(openTrain),
      infer: on(openInfer),
    },
  };
}

const results = {
  read: (y: readonly Tensor[]) => y.flatMap((t) => [...t.dataSync()]),
  free: (y: readonly Tensor[]) => {
    for (const t of y) t.dispose();
  },
};

function openGemm(tf: Tf, { M, K, N, transposeA, transposeB, ...task }: GemmTask): Runner {
  const a = tf.tensor(task.a, transposeA ? [K, M] : [M, K]);
  const b = tf.tensor(task.b, transposeB ? [N, K] : [K, N]);
  return repeat({
    step: () => [tf.matMul(a, b, transposeA, transposeB)],
    ...results,
    dispose: () => tf.dispose([a, b]),
  });
}

function openElementwise(tf: Tf, { op, n, ...task }: ElementwiseTask): Runner {
  if (op === 'copy') throw new Unable('its copies share memory');
  const a = tf.tensor(task.a, [n]);
  const b = tf.tensor(task.b ?? [], [task.b?.length ?? 0]);
  return repeat({
    step: () => [tf[op](a, b)],
    ...results,
    dispose: () => tf.dispose([a, b]),
  });
}

function openReduce(tf: Tf, { op, rows, columns, ...task }: ReduceTask): Runner {
  const x = tf.tensor(task.x, [rows, columns]);
  const steps = {
    sum: () => [tf.sum(x)],
    rowmax: () => [tf.max(x, 1)],
    softmax: () => [tf.softmax(x)],
    meanvar0: () => {
      const { mean, variance } = tf.moments(x, 0);
      return [mean, variance];
    },
  };
  return repeat({ step: steps[op], ...results, dispose: () => x.dispose() });
}

/** Kernels and biases as tensors, and what the last layer gives for `x`. */
function network(tf: Tf, spec: NetworkSpec, weights: Weights) {
  const { sizes, hidden } = perceptronOf(spec);
  const shape = (i: number) => (i % 2 ? [sizes[(i + 1) / 2]] : [sizes[i / 2], sizes[i / 2 + 1]]);
  const initial = weights.map((w, i) => tf.tensor(w, shape(i) as number[]));
  const forward = (x: Tensor, w: readonly Tensor[]) => {
    for (let i = 0; i < w.length; i += 2) {
      x = tf.add(tf.matMul(x, w[i] as Tensor), w[i + 1] as Tensor);
      if (i + 2 < w.length) x = tf[hidden](x);
    }
    return x;
  };
  return { features: sizes[0] as number, classes: sizes.at(-1) as number, initial, forward };
}

/** Adam's ε is inside of the correction of bias there, outside here. */
function openTrain(tf: Tf, task: TrainTask): Runner {
  const { features, classes, initial, forward } = network(tf, task, task.weights);
  const { batch, output, rate } = task;
  const data = Array.from({ length: task.batches }, (_, i) => {
    const y = task.y.slice(i * batch, (i + 1) * batch);
    const x = task.x.slice(i * batch * features, (i + 1) * batch * features);
    const targets =
      output === 'softmax'
        ? tf.tidy(() => tf.oneHot(tf.tensor(y, [batch], 'int32'), classes))
        : tf.tensor(y, [batch, 1]);
    return { x: tf.tensor(x, [batch, features]), targets };
  });
  const loss = tf.losses[output === 'softmax' ? 'softmaxCrossEntropy' : 'sigmoidCrossEntropy'];
  let variables: Tensor[] = [];
  let optimizer: Optimizer | undefined;
  let losses: Tensor[] = [];
  const clear = () => {
    tf.dispose([...variables, ...losses]);
    optimizer?.dispose();
    losses = [];
  };
  return {
    reset() {
      clear();
      variables = initial.map((w) => tf.variable(w));
      optimizer =
        task.optimizer === 'adam' ? tf.train.adam(rate, 0.9, 0.999, 1e-7) : tf.train.sgd(rate);
    },
    run(steps) {
      for (let i = 0; i < steps; i++) {
        const { x, targets } = data[i % data.length] as (typeof data)[number];
        const cost = () => loss(targets, forward(x, variables));
        if (optimizer?.epsilon) optimizer.epsilon = 1e-7 / Math.sqrt(1 - 0.999 ** (i + 1));
        losses.push((optimizer as Optimizer).minimize(cost, true, variables));
      }
    },
    output: () => losses.map((t) => t.dataSync()[0] as number),
    dispose() {
      clear();
      tf.dispose([...initial, ...data.flatMap(({ x, targets }) => [x, targets])]);
    },
  };
}

function openInfer(tf: Tf, task: InferTask): Runner {
  const { features, initial, forward } = network(tf, task, task.weights);
  const last = task.output === 'softmax' ? tf.softmax : tf.sigmoid;
  return repeat({
    step: () =>
      tf.tidy(() => last(forward(tf.tensor(task.x, [task.batch, features]), initial)).dataSync()),
    read: (y) => y,
    dispose: () => tf.dispose(initial),
  });
}
