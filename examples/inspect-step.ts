/** Prints the training step of a 784-128-64-10 perceptron as a program and where its time goes: `node examples/inspect-step.ts [BATCH]`. */
import { dense, runtimeInfo, sequential } from '../src/index.ts';

const batchSize = Number(process.argv[2] ?? 64);
const net = sequential(
  [
    dense(128, { activation: 'relu' }),
    dense(64, { activation: 'relu' }),
    dense(10, { activation: 'softmax' }),
  ],
  { inputShape: [784], name: 'mnist' },
);
net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
console.log(await net.program(batchSize));
console.log(`\n${await net.profile({ batchSize, steps: 500 })}`);
const { build, threads } = await runtimeInfo();
console.log(`${build}, ${threads} threads, Node ${process.version}`);
