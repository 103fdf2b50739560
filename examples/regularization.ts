/** No regularisation, L2 and dropout on few noisy points: what is lost in training is won in testing: `node examples/regularization.ts`. */
import { datasets, dense, dropout, regularizers, sequential, sgd } from '../src/index.ts';
import { drawBoundaries, type Panel } from './support/boundary.ts';
import { mean, percent, target } from './support/target.ts';

const SEEDS = [1, 2, 3, 4, 5];
const WAYS = {
  none: { lambda: 0, keepProb: 1 },
  L2: { lambda: 0.7, keepProb: 1 },
  dropout: { lambda: 0, keepProb: 0.7 },
};
const binary = async (n: number, seed: number) => {
  const points = await datasets.moons(n, { noise: 0.35, seed });
  return { points, y: { data: Float32Array.from(points.y as Int32Array), shape: [n, 1] } };
};
const test = await binary(2000, 100);

async function learn({ lambda, keepProb }: (typeof WAYS)['none'], seed: number) {
  const train = await binary(120, seed);
  const relu = (units: number) =>
    dense(units, { activation: 'relu', kernelInitializer: 'heNormal' });
  const model = sequential(
    [
      relu(20),
      dropout({ keepProb }),
      relu(20),
      dropout({ keepProb }),
      dense(1, { activation: 'sigmoid' }),
    ],
    { seed },
  );
  model.compile({
    optimizer: sgd({ learningRate: 0.3 }),
    loss: 'binaryCrossentropy',
    metrics: ['accuracy'],
    regularizer: regularizers.l2(lambda),
  });
  await model.fit(train.points.x, train.y, { epochs: 5000, batchSize: 120 });
  const onTraining = (await model.evaluate(train.points.x, train.y))['accuracy'] as number;
  const onTest = (await model.evaluate(test.points.x, test.y))['accuracy'] as number;
  return { model, points: train.points, onTraining, onTest };
}

const panels: Panel[] = [];
const means: Record<string, number> = {};
for (const [name, way] of Object.entries(WAYS)) {
  const runs = [];
  for (const seed of SEEDS) runs.push(await learn(way, seed));
  const [onTraining, onTest] = [
    mean(runs.map((r) => r.onTraining)),
    mean(runs.map((r) => r.onTest)),
  ];
  console.log(`${name}: accuracy ${percent(onTraining)} on training, ${percent(onTest)} on test`);
  const [{ model, points }] = runs as [(typeof runs)[0]];
  panels.push({ title: `${name}: ${percent(onTest)} on test`, model, points });
  means[name] = onTest;
}
await drawBoundaries('regularization', panels);
const gain = (name: keyof typeof WAYS) => (means[name] as number) - (means['none'] as number);
target('gain of L2 on test', gain('L2'), { atLeast: 0.01 }, percent);
target('gain of dropout on test', gain('dropout'), { atLeast: 0.005 }, percent);
