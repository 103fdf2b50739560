import { generator, uniform } from '../numbers.ts';
import type { Case, Suite, TrainTask } from '../types.ts';

type Network = Omit<TrainTask, 'name' | 'x' | 'y' | 'weights'>;

const NETWORKS: Readonly<Record<string, Network>> = {
  mlp_s: {
    sizes: [784, 128, 64, 10],
    hidden: 'relu',
    output: 'softmax',
    batch: 64,
    batches: 8,
    optimizer: 'adam',
    rate: 0.001,
  },
  mlp_l: {
    sizes: [784, 512, 512, 10],
    hidden: 'relu',
    output: 'softmax',
    batch: 128,
    batches: 8,
    optimizer: 'adam',
    rate: 0.001,
  },
  tiny: {
    sizes: [2, 4, 1],
    hidden: 'tanh',
    output: 'sigmoid',
    batch: 4,
    batches: 1,
    optimizer: 'sgd',
    rate: 0.1,
  },
  cat: {
    sizes: [12288, 20, 7, 5, 1],
    hidden: 'relu',
    output: 'sigmoid',
    batch: 209,
    batches: 1,
    optimizer: 'sgd',
    rate: 0.0075,
  },
};

/** Matrix products of a step; the gradient of the inputs is not needed. */
function stepFlops({ sizes, batch }: Network): number {
  const products = sizes.slice(1).map((units, i) => 2 * batch * units * (sizes[i] as number));
  return products.reduce((sum, flops, i) => sum + (i === 0 ? 2 : 3) * flops, 0);
}

function makeTask(name: string, network: Network): TrainTask {
  const { sizes, output, batch, batches } = network;
  const random = generator(2);
  const examples = batch * batches;
  const classes = sizes.at(-1) as number;
  const weights = sizes.slice(1).flatMap((units, i) => {
    const inputs = sizes[i] as number;
    return [
      uniform(inputs * units, Math.sqrt(6 / (inputs + units)), random),
      new Float32Array(units),
    ];
  });
  const x = uniform(examples * (sizes[0] as number), 1, random);
  const label = () => Math.floor(random() * Math.max(2, classes));
  const labels = Int32Array.from({ length: examples }, label);
  return {
    name,
    ...network,
    x,
    y: output === 'softmax' ? labels : Float32Array.from(labels),
    weights,
  };
}

export function trainCase(name: string, network: Network): Case<'train'> {
  const check = { steps: 6, tolerance: 1e-4 };
  const task = () => makeTask(name, network);
  return { name: `train/${name}`, kind: 'train', task, flops: stepFlops(network), check };
}

export const train: Suite = {
  name: 'train',
  cases: Object.entries(NETWORKS).map(([name, network]) => trainCase(name, network)),
};
