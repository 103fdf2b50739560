/** Points of a flower: logistic regression against one hidden layer of 1 to 20 units. Draws what they decide: `node examples/planar-flower.ts`. */
import { datasets, dense, type Model, sequential, sgd } from '../src/index.ts';
import { drawBoundaries, type Panel } from './support/boundary.ts';
import { percent, target } from './support/target.ts';

const points = await datasets.flower(400);
const labels = { data: Float32Array.from(points.y as Int32Array), shape: [400, 1] };

async function learn(hidden: number): Promise<{ model: Model; accuracy: number }> {
  const first = hidden > 0 ? [dense(hidden, { activation: 'tanh' })] : [];
  const model = sequential([...first, dense(1, { activation: 'sigmoid' })], { seed: 1 });
  model.compile({
    optimizer: sgd({ learningRate: 1.2 }),
    loss: 'binaryCrossentropy',
    metrics: ['accuracy'],
  });
  await model.fit(points.x, labels, { epochs: 10_000, batchSize: 400 });
  const { accuracy = 0 } = await model.evaluate(points.x, labels);
  console.log(`hidden units ${hidden}: accuracy ${percent(accuracy)}`);
  return { model, accuracy };
}

const found = new Map<number, Awaited<ReturnType<typeof learn>>>();
for (const hidden of [0, 1, 2, 4, 5, 20]) found.set(hidden, await learn(hidden));
const [none, four] = [found.get(0), found.get(4)] as [{ accuracy: number }, { accuracy: number }];
await drawBoundaries(
  'planar-flower',
  [...found].map(
    ([hidden, { model, accuracy }]): Panel => ({
      title: `hidden units ${hidden}: ${percent(accuracy)}`,
      model,
      points,
    }),
  ),
);
target('accuracy without a hidden layer', none.accuracy, { atMost: 0.65 }, percent);
target('accuracy with 4 hidden units', four.accuracy, { atLeast: 0.88 }, percent);
