/** Trains a multilayer perceptron on a folder of images in the format of MNIST: `node examples/mnist-mlp.ts [FOLDER]`. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  adam,
  dense,
  dropout,
  flatten,
  readIdx,
  runtimeInfo,
  schedules,
  sequential,
} from '../src/index.ts';
import { percent, skip, target } from './support/target.ts';

const folder = process.argv[2] ?? '../shared/data/mnist';
if (!existsSync(join(folder, 'train-images-idx3-ubyte.gz')))
  skip(`${folder} has no train-images-idx3-ubyte.gz …: give the folder of MNIST's four files`);
const read = async (file: string) =>
  readIdx(new Uint8Array(await readFile(join(folder, `${file}.gz`))), file);
const images = async (part: string) => ({
  ...(await read(`${part}-images-idx3-ubyte`)),
  scale: 1 / 255,
});
const labels = async (part: string) => (await read(`${part}-labels-idx1-ubyte`)).data;

const [epochs, batchSize, examples] = [15, 128, 60_000];
const net = sequential([
  flatten(),
  dense(512, { activation: 'relu' }),
  dropout(0.2),
  dense(512, { activation: 'relu' }),
  dropout(0.2),
  dense(10, { activation: 'softmax' }),
]);
net.compile({
  optimizer: adam({
    learningRate: schedules.cosineDecay({
      initialLearningRate: 1e-3,
      decaySteps: (epochs * examples) / batchSize,
    }),
  }),
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
});

const { seconds } = await net.fit(await images('train'), await labels('train'), {
  epochs,
  batchSize,
  callbacks: [
    (epoch, { loss, accuracy }) =>
      console.log(`epoch ${epoch + 1}: loss ${loss?.toFixed(4)}, accuracy ${percent(accuracy)}`),
  ],
});
const { accuracy } = await net.evaluate(await images('t10k'), await labels('t10k'), {
  batchSize: 500,
});
const { build, threads } = await runtimeInfo();
console.log(net.summary());
console.log(`${seconds.toFixed(1)} s (${build}, ${threads} threads)`);
const least = folder.includes('fashion') ? 0.885 : 0.982;
target('test accuracy', accuracy as number, { atLeast: least }, percent);
