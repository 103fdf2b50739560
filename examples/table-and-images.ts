/** Postage of parcels: the zone is handwritten (an image), weight and service stand in a table: `node examples/table-and-images.ts`. */
import {
  adam,
  datasets,
  encode,
  fitPreprocessing,
  layers,
  model,
  recordsFrom,
  splitIndices,
  type Tensor,
  takeExamples,
} from '../src/index.ts';
import { percent, target } from './support/target.ts';

const N = 5000;
const images = await datasets.digits(N, { seed: 1 });
const SERVICES = { economy: 1, priority: 1.4, express: 2 };
const parcels = Array.from(images.y as Int32Array, (zone, i) => {
  const weight = ((i * 7919) % 200) / 10;
  const [service, factor] = Object.entries(SERVICES)[(i * 31) % 3] as [string, number];
  return { weight, service, postage: factor * (3 + 1.5 * zone) + 0.4 * weight };
});
const rows = await splitIndices(N, { fractions: { train: 0.8, test: 0.2 }, seed: 1 });
const records = await recordsFrom(parcels, 'parcels');
const table = await encode(
  await fitPreprocessing(records, { target: 'postage', task: 'regression', rows: rows.train }),
  records,
);
const part = async (name: 'train' | 'test') => {
  const image = await takeExamples(images, rows[name]);
  const facts = await takeExamples(table, rows[name]);
  return { x: { image: image.x, facts: facts.x }, y: facts.y };
};
const [train, test] = [await part('train'), await part('test')];

/** A branch for each kind of data, joined before the last layers. */
async function learn(used: readonly ('image' | 'facts')[]): Promise<number> {
  const relu = (units: number) => layers.dense(units, { activation: 'relu' });
  const branches = {
    image: [layers.flatten(), relu(128), relu(32)],
    facts: [relu(16)],
  };
  const [join, middle, last] = [layers.concatenate(), relu(32), layers.dense(1)];
  const branch = (name: 'image' | 'facts', x: Tensor) =>
    branches[name].reduce((value, layer) => layer(value), x);
  const inputs = { image: [28, 28], facts: table.x.shape.slice(1) };
  using net = model({
    inputs: Object.fromEntries(used.map((name) => [name, inputs[name]])),
    outputs: (x) => {
      const found = used.map((name) => branch(name, x[name] as Tensor));
      return last(middle(found.length > 1 ? join(...found) : (found[0] as Tensor)));
    },
  });
  net.compile({ optimizer: adam({ learningRate: 1e-3 }), loss: 'mse', metrics: ['r2'] });
  const pick = (x: typeof train.x) => Object.fromEntries(used.map((name) => [name, x[name]]));
  await net.fit(pick(train.x), train.y, { epochs: 15, batchSize: 64 });
  const { r2 = Number.NaN } = await net.evaluate(pick(test.x), test.y);
  console.log(`from ${used.join(' and ')}: ${percent(r2)} of the variance explained`);
  return r2;
}

const [image, facts] = [await learn(['image']), await learn(['facts'])];
const both = await learn(['image', 'facts']);
target('explained by both', both, { atLeast: 0.85 }, percent);
target('more than by the better one', both - Math.max(image, facts), { atLeast: 0.2 }, percent);
