/**
 * What augmentation and dropout gain on few examples: dev accuracy on 1,000 synthetic digits, mean of ten seeds.
 * `node examples/augmentation.ts [SHEET.png]` also draws what the network sees.
 */
import { writeFile } from 'node:fs/promises';
import {
  augmentation,
  augmentationSheet,
  datasets,
  dense,
  dropout,
  flatten,
  type SequentialLayer,
  sequential,
} from '../src/index.ts';

const [SEEDS, EPOCHS] = [10, 40];
const augment = () =>
  augmentation({
    rotation: 0.03,
    translation: 0.07,
    zoom: 0.1,
    elastic: { alpha: 20 },
    fillMode: 'constant',
  });
const perceptron = (rate: number): SequentialLayer[] => [
  flatten(),
  dropout(rate / 2),
  dense(256, { activation: 'relu' }),
  dropout(rate),
  dense(10, { activation: 'softmax' }),
];
const networks: Record<string, () => SequentialLayer[]> = {
  plain: () => perceptron(0),
  dropout: () => perceptron(0.4),
  augmentation: () => [augment(), ...perceptron(0)],
};

/** Accuracy on 2,000 other digits, for each network. */
async function accuracies(seed: number): Promise<number[]> {
  const train = await datasets.digits(1000, { seed: 2 * seed });
  const dev = await datasets.digits(2000, { seed: 2 * seed + 1 });
  const found: number[] = [];
  for (const layers of Object.values(networks)) {
    using net = sequential(layers(), { seed, inputShape: [28, 28], threads: 1 });
    net.compile({
      optimizer: 'adam',
      loss: 'sparseCategoricalCrossentropy',
      metrics: ['accuracy'],
    });
    await net.fit(train.x, train.y, { epochs: EPOCHS, batchSize: 50 });
    const { accuracy = 0 } = await net.evaluate(dev.x, dev.y, { batchSize: 500 });
    found.push(100 * accuracy);
  }
  return found;
}

const meanOf = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;

/** Mean and its standard error. */
function summary(x: readonly number[]): string {
  const mean = meanOf(x);
  const error = Math.sqrt(meanOf(x.map((v) => (v - mean) ** 2)) / (x.length - 1));
  return `${mean.toFixed(2)} ± ${error.toFixed(2)}`;
}

const [, , sheet] = process.argv;
if (sheet) await writeFile(sheet, await augmentationSheet(augment(), (await datasets.digits(8)).x));
let reached = true;
const runs: number[][] = [];
for (let seed = 0; seed < SEEDS; seed++) runs.push(await accuracies(seed));
Object.keys(networks).forEach((name, k) => {
  const own = runs.map((run) => run[k] as number);
  const gains = runs.map((run) => (run[k] as number) - (run[0] as number));
  console.log(`${name.padEnd(12)} ${summary(own)} %, gain ${summary(gains)} %`);
  if (k > 0 && meanOf(gains) < 0.5) reached = false;
});
console.log(`gains: target 0.5 points each ${reached ? 'reached' : 'missed'}`);
process.exitCode = reached ? 0 : 1;
