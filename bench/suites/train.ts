import { glorotWeights, layerPlans, type PerceptronSpec, perceptron } from '../layers.ts';
import { CNN, LENET5, MOBILENET, RELU, RESNET, VGG } from '../networks.ts';
import { generator, uniform } from '../numbers.ts';
import type { Case, LayerSpec, NetworkSpec, Suite, TrainTask } from '../types.ts';

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

/** Flops of a step's products for one batch; the gradient of the inputs is not needed. */
function flopsOf(spec: Pick<NetworkSpec, 'input' | 'layers'>, batch: number): number {
  const [first = 0, ...rest] = layerPlans(spec)
    .map(({ flops }) => flops)
    .filter(Boolean);
  return batch * (2 * first + 3 * rest.reduce((sum, flops) => sum + flops, 0));
}

export function stepFlops(plan: PerceptronPlan): number {
  return flopsOf(perceptron('', plan, plan.output), plan.batch);
}

/** A network with random weights and data. */
function networkTask(spec: NetworkSpec, plan: Plan): TrainTask {
  const { batch, batches, output } = plan;
  const random = generator(2);
  const examples = batch * batches;
  const classes = Math.max(2, layerPlans(spec).at(-1)?.output[0] as number);
  const weights = glorotWeights(spec, random);
  const x = uniform(examples * spec.input.reduce((a, b) => a * b, 1), 1, random);
  const labels = Int32Array.from({ length: examples }, () => Math.floor(random() * classes));
  const y = output === 'softmax' ? labels : Float32Array.from(labels);
  return { ...spec, ...plan, weights, x, y };
}

/** The task of a perceptron with random weights and data. */
export function perceptronTask(name: string, plan: PerceptronPlan): TrainTask {
  const { sizes, hidden, ...rest } = plan;
  return networkTask(perceptron(name, { sizes, hidden }, plan.output), rest);
}

const CHECK = { steps: 6, tolerance: 1e-4 };

export function trainCase(name: string, plan: PerceptronPlan): Case<'train'> {
  const task = () => perceptronTask(name, plan);
  return { name: `train/${name}`, kind: 'train', task, flops: stepFlops(plan), check: CHECK };
}

/** A perceptron whose activations are layers of their own, which must cost no more. */
function apartCase(name: string, plan: PerceptronPlan): Case<'train'> {
  const { sizes, hidden, ...rest } = plan;
  const whole = perceptron(name, { sizes, hidden }, plan.output);
  const layers = whole.layers.flatMap((l): LayerSpec[] => {
    const relu = l.layer === 'dense' && l.activation === 'relu';
    return relu ? [{ layer: 'dense', units: l.units }, RELU] : [l];
  });
  return { ...trainCase(name, plan), task: () => networkTask({ ...whole, layers }, rest) };
}

/** What rounding does to losses grows with each update of a deep network. */
const FEW = { ...CHECK, steps: 3 };

const IMAGES: Omit<Plan, 'batch'> = {
  output: 'softmax',
  batches: 8,
  optimizer: 'adam',
  rate: 0.001,
};

function imageCase(spec: NetworkSpec, batch: number): Case<'train'> {
  const task = () => networkTask(spec, { ...IMAGES, batch });
  const flops = flopsOf(spec, batch);
  return { name: `train/${spec.name}`, kind: 'train', task, flops, check: FEW };
}

export const train: Suite = {
  name: 'train',
  cases: [
    ...Object.entries(NETWORKS).map(([name, plan]) => trainCase(name, plan)),
    apartCase('mlp_s_apart', NETWORKS['mlp_s'] as PerceptronPlan),
    imageCase(CNN, 64),
    imageCase(LENET5, 64),
    imageCase(VGG, 32),
    imageCase(RESNET, 32),
    imageCase(MOBILENET, 32),
  ],
};
