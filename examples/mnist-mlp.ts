/** Trains a multilayer perceptron on the images of a folder in the format of MNIST: `node examples/mnist-mlp.ts FOLDER`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { dense, dropout, readIdx, schedules, adam, sequential } from '../src/index.ts';

const folder = process.argv[2] ?? '../shared/data/mnist';
const load = async (file: string) => readIdx(new Uint8Array(await readFile(join(folder, `${file}.gz`))), file);
const images = async (part: string) => ({ ...(await load(`${part}-images-idx3-ubyte`)), scale: 1 / 255 });
const labels = async (part: string) => (await load(`${part}-labels-idx1-ubyte`)).data;

const epochs = 20;
const steps = epochs * Math.ceil(60000 / 128);
using net = sequential([
  (x) => ops.flattenRows(x),
  dense(512, { activation: 'relu' }), dropout(0.2),
  dense(512, { activation: 'relu' }), dropout(0.2),
  dense(10, { activation: 'softmax' }),
]);
