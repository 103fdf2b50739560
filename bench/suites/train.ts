import { type PerceptronSpec, perceptron } from '../layers.ts';
import { generator, uniform } from '../numbers.ts';
import type { Case, Suite, TrainTask, Weights } from '../types.ts';

type Plan = Pick<TrainTask, 'output' | 'batch' | 'batches' | 'optimizer' | 'rate'>;
/** A perceptron and how it is trained. */
export type PerceptronPlan = PerceptronSpec & Plan;

const NETWORKS: Readonly<Record<string, PerceptronPlan>> = {
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

/** Flops of the matrix products for one example in each layer, forward. */
export function layerFlops({ sizes }: PerceptronSpec): number[] {
  return sizes.slice(1).map((units, i) => 2 * units * (sizes[i] as number));
}

/** Matrix products of a step; the gradient of the inputs is not needed. */
export function stepFlops(plan: PerceptronPlan): number {
  const [first, ...rest] = layerFlops(plan) as [number, ...number[]];
  return plan.batch * (2 * first + 3 * rest.reduce((sum, flops) => sum + flops, 0));
}

/** Glorot's uniform kernels, zero biases. */
export function perceptronWeights({ sizes }: PerceptronSpec, random: () => number): Weights {
  return sizes.slice(1).flatMap((units, i) => {
    const inputs = sizes[i] as number;
    const limit = Math.sqrt(6 / (inputs + units));
    return [uniform(inputs * units, limit, random), new Float32Array(units)];
  });
}

/** The task of a perceptron with random weights and data. */
export function perceptronTask(name: string, plan: PerceptronPlan): TrainTask {
  const { sizes, hidden, ...rest } = plan;
  const random = generator(2);
  const examples = plan.batch * plan.batches;
  const classes = Math.max(2, sizes.at(-1) as number);
  const weights = perceptronWeights(plan, random);
  const x = uniform(examples * (sizes[0] as number), 1, random);
  const labels = Int32Array.from({ length: examples }, () => Math.floor(random() * classes));
  const y = plan.output === 'softmax' ? labels : Float32Array.from(labels);
  return { ...perceptron(name, { sizes, hidden }, plan.output), ...rest, weights, x, y };
}

export function trainCase(name: string, plan: PerceptronPlan): Case<'train'> {
  const check = { steps: 6, tolerance: 1e-4 };
  const task = () => perceptronTask(name, plan);
  return { name: `train/${name}`, kind: 'train', task, flops: stepFlops(plan), check };
}

export const train: Suite = {
  name: 'train',
  cases: Object.entries(NETWORKS).map(([name, plan]) => trainCase(name, plan)),
};
