import { activationOf, plainPlans } from '../layers.ts';
import {
  type Contestant,
  type ElementwiseTask,
  type GemmTask,
  type InferTask,
  type LayerSpec,
  type NetworkSpec,
  type ReduceTask,
  type Runner,
  type TrainTask,
  Unable,
  type Weights,
} from '../types.ts';
import { load } from './load.ts';
import { joined, repeat } from './repeat.ts';

/** An array is consumed by the function that it is given to; `ref` is one more reference. */
interface Arr {
  readonly ref: Arr;
  add(other: Arr | number): Arr;
  sub(other: Arr | number): Arr;
  mul(other: Arr | number): Arr;
  div(other: Arr | number): Arr;
  reshape(shape: readonly number[]): Arr;
  transpose(axes?: readonly number[]): Arr;
  readonly shape: readonly number[];
  blockUntilReady(): Promise<Arr>;
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

type Tree = Arr | readonly Arr[] | readonly (readonly Arr[])[];

interface Jax {
  init(device: string): Promise<unknown>;
  defaultDevice(device: string): void;
  jit<F>(f: F): F & { dispose(): void };
  valueAndGrad<A extends unknown[]>(
    f: (w: readonly Arr[], ...rest: A) => Arr,
  ): (w: readonly Arr[], ...rest: A) => [Arr, Arr[]];
  blockUntilReady(tree: unknown): Promise<unknown>;
  readonly tree: { ref<T extends Tree>(tree: T): T; dispose(tree: Tree): void };
  readonly numpy: Readonly<Record<'exp' | 'tanh' | 'abs' | 'sqrt' | 'log1p', (x: Arr) => Arr>> & {
    array(data: Float32Array | Int32Array): Arr;
    matmul(a: Arr, b: Arr): Arr;
    sum(x: Arr, axis?: number): Arr;
    max(x: Arr, axis: number | readonly number[]): Arr;
    mean(x: Arr, axis?: number): Arr;
    var_(x: Arr, axis: number): Arr;
  };
  readonly lax: {
    convGeneralDilated(x: Arr, kernel: Arr, strides: readonly number[], padding: string): Arr;
  };
  readonly nn: Readonly<Record<'relu' | 'sigmoid', (x: Arr) => Arr>> & {
    softmax(x: Arr, axis: number | readonly number[]): Arr;
    logSoftmax(x: Arr, axis: number | readonly number[]): Arr;
    oneHot(labels: Arr, classes: number): Arr;
  };
}

/** jax-js, every function compiled; it has no threads in Node. */
export const jax: Contestant = {
  name: 'jax-js',
  kinds: ['gemm', 'elementwise', 'reduce', 'train', 'infer'],
  variants: () => [{ build: '0.1.25', threads: 1 }],
  open: {
    gemm: on(openGemm),
    elementwise: on(openElementwise),
    reduce: on(openReduce),
    train: on(openTrain),
    infer: on(openInfer),
  },
};

function on<T>(start: (jax: Jax, task: T) => Runner): (task: T) => Promise<Runner> {
  return async (task) => {
    const jax = load<Jax>('@jax-js/jax');
    await jax.init('wasm');
    jax.defaultDevice('wasm');
    return { ...start(jax, task), note: 'one thread in Node' };
  };
}

/** Calls a compiled function of arrays that stay. */
function calls(jax: Jax, f: (...args: Arr[]) => readonly Arr[], args: readonly Arr[]): Runner {
  const compiled = jax.jit(f);
  return repeat({
    async step() {
      const y = compiled(...args.map((a) => a.ref));
      await jax.blockUntilReady(y);
      return y;
    },
    async read(y) {
      const parts = await Promise.all(y.map((t) => t.ref.data()));
      return joined(parts);
    },
    free: (y) => jax.tree.dispose(y),
    dispose() {
      jax.tree.dispose(args);
      compiled.dispose();
    },
  });
}

function openGemm(jax: Jax, task: GemmTask): Runner {
  const { count, M, K, N, transposeA, transposeB } = task;
  if (count && (transposeA || transposeB)) throw new Unable('transposes whole arrays only here');
  const np = jax.numpy;
  const batch = count ? [count] : [];
  const a = np.array(task.a).reshape([...batch, ...(transposeA ? [K, M] : [M, K])]);
  const b = np.array(task.b).reshape([...batch, ...(transposeB ? [N, K] : [K, N])]);
  const product = (x: Arr, y: Arr) =>
    np.matmul(transposeA ? x.transpose() : x, transposeB ? y.transpose() : y);
  return calls(jax, (x, y) => [product(x as Arr, y as Arr)], [a, b]);
}

function openElementwise(jax: Jax, { op, a, b }: ElementwiseTask): Runner {
  if (op === 'copy') throw new Unable('its copies share memory');
  const { numpy: np, nn } = jax;
  const { exp, tanh } = np;
  const { relu, sigmoid } = nn;
  const binary = { add: (x: Arr, y: Arr) => x.add(y), mul: (x: Arr, y: Arr) => x.mul(y) };
  const f = { exp, tanh, relu, sigmoid, ...binary }[op] as (...args: Arr[]) => Arr;
  const args = b ? [np.array(a), np.array(b)] : [np.array(a)];
  return calls(jax, (...xs) => [f(...xs)], args);
}

function openReduce(jax: Jax, { op, rows, columns, ...task }: ReduceTask): Runner {
  const { numpy: np, nn } = jax;
  const ops = {
    sum: (x: Arr) => [np.sum(x)],
    rowmax: (x: Arr) => [np.max(x, 1)],
    softmax: (x: Arr) => [nn.softmax(x, 1)],
    meanvar0: (x: Arr) => [np.mean(x.ref, 0), np.var_(x, 0)],
  };
  return calls(jax, ops[op] as (...args: Arr[]) => Arr[], [
    np.array(task.x).reshape([rows, columns]),
  ]);
}

/** Images are [B, C, H, W] there, kernels [filters, C, K, K]. */
function network(jax: Jax, spec: NetworkSpec, weights: Weights) {
  const { numpy: np } = jax;
  const plans = plainPlans(spec);
  const shapes = plans.flatMap(({ kernel }) => (kernel ? [kernel, kernel.slice(-1)] : []));
  const initial = () =>
    weights.map((data, i) => {
      const shape = shapes[i] as readonly number[];
      const w = np.array(data).reshape(shape);
      return shape.length === 4 ? w.transpose([3, 2, 0, 1]) : w;
    });
  const forward = (w: readonly Arr[], x: Arr) => {
    let used = 0;
    let y = spec.input.length === 3 ? x.transpose([0, 3, 1, 2]) : x;
    for (const layer of spec.layers) {
      const [kernel, bias] = [w[used], w[used + 1]] as [Arr, Arr];
      if (layer.layer === 'dense' || layer.layer === 'conv2d') used += 2;
      y = apply(jax, layer, y, kernel, bias);
    }
    return y;
  };
  return { input: spec.input, classes: plans.at(-1)?.output[0] as number, initial, forward };
}

function apply(jax: Jax, spec: LayerSpec, x: Arr, kernel: Arr, bias: Arr): Arr {
  const { numpy: np, nn, lax } = jax;
  const { tanh } = np;
  const { relu, sigmoid } = nn;
  const given = activationOf(spec);
  const activate = given ? { relu, sigmoid, tanh }[given] : (y: Arr) => y;
  const [B = 1, C = 1, H = 1, W = 1] = x.shape;
  switch (spec.layer) {
    case 'dense':
      return activate(np.matmul(x, kernel).add(bias));
    case 'conv2d': {
      const padding = spec.padding === 'same' ? 'SAME' : 'VALID';
      const y = lax.convGeneralDilated(x, kernel, [1, 1], padding);
      return activate(y.add(bias.reshape([-1, 1, 1])));
    }
    case 'maxPooling2d': {
      const { poolSize: p } = spec;
      if (H % p || W % p) throw new Unable(`pooling of ${H}×${W} by ${p} is not written here`);
      return np.max(x.reshape([B, C, H / p, p, W / p, p]), [3, 5]);
    }
    case 'flatten':
      return x.transpose([0, 2, 3, 1]).reshape([B, -1]);
    default:
      throw new Unable(`has no ${spec.layer} here`);
  }
}

/** Weights, and mean and square of gradients for Adam. */
type State = readonly (readonly Arr[])[];
type Update = (state: State, x: Arr, y: Arr, alpha: number) => [loss: Arr, state: State];

function lossOf(jax: Jax, task: TrainTask) {
  const { numpy: np, nn } = jax;
  const { classes, forward } = network(jax, task, task.weights);
  return (w: readonly Arr[], x: Arr, y: Arr): Arr => {
    const z = forward(w, x);
    if (task.output === 'softmax') {
      const likelihood = nn.logSoftmax(z, 1).mul(nn.oneHot(y, classes));
      return np.sum(likelihood).mul(-1 / task.batch);
    }
    const tail = np.log1p(np.exp(np.abs(z.ref).mul(-1)));
    return np.mean(nn.relu(z.ref).sub(z.mul(y)).add(tail));
  };
}

function updateOf(jax: Jax, task: TrainTask): Update & { dispose(): void } {
  const gradients = jax.valueAndGrad(lossOf(jax, task));
  const { sqrt } = jax.numpy;
  const sgd = (w: readonly Arr[], g: readonly Arr[]) =>
    w.map((p, i) => p.sub((g[i] as Arr).mul(task.rate)));
  const adam = ([w, m, v]: State, g: readonly Arr[], alpha: Arr) => {
    const mean = (m as Arr[]).map((a, i) => a.mul(0.9).add((g[i] as Arr).ref.mul(0.1)));
    const square = (v as Arr[]).map((a, i) =>
      a.mul(0.999).add((g[i] as Arr).ref.mul(g[i] as Arr).mul(0.001)),
    );
    const change = (i: number) =>
      (mean[i] as Arr).ref.mul(alpha.ref).div(sqrt((square[i] as Arr).ref).add(1e-7));
    return [(w as Arr[]).map((p, i) => p.sub(change(i))), mean, square];
  };
  return jax.jit((state: State, x: Arr, y: Arr, alpha: number): [Arr, State] => {
    const w = state[0] as readonly Arr[];
    const [loss, g] = gradients(jax.tree.ref(w), x, y);
    const traced = alpha as unknown as Arr;
    return [loss, task.optimizer === 'adam' ? adam(state, g, traced) : [sgd(w, g)]];
  });
}

function batchesOf({ numpy: np }: Jax, task: TrainTask) {
  const { batch, input } = task;
  const features = input.reduce((a, b) => a * b, 1);
  return Array.from({ length: task.batches }, (_, i) => {
    const x = np.array(task.x.slice(i * batch * features, (i + 1) * batch * features));
    const y = np.array(task.y.slice(i * batch, (i + 1) * batch));
    return {
      x: x.reshape([batch, ...input]),
      y: task.output === 'softmax' ? y : y.reshape([batch, 1]),
    };
  });
}

function openTrain(jax: Jax, task: TrainTask): Runner {
  const { initial } = network(jax, task, task.weights);
  const data = batchesOf(jax, task);
  const update = updateOf(jax, task);
  const zeros = () => initial().map((w) => w.mul(0));
  let state: State = [];
  let losses: Arr[] = [];
  const clear = () => jax.tree.dispose([...state.flat(), ...losses]);
  return {
    reset() {
      clear();
      losses = [];
      state = task.optimizer === 'adam' ? [initial(), zeros(), zeros()] : [initial()];
    },
    async run(steps) {
      for (let i = 0; i < steps; i++) {
        const { x, y } = data[i % data.length] as (typeof data)[number];
        const alpha = (task.rate * Math.sqrt(1 - 0.999 ** (i + 1))) / (1 - 0.9 ** (i + 1));
        const [loss, next] = update(state, x.ref, y.ref, alpha);
        state = next;
        losses.push(loss);
        await jax.blockUntilReady(next);
      }
    },
    output: async () =>
      (await Promise.all(losses.map((t) => t.ref.data()))).map((d) => d[0] as number),
    dispose() {
      clear();
      jax.tree.dispose(data.flatMap(({ x, y }) => [x, y]));
      update.dispose();
    },
  };
}

function openInfer(jax: Jax, task: InferTask): Runner {
  const { numpy: np, nn } = jax;
  const { input, initial, forward } = network(jax, task, task.weights);
  const last = (z: Arr) => (task.output === 'softmax' ? nn.softmax(z, 1) : nn.sigmoid(z));
  const w = initial();
  const compiled = jax.jit((params: readonly Arr[], x: Arr) => last(forward(params, x)));
  return repeat({
    step: () => compiled(jax.tree.ref(w), np.array(task.x).reshape([task.batch, ...input])).data(),
    read: (y) => y,
    dispose() {
      jax.tree.dispose(w);
      compiled.dispose();
    },
  });
}
