import { afterAll, beforeAll, expect, test } from 'vitest';
import { resnet } from '../../../examples/support/models.ts';
import {
  conv2D,
  createEngine,
  dense,
  type Engine,
  flatten,
  type Model,
  maxPooling2D,
  sequential,
} from '../../../src/index.ts';
import { heapBytes, longTasks } from './page.ts';
import { network, rings } from './run.ts';

const relu = { activation: 'relu' };
const softmax = { activation: 'softmax' };
const settings = {
  optimizer: 'adam',
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
} as const;

const networks: [name: string, make: (engine: Engine) => Model, shape: number[]][] = [
  [
    'a perceptron 784-512-512-256-10',
    (engine) => {
      const layers = [512, 512, 256].map((units) => dense(units, relu));
      return sequential([...layers, dense(10, softmax)], { inputShape: [784], engine });
    },
    [784],
  ],
  [
    'a convolutional network',
    (engine) => {
      const first = [conv2D(32, 3, relu), maxPooling2D()];
      const second = [conv2D(64, 3, relu), maxPooling2D(), flatten()];
      const layers = [...first, ...second, dense(128, relu), dense(10, softmax)];
      return sequential(layers, { inputShape: [28, 28, 1], engine });
    },
    [28, 28, 1],
  ],
  [
    'a residual network of 14 layers',
    (engine) => resnet({ blocks: 2, width: 8, engine }),
    [32, 32, 3],
  ],
];

/** `n` images of the shape and their classes. */
function images(n: number, shape: readonly number[]) {
  const size = shape.reduce((a, b) => a * b, n);
  const data = new Uint8Array(size).map((_, i) => (i * 7919) % 251);
  const x = { data, shape: [n, ...shape], scale: 1 / 255 };
  return { x, y: new Uint8Array(n).map((_, i) => i % 10) };
}

/** Tests that the page's thread is never held for 50 ms, and that its memory does not grow, on an engine of the kind. */
export function testFree(kind: 'team' | 'worker'): void {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ kind });
  });
  afterAll(() => engine.dispose());

  // Other processes may stop a task at any moment: the best of some runs counts.
  const patient = { retry: 5 };

  test.each(networks)('no long task: %s', patient, async (_, make, shape) => {
    using net = make(engine).compile(settings);
    const { x, y } = images(64, shape);
    const steps: [string, () => Promise<unknown>][] = [
      ['first fit', () => net.fit(x, y, { validationData: [x, y] })],
      ['fit', () => net.fit(x, y)],
      ['evaluate', () => net.evaluate(x, y)],
      ['predict', () => net.predict(x)],
      ['weights', () => net.getWeights()],
      ['files', () => net.toFiles()],
    ];
    for (const [name, step] of steps) expect(await longTasks(step), name).toEqual([]);
  });

  test('no long task: 60,000 images, copied and shuffled', patient, async () => {
    const layers = [flatten(), dense(10, softmax)];
    using net = sequential(layers, { inputShape: [28, 28], engine }).compile(settings);
    const { x, y } = images(60_000, [28, 28]);
    expect(await longTasks(() => net.fit(x, y, { batchSize: 1000 }))).toEqual([]);
    const real = { data: Float64Array.from(x.data.subarray(0, 784e4)), shape: [10_000, 28, 28] };
    const labels = y.subarray(0, 10_000);
    expect(await longTasks(() => net.evaluate(real, labels, { batchSize: 1000 }))).toEqual([]);
  });

  test('memory stays as it is', () => testMemory(engine, 5));
}

/** Trains `rounds` times 500 steps. */
export async function testMemory(engine: Engine, rounds: number): Promise<void> {
  using net = network(engine);
  const { x, y } = rings(2000);
  const data = { data: x, shape: [2000, 2] };
  const train = () => net.fit(data, y, { epochs: 8, validationData: [data, y] });
  await train();
  await train();
  const [held, heap] = [engine.memory(), heapBytes()];
  for (let i = 0; i < rounds; i++) await train();
  expect(engine.memory()).toEqual(held);
  expect(heapBytes() - heap).toBeLessThan(1e6);
  expect((await net.evaluate(data, y))['accuracy']).toBeGreaterThan(0.95);
}
