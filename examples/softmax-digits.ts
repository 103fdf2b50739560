/** Softmax regression on ten digits, then one hidden layer, on drawn or real digits: `node examples/softmax-digits.ts`. */
import { type DataLike, datasets, dense, flatten, sequential } from '../src/index.ts';
import { percent, target } from './support/target.ts';

const train = await datasets.digits(5000, { seed: 1 });
const test = await datasets.digits(1000, { seed: 2 });

async function learn(hidden: readonly number[], epochs: number): Promise<number> {
  const layers = hidden.map((units) => dense(units, { activation: 'relu' }));
  using net = sequential([flatten(), ...layers, dense(10, { activation: 'softmax' })]);
  net.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  await net.fit(train.x, train.y as DataLike, { epochs, batchSize: 64 });
  const { loss, accuracy = 0 } = await net.evaluate(test.x, test.y);
  console.log(
    `hidden units [${hidden}]: test cost ${loss?.toFixed(3)}, accuracy ${percent(accuracy)}`,
  );
  return accuracy;
}

const regression = await learn([], 30);
const network = await learn([128], 15);
target('test accuracy of softmax regression', regression, { atLeast: 0.8 }, percent);
target('test accuracy with a hidden layer', network, { atLeast: 0.93 }, percent);
