import { glorotWeights, layerPlans, type PerceptronSpec, perceptron } from '../layers.ts';
import { CNN } from '../networks.ts';
import { generator, uniform } from '../numbers.ts';
import type { Case, InferTask, NetworkSpec, Suite } from '../types.ts';

const MLP_L: PerceptronSpec = { sizes: [784, 512, 512, 10], hidden: 'relu' };

/** A classifier with random weights, and one batch. */
export function inferTask(spec: NetworkSpec, batch: number): InferTask {
  const random = generator(5);
  const weights = glorotWeights(spec, random);
  const x = uniform(batch * spec.input.reduce((a, b) => a * b, 1), 1, random);
  return { ...spec, weights, batch, x };
}

export function inferCase(spec: NetworkSpec, batch: number): Case<'infer'> {
  return {
    name: `infer/${spec.name}.b${batch}`,
    kind: 'infer',
    task: () => inferTask(spec, batch),
    flops: batch * layerPlans(spec).reduce((sum, { flops }) => sum + flops, 0),
    check: { steps: 1, tolerance: 1e-5 },
  };
}

export const infer: Suite = {
  name: 'infer',
  cases: [perceptron('mlp_l', MLP_L, 'softmax'), CNN].flatMap((spec) =>
    [1, 64].map((batch) => inferCase(spec, batch)),
  ),
};
