/** Optimisers compared on moons, each with the rate that the course or its authors give: `node examples/optimizers.ts`. */
import {
  adagrad,
  adam,
  adamw,
  datasets,
  dense,
  type Optimizer,
  rmsprop,
  sequential,
  sgd,
} from '../src/index.ts';
import { drawBoundaries, type Panel } from './support/boundary.ts';
import { percent, target } from './support/target.ts';

const points = await datasets.moons(300, { noise: 0.2, seed: 3 });
const labels = { data: Float32Array.from(points.y as Int32Array), shape: [300, 1] };
const learningRate = 0.0007;
const OPTIMIZERS: Readonly<Record<string, Optimizer>> = {
  'gradient descent': sgd({ learningRate }),
  momentum: sgd({ learningRate, momentum: 0.9 }),
  Nesterov: sgd({ learningRate, momentum: 0.9, nesterov: true }),
  Adagrad: adagrad({ learningRate: 0.01 }),
  RMSprop: rmsprop({ learningRate }),
  Adam: adam({ learningRate, epsilon: 1e-8 }),
  AdamW: adamw({ learningRate, weightDecay: 0.01 }),
};

async function learn(optimizer: Optimizer) {
  const relu = (units: number) =>
    dense(units, { activation: 'relu', kernelInitializer: 'heNormal' });
  const model = sequential([relu(5), relu(2), dense(1, { activation: 'sigmoid' })], { seed: 2 });
  model.compile({ optimizer, loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  const { history } = await model.fit(points.x, labels, { epochs: 1000, batchSize: 64 });
  const costs = history['loss'] as readonly number[];
  const { accuracy = 0 } = await model.evaluate(points.x, labels);
  return { model, cost: costs.at(-1) as number, fast: costs.findIndex((c) => c < 0.3), accuracy };
}

const panels: Panel[] = [];
const accuracies: Record<string, number> = {};
for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
  const { model, cost, fast, accuracy } = await learn(optimizer);
  const below = fast < 0 ? 'never' : `after ${fast + 1} epochs`;
  console.log(
    `${name}: cost ${cost.toFixed(3)}, below 0.3 ${below}, accuracy ${percent(accuracy)}`,
  );
  panels.push({ title: `${name}: ${percent(accuracy)}`, model, points });
  accuracies[name] = accuracy;
}
await drawBoundaries('optimizers', panels);
const of = (name: string) => accuracies[name] as number;
target('accuracy of Adam', of('Adam'), { atLeast: 0.93 }, percent);
target(
  'accuracy of Adam − gradient descent',
  of('Adam') - of('gradient descent'),
  { atLeast: 0.05 },
  percent,
);
