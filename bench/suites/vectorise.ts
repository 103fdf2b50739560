import type { Case, Suite } from '../types.ts';
import { type PerceptronPlan, perceptronTask, stepFlops } from './train.ts';

const PLANS: Readonly<Record<string, PerceptronPlan>> = {
  logistic: {
    sizes: [12288, 1],
    hidden: 'relu',
    output: 'sigmoid',
    batch: 209,
    batches: 1,
    optimizer: 'sgd',
    rate: 0.0075,
  },
  network: {
    sizes: [784, 64, 10],
    hidden: 'relu',
    output: 'softmax',
    batch: 64,
    batches: 8,
    optimizer: 'sgd',
    rate: 0.01,
  },
};

export function vectoriseCase(name: string, plan: PerceptronPlan): Case<'vectorise'> {
  const check = { steps: 6, tolerance: 1e-4 };
  const task = () => perceptronTask(name, plan);
  const flops = stepFlops(plan);
  return { name: `vectorise/${name}`, kind: 'vectorise', task, flops, against: 'loops-js', check };
}

export const vectorise: Suite = {
  name: 'vectorise',
  cases: Object.entries(PLANS).map(([name, plan]) => vectoriseCase(name, plan)),
};
