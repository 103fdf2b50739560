/** The same epochs in batches of all examples, of 64 and of one: cost after equal work, and how it gets there: `node examples/mini-batches.ts`. */
import { datasets, dense, flatten, sequential, sgd } from '../src/index.ts';
import { mean, percent, target } from './support/target.ts';

const [m, epochs] = [1024, 20];
const train = await datasets.digits(m, { seed: 1 });
const test = await datasets.digits(1000, { seed: 2 });

/** Share of the steps at which the cost, as it is plotted, went up. */
function rises(costs: readonly number[]): number {
  return mean(costs.slice(1).map((cost, i) => Number(cost > (costs[i] as number))));
}

async function learn(batchSize: number, learningRate: number) {
  using net = sequential(
    [flatten(), dense(64, { activation: 'relu' }), dense(10, { activation: 'softmax' })],
    { seed: 1 },
  );
  net.compile({
    optimizer: sgd({ learningRate }),
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const { history, batchLoss, seconds } = await net.fit(train.x, train.y, { epochs, batchSize });
  const cost = history['loss']?.at(-1) as number;
  const { accuracy = 0 } = await net.evaluate(test.x, test.y);
  console.log(
    `batches of ${batchSize}: ${batchLoss.length} steps in ${seconds.toFixed(2)} s, cost ${cost.toFixed(3)}, up at ${percent(rises(batchLoss))} of the steps, test accuracy ${percent(accuracy)}`,
  );
  return { cost, rises: rises(batchLoss) };
}

const whole = await learn(m, 0.1);
const mini = await learn(64, 0.1);
await learn(1, 0.01);
target(
  'cost of mini-batches / cost of whole batches',
  mini.cost / whole.cost,
  { atMost: 0.5 },
  percent,
);
target('steps up, whole batches', whole.rises, { atMost: 0.05 }, percent);
target('steps up, mini-batches', mini.rises, { atLeast: 0.2 }, percent);
