/** Cat or not with four layers, 12288-20-7-5-1, 2500 steps of batch gradient descent, five seeds: `node examples/cat-network.ts [FOLDER]`. */
import { dense, flatten, sequential, sgd } from '../src/index.ts';
import { cats } from './support/cats.ts';
import { median, percent, target } from './support/target.ts';

const { train, test } = await cats(process.argv[2]);

async function learn(seed: number) {
  const relu = (units: number) => dense(units, { activation: 'relu', kernelInitializer: 'xavier' });
  const last = dense(1, { activation: 'sigmoid', kernelInitializer: 'xavier' });
  using net = sequential([flatten(), relu(20), relu(7), relu(5), last], { seed });
  net.compile({
    optimizer: sgd({ learningRate: 0.0075 }),
    loss: 'binaryCrossentropy',
    metrics: ['accuracy'],
  });
  const { seconds } = await net.fit(train.x, train.y, { epochs: 2500, batchSize: 209 });
  const learned = await net.evaluate(train.x, train.y);
  const tested = await net.evaluate(test.x, test.y);
  const [onTraining, onTest] = [learned['accuracy'] as number, tested['accuracy'] as number];
  console.log(
    `seed ${seed}: cost ${learned['loss']?.toFixed(4)}, accuracy ${percent(onTraining)} on training, ${percent(onTest)} on test, ${seconds.toFixed(1)} s`,
  );
  return { onTraining, onTest };
}

const runs: Awaited<ReturnType<typeof learn>>[] = [];
for (let seed = 0; seed < 5; seed++) runs.push(await learn(seed));
const middle = (of: keyof (typeof runs)[number]) => median(runs.map((run) => run[of]));
target('median accuracy on training', middle('onTraining'), { atLeast: 0.97 }, percent);
target('median accuracy on test', middle('onTest'), { atLeast: 0.72 }, percent);
