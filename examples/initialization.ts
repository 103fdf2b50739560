/** Three ways to start a 2-10-5-1 network, compared on circles; zeros never learn: `node examples/initialization.ts`. */
import { datasets, dense, type Initializer, initializers, sequential, sgd } from '../src/index.ts';
import { drawBoundaries, type Panel } from './support/boundary.ts';
import { percent, target } from './support/target.ts';

const binary = async (n: number, seed: number) => {
  const points = await datasets.circles(n, { noise: 0.05, factor: 0.8, seed });
  return { points, y: { data: Float32Array.from(points.y as Int32Array), shape: [n, 1] } };
};
const [train, test] = [await binary(300, 1), await binary(100, 2)];
const STARTS: Readonly<Record<string, Initializer>> = {
  zeros: initializers.zeros(),
  'large random': initializers.randomNormal({ std: 10 }),
  He: initializers.heNormal(),
};

async function learn(kernelInitializer: Initializer) {
  const relu = (units: number) => dense(units, { activation: 'relu', kernelInitializer });
  const last = dense(1, { activation: 'sigmoid', kernelInitializer });
  const model = sequential([relu(10), relu(5), last], { seed: 3 });
  model.compile({
    optimizer: sgd({ learningRate: 0.01 }),
    loss: 'binaryCrossentropy',
    metrics: ['accuracy'],
  });
  const { history } = await model.fit(train.points.x, train.y, { epochs: 15_000, batchSize: 300 });
  const { accuracy = 0 } = await model.evaluate(test.points.x, test.y);
  return { model, accuracy, cost: history['loss'] as readonly number[] };
}

const panels: Panel[] = [];
const accuracies: Record<string, number> = {};
for (const [name, initializer] of Object.entries(STARTS)) {
  const { model, accuracy, cost } = await learn(initializer);
  console.log(
    `${name}: cost ${cost[0]?.toFixed(3)} → ${cost.at(-1)?.toFixed(3)}, test accuracy ${percent(accuracy)}`,
  );
  panels.push({ title: `${name}: ${percent(accuracy)}`, model, points: test.points });
  accuracies[name] = accuracy;
}
await drawBoundaries('initialization', panels);
target('test accuracy from zeros', accuracies['zeros'] as number, { atMost: 0.6 }, percent);
target('test accuracy from He', accuracies['He'] as number, { atLeast: 0.95 }, percent);
