import { generator, uniform } from '../numbers.ts';
import type { Case, Suite, TrainTask } from '../types.ts';
import { trainCase } from './train.ts';

/** What grows: sizes of products, batches, units of a layer, threads, layers. */
export const CURVES: readonly string[] = [
  ...['gemm', 'batch', 'width', 'threads', 'compile', 'depth', 'memory'].map((c) => `growth/${c}`),
];

/** Curves instead of cases: see `../growth.ts`. */
export const growthSuite: Suite = { name: 'growth', cases: [] };

export function perceptronCase(sizes: readonly number[], batch: number): Case<'train'> {
  const name = `${sizes.join('-')}.b${batch}`;
  return trainCase(name, {
    sizes,
    hidden: 'relu',
    output: 'softmax',
    batch,
    batches: 1,
    optimizer: 'adam',
    rate: 0.001,
  });
}

const UNITS = 16;

/**
 * `depth` layers of 16 units with tanh, batch 16, plain gradient descent. Kernels start as the identity: through random ones
 * values and gradients would fall into the slow denormal numbers on their way.
 */
export function deepTask(depth: number): TrainTask {
  const sizes = [...Array.from({ length: depth }, () => UNITS), 1];
  const task = trainCase('deep', {
    sizes,
    hidden: 'tanh',
    output: 'sigmoid',
    batch: 16,
    batches: 1,
    optimizer: 'sgd',
    rate: 1e-6,
  }).task();
  const identity = Float32Array.from({ length: UNITS * UNITS }, (_, i) =>
    i % (UNITS + 1) === 0 ? 1 : 0,
  );
  const weights = task.weights.map((w) => (w.length === UNITS * UNITS ? identity : w));
  return { ...task, weights, x: uniform(UNITS * UNITS, 1, generator(3)) };
}
