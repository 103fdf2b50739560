import { perceptronOf } from '../layers.ts';
import type { Contestant, Runner, TrainTask } from '../types.ts';
import { load } from './load.ts';

interface Example {
  readonly input: Float32Array;
  readonly output: Float32Array;
}

interface NeuralNetwork {
  sizes: number[];
  initialize(): void;
  trainPattern(example: Example): unknown;
}

interface Brain {
  readonly NeuralNetwork: new (options: object) => NeuralNetwork;
}

/** brain.js: sigmoid outputs and squared errors. */
export const brain: Contestant = {
  name: 'brain.js',
  kinds: ['train'],
  variants: () => [{ build: 'js', threads: 1 }],
  open: { train: openTrain },
};

function openTrain(task: TrainTask): Runner {
  const { sizes, hidden } = perceptronOf(task);
  const { NeuralNetwork } = load<Brain>('brain.js/dist/browser.js');
  const [features, outputs] = [sizes[0] as number, sizes.at(-1) as number];
  const net = new NeuralNetwork({
    activation: hidden,
    learningRate: task.rate,
    ...(task.optimizer === 'adam' ? { praxis: 'adam' } : {}),
  });
  net.sizes = [...sizes];
  net.initialize();
  const examples = Array.from(task.y, (label, i): Example => {
    const y = new Float32Array(outputs);
    if (task.output === 'softmax') y[label] = 1;
    else y[0] = label;
    return { input: task.x.slice(i * features, (i + 1) * features), output: y };
  });
  return {
    note: 'updates after each example, squared error: cost only',
    run(steps) {
      for (let i = 0; i < steps * task.batch; i++) {
        net.trainPattern(examples[i % examples.length] as Example);
      }
    },
  };
}
