import { type PerceptronSpec, perceptron } from '../layers.ts';
import { generator, uniform } from '../numbers.ts';
import type { Case, InferTask, Suite } from '../types.ts';
import { layerFlops, perceptronWeights } from './train.ts';

const MLP_L: PerceptronSpec = { sizes: [784, 512, 512, 10], hidden: 'relu' };

/** A classifier with random weights, and one batch. */
export function inferTask(name: string, spec: PerceptronSpec, batch: number): InferTask {
  const random = generator(5);
  const weights = perceptronWeights(spec, random);
  const x = uniform(batch * (spec.sizes[0] as number), 1, random);
  return { ...perceptron(name, spec, 'softmax'), weights, batch, x };
}

export function inferCase(name: string, spec: PerceptronSpec, batch: number): Case<'infer'> {
  return {
    name: `infer/${name}.b${batch}`,
    kind: 'infer',
    task: () => inferTask(name, spec, batch),
    flops: batch * layerFlops(spec).reduce((sum, flops) => sum + flops, 0),
    check: { steps: 1, tolerance: 1e-5 },
  };
}

export const infer: Suite = {
  name: 'infer',
  cases: [1, 64].map((batch) => inferCase('mlp_l', MLP_L, batch)),
};
