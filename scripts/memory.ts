/** Bytes that a training step needs, beside those of PyTorch's tensors where python3 has it: node scripts/memory.ts */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { resnet } from '../examples/support/models.ts';
import {
  conv2D,
  createEngine,
  dense,
  flatten,
  type Model,
  type ModelOptions,
  maxPooling2D,
  sequential,
} from '../src/index.ts';
import { table } from '../src/report/terminal.ts';

const relu = { activation: 'relu' } as const;
const head = () => dense(10, { activation: 'softmax' });

type Make = (options: ModelOptions) => Model;

/** Batch, shape of an example and network; scripts/memory.py has the same ones. */
const CASES: Readonly<Record<string, [batch: number, shape: number[], make: Make]>> = {
  mlp_l: [
    128,
    [784],
    (options) =>
      sequential([dense(512, relu), dense(512, relu), head()], { inputShape: [784], ...options }),
  ],
  cnn: [
    64,
    [28, 28, 1],
    (options) => {
      const block = (n: number) => [conv2D(n, 3, { padding: 'same', ...relu }), maxPooling2D()];
      const layers = [...block(16), ...block(32), flatten(), dense(128, relu), head()];
      return sequential(layers, { inputShape: [28, 28, 1], ...options });
    },
  ],
  resnet: [64, [32, 32, 3], (options) => resnet(options)],
};

interface Peer {
  readonly version: string;
  readonly bytes: Readonly<Record<string, number>>;
}

function pytorch(): Peer | undefined {
  const script = fileURLToPath(new URL('memory.py', import.meta.url));
  for (const python of ['/usr/bin/python3', 'python3']) {
    const { status, stdout } = spawnSync(python, [script], { encoding: 'utf8' });
    if (status === 0) return JSON.parse(stdout);
  }
  return undefined;
}

const MB = (bytes: number | undefined) => (bytes === undefined ? '–' : (bytes / 1e6).toFixed(2));

using engine = await createEngine();
const peer = pytorch();
const rows: string[][] = [];
for (const [name, [batch, shape, make]] of Object.entries(CASES)) {
  using net = make({ engine });
  net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const size = shape.reduce((a, b) => a * b, batch);
  const x = { data: new Float32Array(size), shape: [batch, ...shape] };
  await net.fit(x, new Int32Array(batch), { batchSize: batch });
  const { variables, training, workspace, programs, total } = net.memory();
  const parts = [variables, training, workspace, programs, total];
  const theirs = peer?.bytes[name];
  const ratio = theirs === undefined ? '–' : (total / theirs).toFixed(2);
  rows.push([`${name}, batch ${batch}`, ...parts.map(MB), MB(theirs), ratio]);
}
const columns = ['weights', 'gradients, slots', 'arena, tables', 'programs', 'all'];
process.stdout.write(
  `${table(['MB', ...columns, `PyTorch ${peer?.version ?? '(absent)'}`, 'ratio'], rows)}\n`,
);
