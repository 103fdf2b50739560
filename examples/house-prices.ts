/** Prices of houses from a table with words and gaps: linear and relu outputs, three losses: `node examples/house-prices.ts`. */
import {
  type ArrayData,
  adam,
  type Dataset,
  datasets,
  dense,
  prepareTable,
  readCsv,
  sequential,
} from '../src/index.ts';
import { percent, target } from './support/target.ts';

const CONDITION = ['ruin', 'poor', 'fair', 'good', 'new'];

/** A table as people keep it: the condition in words, no number where there is no garden. */
function csv({ x, y, featureNames = [] }: Dataset): string {
  const lines = Array.from((y as ArrayData).data, (price, i) => {
    const [size, rooms, age, distance, garden, condition] = x.data.slice(6 * i, 6 * i + 6);
    const words = CONDITION[Number(condition) - 1];
    return [size, rooms, age, distance?.toFixed(1), garden || '', words, price.toFixed(1)];
  });
  return [[...featureNames, 'price'], ...lines].map((cells) => cells.join()).join('\n');
}

const records = await readCsv(csv(await datasets.housePrices(4000, { seed: 1 })), {
  name: 'houses',
});
const { splits, preprocessing } = await prepareTable(records, { target: 'price', seed: 1 });
const scale = preprocessing.target as unknown as { mean: number; std: number };
const [train, test] = [splits.train, splits.test as Dataset];
console.log(`${train.x.shape[0]} houses to learn from, inputs ${train.featureNames?.join(', ')}`);

/** Prices in 100,000, which a relu output can give. */
function prices({ y }: Dataset) {
  const { data, shape } = y as ArrayData;
  return { data: Float32Array.from(data, (v) => (v * scale.std + scale.mean) / 100), shape };
}

async function learn(hidden: number, activation: string, loss: string): Promise<number> {
  const first = hidden ? [dense(hidden, { activation: 'relu' })] : [];
  using net = sequential([...first, dense(1, { activation, biasInitializer: 'ones' })]);
  net.compile({ optimizer: adam({ learningRate: 0.01 }), loss, metrics: ['mae', 'r2'] });
  await net.fit(train.x, prices(train), { epochs: 60, batchSize: 64 });
  const { mae = Number.NaN, r2 = Number.NaN } = await net.evaluate(test.x, prices(test));
  console.log(
    `${hidden} hidden units, ${activation} output, ${loss}: test error ${(100 * mae).toFixed(1)} thousand, R² ${percent(r2)}`,
  );
  return r2;
}

const linear = await learn(0, 'linear', 'mse');
const networks = [];
for (const loss of ['mse', 'mae', 'huber']) networks.push(await learn(32, 'linear', loss));
networks.push(await learn(32, 'relu', 'mse'));
const least = Math.min(...networks);
target('R² of each network on test', least, { atLeast: 0.95 }, percent);
target('what a hidden layer explains more', least - linear, { atLeast: 0.03 }, percent);
