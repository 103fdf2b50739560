import { perceptron } from '../layers.ts';
import type { Case, Suite } from '../types.ts';
import { inferTask } from './infer.ts';

/** From the start of a process to the first outputs of a small model, against a process that does nothing. */
export const startupCase: Case<'startup'> = {
  name: 'startup/first_result',
  kind: 'startup',
  task: () => inferTask(perceptron('small', { sizes: [4, 8, 3], hidden: 'relu' }, 'softmax'), 1),
  baseline: 'node',
  samples: 10,
  check: { steps: 1, tolerance: 1e-5 },
};

export const startup: Suite = { name: 'startup', cases: [startupCase] };
