import { activationOf, plainPlans } from '../layers.ts';
import {
  type Contestant,
  type ElementwiseTask,
  type GemmTask,
  type InferTask,
  type Kind,
  type LayerSpec,
  type NetworkSpec,
  type ReduceTask,
  type Runner,
  type TrainTask,
  Unable,
  type Variant,
  type Wanted,
  type Weights,
} from '../types.ts';
import { joined, repeat } from './repeat.ts';

interface Tensor {
  readonly shape: readonly number[];
  dataSync(): Float32Array;
  dispose(): void;
}

interface Optimizer {
  epsilon?: number;
  minimize(loss: () => Tensor, returnCost: true, variables: readonly Tensor[]): Tensor;
  dispose(): void;
}

interface Fused {
  readonly bias: Tensor;
  readonly activation: 'linear' | 'relu' | 'sigmoid';
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
  getBackend(): string;
  getKernel(name: string, backend: string): object | undefined;
  maxPool(x: Tensor, size: number, strides: number, pad: string): Tensor;
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  readonly fused: {
    matMul(options: Fused & { a: Tensor; b: Tensor }): Tensor;
    conv2d(options: Fused & { x: Tensor; filter: Tensor; strides: number; pad: string }): Tensor;
  };
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
  note?: string,
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
      return { ...runner, run, ...(note ? { note } : {}) };
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
  read: (y: readonly Tensor[]) => joined(y.map((t) => t.dataSync())),
  free: (y: readonly Tensor[]) => {
    for (const t of y) t.dispose();
  },
};

function openGemm(tf: Tf, { count, M, K, N, transposeA, transposeB, ...task }: GemmTask): Runner {
  const batch = count ? [count] : [];
  const a = tf.tensor(task.a, [...batch, ...(transposeA ? [K, M] : [M, K])]);
  const b = tf.tensor(task.b, [...batch, ...(transposeB ? [N, K] : [K, N])]);
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
  const { input, layers } = spec;
  const plans = plainPlans(spec);
  const shapes = plans.flatMap(({ kernel }) => (kernel ? [kernel, kernel.slice(-1)] : []));
  const initial = weights.map((w, i) => tf.tensor(w, shapes[i] as number[]));
  const forward = (x: Tensor, w: readonly Tensor[]) => {
    let used = 0;
    for (const layer of layers) {
      const [kernel, bias] = [w[used], w[used + 1]] as [Tensor, Tensor];
      x = apply(tf, layer, x, kernel, bias);
      if (activationOf(layer) === 'tanh') x = tf.tanh(x);
      if (layer.layer === 'dense' || layer.layer === 'conv2d') used += 2;
    }
    return x;
  };
  return { input, classes: plans.at(-1)?.output[0] as number, initial, forward };
}

function apply(tf: Tf, layer: LayerSpec, x: Tensor, kernel: Tensor, bias: Tensor): Tensor {
  const given = activationOf(layer);
  const activation = given === undefined || given === 'tanh' ? 'linear' : given;
  switch (layer.layer) {
    case 'dense':
      return tf.fused.matMul({ a: x, b: kernel, bias, activation });
    case 'conv2d': {
      const { padding = 'valid' } = layer;
      return tf.fused.conv2d({ x, filter: kernel, strides: 1, pad: padding, bias, activation });
    }
    case 'maxPooling2d':
      return tf.maxPool(x, layer.poolSize, layer.poolSize, 'valid');
    case 'flatten':
      return tf.reshape(x, [x.shape[0] as number, -1]);
    default:
      throw new Unable(`has no ${layer.layer} here`);
  }
}

function expectGradients(tf: Tf, { layers }: NetworkSpec): void {
  const name = 'Conv2DBackpropFilter';
  if (tf.getKernel(name, tf.getBackend()) || layers.every((l) => l.layer !== 'conv2d')) return;
  throw new Unable(`has no gradient of a convolution's filter (${name})`);
}

/** Adam's ε is inside of the correction of bias there, outside here. */
function openTrain(tf: Tf, task: TrainTask): Runner {
  expectGradients(tf, task);
  const { input, classes, initial, forward } = network(tf, task, task.weights);
  const features = input.reduce((a, b) => a * b, 1);
  const { batch, output, rate } = task;
  const data = Array.from({ length: task.batches }, (_, i) => {
    const y = task.y.slice(i * batch, (i + 1) * batch);
    const x = task.x.slice(i * batch * features, (i + 1) * batch * features);
    const targets =
      output === 'softmax'
        ? tf.tidy(() => tf.oneHot(tf.tensor(y, [batch], 'int32'), classes))
        : tf.tensor(y, [batch, 1]);
    return { x: tf.tensor(x, [batch, ...input]), targets };
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
  const { input, initial, forward } = network(tf, task, task.weights);
  const last = task.output === 'softmax' ? tf.softmax : tf.sigmoid;
  return repeat({
    step: () =>
      tf.tidy(() => last(forward(tf.tensor(task.x, [task.batch, ...input]), initial)).dataSync()),
    read: (y) => y,
    dispose: () => tf.dispose(initial),
  });
}
