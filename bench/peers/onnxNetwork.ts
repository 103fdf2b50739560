import { layerPlans } from '../layers.ts';
import { type InferTask, type LayerSpec, Unable } from '../types.ts';
import type { Constant, Graph, Node } from './onnxModel.ts';

const ACTIVATIONS = { relu: 'Relu', tanh: 'Tanh', sigmoid: 'Sigmoid', softmax: 'Softmax' };
const TO_CHANNELS_FIRST = [0, 3, 1, 2];
const TO_CHANNELS_LAST = [0, 2, 3, 1];

type Lists = NonNullable<Node['lists']>;
type Shape = readonly number[];

/** Nodes one behind the other. */
class Chain {
  readonly nodes: Node[] = [];
  readonly constants: Record<string, Constant> = {};
  last: string;

  constructor(input: string) {
    this.last = input;
  }

  add(op: string, lists: Lists = {}, ...constants: readonly Constant[]): void {
    const y = `y${this.nodes.length}`;
    const names = constants.map((_, i) => `${y}/${i}`);
    constants.forEach((c, i) => {
      this.constants[names[i] as string] = c;
    });
    this.nodes.push({ op, inputs: [this.last, ...names], outputs: [y], lists });
    this.last = y;
  }
}

/** [K, K, C, filters] as [filters, C, K, K]. */
function filtersFirst(data: Float32Array, [KH = 1, KW = 1, C = 1, F = 1]: Shape): Constant {
  const taps = KH * KW;
  const flipped = new Float32Array(data.length);
  for (let at = 0; at < data.length; at++) {
    const [f, c, tap] = [at % F, Math.floor(at / F) % C, Math.floor(at / (F * C))];
    flipped[(f * C + c) * taps + tap] = data[at] as number;
  }
  return { data: flipped, shape: [F, C, KH, KW] };
}

function addConv(
  chain: Chain,
  { kernelSize: k, padding }: LayerSpec & { layer: 'conv2d' },
  kernel: Constant,
  bias: Constant,
): void {
  const before = padding === 'same' ? (k - 1) >> 1 : 0;
  const after = padding === 'same' ? k - 1 - before : 0;
  const lists = { kernel_shape: [k, k], pads: [before, before, after, after] };
  chain.add('Conv', lists, filtersFirst(kernel.data, kernel.shape), bias);
}

function addFlatten(chain: Chain, shape: Shape): void {
  if (shape.length === 3) chain.add('Transpose', { perm: TO_CHANNELS_LAST });
  if (shape.length > 1) chain.add('Flatten');
}

/** The network as a graph; images are [B, C, H, W] inside. */
export function onnxNetwork(task: InferTask, input: string): Omit<Graph, 'inputs'> {
  const chain = new Chain(input);
  const plans = layerPlans(task);
  const weights = task.weights.values();
  const next = (shape: Shape): Constant => {
    return { data: weights.next().value as Float32Array, shape };
  };
  let shape: Shape = task.input;
  if (shape.length === 3) chain.add('Transpose', { perm: TO_CHANNELS_FIRST });
  for (const [i, layer] of task.layers.entries()) {
    const { kernel = [], output } = plans[i] as (typeof plans)[number];
    if (layer.layer === 'conv2d') {
      addConv(chain, layer, next(kernel), next(kernel.slice(-1)));
    } else if (layer.layer === 'dense') {
      addFlatten(chain, shape);
      chain.add('MatMul', {}, next(kernel));
      chain.add('Add', {}, next(output));
    } else if (layer.layer === 'maxPooling2d') {
      const window = [layer.poolSize, layer.poolSize];
      chain.add('MaxPool', { kernel_shape: window, strides: window });
    } else if (layer.layer === 'flatten') addFlatten(chain, shape);
    else throw new Unable(`has no ${layer.layer} here`);
    if ('activation' in layer && layer.activation) chain.add(ACTIVATIONS[layer.activation]);
    shape = output;
  }
  chain.add(ACTIVATIONS[task.output]);
  return { nodes: chain.nodes, outputs: [chain.last], constants: chain.constants };
}
