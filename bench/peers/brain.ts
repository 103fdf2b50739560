import { perceptronOf } from '../layers.ts';
import type { Contestant, InferTask, NetworkSpec, Runner, TrainTask } from '../types.ts';
import { load } from './load.ts';

interface Example {
  readonly input: Float32Array;
  readonly output: Float32Array;
}

interface NeuralNetwork {
  sizes: number[];
  initialize(): void;
  trainPattern(example: Example): unknown;
  run(input: Float32Array): unknown;
}

interface Brain {
  readonly NeuralNetwork: new (options: object) => NeuralNetwork;
}

/** brain.js: sigmoid outputs and squared errors. */
export const brain: Contestant = {
  name: 'brain.js',
  kinds: ['train', 'infer'],
  variants: () => [{ build: 'js', threads: 1 }],
  open: { train: openTrain, infer: openInfer },
};

function network(spec: NetworkSpec, options: object) {
  const { sizes, hidden } = perceptronOf(spec);
  const { NeuralNetwork } = load<Brain>('brain.js/dist/browser.js');
  const net = new NeuralNetwork({ activation: hidden, ...options });
  net.sizes = [...sizes];
  net.initialize();
  return { net, features: sizes[0] as number, outputs: sizes.at(-1) as number };
}

function openInfer(task: InferTask): Runner {
  const { net, features } = network(task, {});
  return {
    note: 'own initial weights: cost only',
    run(steps) {
      for (let i = 0; i < steps * task.batch; i++) {
        const at = i % task.batch;
        net.run(task.x.slice(at * features, (at + 1) * features));
      }
    },
  };
}

function openTrain(task: TrainTask): Runner {
  const { net, features, outputs } = network(task, {
    learningRate: task.rate,
    ...(task.optimizer === 'adam' ? { praxis: 'adam' } : {}),
  });
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
