import {
  type Contestant,
  type ElementwiseTask,
  type GemmTask,
  type InferTask,
  type Kind,
  type ReduceTask,
  type Runner,
  Unable,
  type Variant,
} from '../types.ts';
import { type Constant, type Graph, type Node, onnxModel } from './onnxModel.ts';
import { onnxNetwork } from './onnxNetwork.ts';
import { joined, repeat } from './repeat.ts';

interface Tensor {
  readonly data: Float32Array;
}

interface Session {
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
  release(): Promise<void>;
}

export interface Ort {
  readonly env: { readonly wasm: { numThreads?: number } };
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => Tensor;
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}

type Feeds = Readonly<Record<string, Constant>>;
type Start = (graph: Graph, feeds: Feeds, copyIn: boolean) => Promise<Runner>;

const KINDS: readonly Kind[] = ['gemm', 'elementwise', 'reduce', 'train', 'infer'];

/** ONNX Runtime, on models of the operations asked for. `get` loads it for so many threads. */
export function onnx(
  name: string,
  provider: string,
  get: (threads: number) => Ort | Promise<Ort>,
): Contestant {
  const start =
    ({ threads }: Variant): Start =>
    async (graph, feeds, copyIn) =>
      open(await get(threads), provider, threads, graph, feeds, copyIn);
  return {
    name,
    kinds: KINDS,
    variants: ({ threads }) => threads.map((n) => ({ build: '1.30', threads: n })),
    open: {
      gemm: (task, variant) => openGemm(start(variant), task),
      elementwise: (task, variant) => openElementwise(start(variant), task),
      reduce: (task, variant) => openReduce(start(variant), task),
      train() {
        throw new Unable('does not train');
      },
      infer: (task, variant) => openInfer(start(variant), task),
    },
  };
}

async function open(
  ort: Ort,
  provider: string,
  threads: number,
  graph: Graph,
  feeds: Feeds,
  copyIn: boolean,
): Promise<Runner> {
  const session = await ort.InferenceSession.create(onnxModel(graph), {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const tensors = () =>
    Object.fromEntries(
      Object.entries(feeds).map(([name, { data, shape }]) => [
        name,
        new ort.Tensor('float32', data, shape),
      ]),
    );
  const held = tensors();
  return repeat({
    step: () => session.run(copyIn ? tensors() : held),
    read: (y) => joined(graph.outputs.map((name) => (y[name] as Tensor).data)),
    dispose: () => void session.release(),
  });
}

const shapes = (feeds: Feeds) =>
  Object.fromEntries(Object.entries(feeds).map(([name, { shape }]) => [name, shape]));

function simple(op: string, inputs: readonly string[], more: Partial<Node> = {}): Node {
  return { op, inputs, outputs: ['y'], ...more };
}

function openGemm(start: Start, task: GemmTask) {
  const { count, M, K, N, transposeA, transposeB, a, b } = task;
  if (count && (transposeA || transposeB)) throw new Unable('has no batches of Gemm');
  const batch = count ? [count] : [];
  const feeds = {
    a: { data: a, shape: [...batch, ...(transposeA ? [K, M] : [M, K])] },
    b: { data: b, shape: [...batch, ...(transposeB ? [N, K] : [K, N])] },
  };
  const ints = { transA: Number(transposeA), transB: Number(transposeB) };
  const product =
    transposeA || transposeB ? simple('Gemm', ['a', 'b'], { ints }) : simple('MatMul', ['a', 'b']);
  return start({ nodes: [product], inputs: shapes(feeds), outputs: ['y'] }, feeds, false);
}

const OPS = {
  copy: 'Identity',
  add: 'Add',
  mul: 'Mul',
  relu: 'Relu',
  exp: 'Exp',
  tanh: 'Tanh',
  sigmoid: 'Sigmoid',
};

function openElementwise(start: Start, { op, n, a, b }: ElementwiseTask) {
  const feeds = { a: { data: a, shape: [n] }, ...(b ? { b: { data: b, shape: [n] } } : {}) };
  const nodes = [simple(OPS[op], Object.keys(feeds))];
  return start({ nodes, inputs: shapes(feeds), outputs: ['y'] }, feeds, false);
}

function openReduce(start: Start, { op, rows, columns, x }: ReduceTask) {
  const feeds = { x: { data: x, shape: [rows, columns] } };
  const first = { lists: { axes: [0] } };
  const graphs: Readonly<Record<ReduceTask['op'], Omit<Graph, 'inputs'>>> = {
    sum: { nodes: [simple('ReduceSum', ['x'])], outputs: ['y'] },
    rowmax: { nodes: [simple('ReduceMax', ['x'], { lists: { axes: [1] } })], outputs: ['y'] },
    softmax: { nodes: [simple('Softmax', ['x'])], outputs: ['y'] },
    meanvar0: {
      nodes: [
        { op: 'ReduceMean', inputs: ['x'], outputs: ['mean'], ...first },
        { op: 'Sub', inputs: ['x', 'mean'], outputs: ['d'] },
        { op: 'Mul', inputs: ['d', 'd'], outputs: ['square'] },
        { op: 'ReduceMean', inputs: ['square'], outputs: ['variance'], ...first },
      ],
      outputs: ['mean', 'variance'],
    },
  };
  return start({ ...graphs[op], inputs: shapes(feeds) }, feeds, false);
}

function openInfer(start: Start, task: InferTask) {
  const feeds = { x: { data: task.x, shape: [task.batch, ...task.input] } };
  return start({ ...onnxNetwork(task, 'x'), inputs: shapes(feeds) }, feeds, true);
}
