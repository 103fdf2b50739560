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

const SEEDS = 10;
const EPOCHS = 60;

const augment = () =>
  augmentation({
    rotation: 0.03,
    translation: 0.07,
    zoom: 0.1,
    elastic: { alpha: 20 },
    fillMode: 'constant',
  });
const hidden = (rate = 0): SequentialLayer[] => [
  dense(256, { activation: 'relu' }),
  dropout(rate),
  dense(256, { activation: 'relu' }),
  dropout(rate),
];
const networks: Record<string, () => SequentialLayer[]> = {
  plain: () => [flatten(), ...hidden()],
  dropout: () => [dropout(0.1), flatten(), ...hidden(0.5)],
  augmentation: () => [augment(), flatten(), ...hidden()],
};

async function accuracy(layers: SequentialLayer[], seed: number): Promise<number> {
  const train = datasets.digits(1000, { seed: 1000 + seed });
  const dev = datasets.digits(2000, { seed: 2000 + seed });
  using net = sequential([...layers, dense(10, { activation: 'softmax' })], {
    seed,
    inputShape: [28, 28],
  });
  net.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  await net.fit(train.x, train.y, { epochs: EPOCHS, batchSize: 50 });
  return (await net.evaluate(dev.x, dev.y, { batchSize: 500 }))['accuracy'] as number;
}

const mean = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;
const error = (x: readonly number[]) =>
  Math.sqrt(mean(x.map((v) => (v - mean(x)) ** 2)) / (x.length - 1));
const percent = (x: number) => `${(100 * x).toFixed(2)} %`;

const [sheet] = process.argv.slice(2);
if (sheet) await writeFile(sheet, await augmentationSheet(augment(), datasets.digits(8).x));

const base: number[] = [];
for (const [name, layers] of Object.entries(networks)) {
  const started = performance.now();
  const found: number[] = [];
  for (let seed = 0; seed < SEEDS; seed++) found.push(await accuracy(layers(), seed));
  if (base.length === 0) base.push(...found);
  const gain = found.map((v, i) => v - (base[i] as number));
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `${name.padEnd(12)} ${percent(mean(found))} ± ${percent(error(found))}, gain ${percent(mean(gain))} ± ${percent(error(gain))}, ${seconds.toFixed(1)} s`,
  );
}
