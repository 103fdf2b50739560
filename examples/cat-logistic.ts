/** Cat or not: one neuron on 64·64·3 = 12288 numbers, 2000 steps of batch gradient descent: `node examples/cat-logistic.ts [FOLDER]`. */
import { dense, flatten, sequential, sgd } from '../src/index.ts';
import { cats } from './support/cats.ts';
import { percent, target } from './support/target.ts';

const { train, test } = await cats(process.argv[2]);
const net = sequential([
  flatten(),
  dense(1, { activation: 'sigmoid', kernelInitializer: 'zeros' }),
]);
net.compile({
  optimizer: sgd({ learningRate: 0.005 }),
  loss: 'binaryCrossentropy',
  metrics: ['accuracy'],
});
await net.fit(train.x, train.y, {
  epochs: 2000,
  batchSize: 209,
  callbacks: [
    (step, { loss }) =>
      step % 200 === 0 && console.log(`cost after ${step} steps: ${loss?.toFixed(6)}`),
  ],
});
const learned = await net.evaluate(train.x, train.y);
const tested = await net.evaluate(test.x, test.y);
target('accuracy on training', learned['accuracy'] as number, { atLeast: 0.98 }, percent);
target('accuracy on test', tested['accuracy'] as number, { atLeast: 0.68 }, percent);
