import { afterEach, describe, expect, test, vi } from 'vitest';
import { createEngine, dense, type Engine, type Model, sequential } from '../../src/index.ts';
import { coreOf } from '../../src/train/model.ts';
import { longestHold } from '../support/touched.ts';

vi.setConfig({ testTimeout: 120_000 });
/** Milliseconds that a page's thread may be held. */
const MOST = 50;
const N = 1024;
const EXAMPLES = 1500;

const engines: Engine[] = [];
afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

async function create(kind: Engine['info']['kind']): Promise<Engine> {
  const engine = await createEngine({ kind });
  engines.push(engine);
  return engine;
}

/** 5.2 MB of weights, 16 MB beside them in training. */
function network(engine: Engine): Model {
  const layers = [dense(N, { activation: 'relu' }), dense(256)];
  return sequential(layers, { inputShape: [N], engine }).compile({
    optimizer: 'adam',
    loss: 'mse',
  });
}

const numbers = (n: number, size: number) => Array.from({ length: n * size }, (_, i) => i % 7);
const real = { data: Float64Array.from(numbers(EXAMPLES, N)), shape: [EXAMPLES, N] };
const bytes = { data: Uint8Array.from(numbers(EXAMPLES, N)), shape: [EXAMPLES, N], scale: 0.1 };
const y = { data: Float32Array.from(numbers(EXAMPLES, 256)), shape: [EXAMPLES, 256] };
const whole = { batchSize: EXAMPLES };

describe.each(['team', 'worker'] as const)('%s', (kind) => {
  test('a page is never held while memory is copied, cleared or grows', async () => {
    const engine = await create(kind);
    const before = network(engine);
    await before.fit(real, y, whole);
    await before.dispose();
    const net = network(engine);
    const weights: Awaited<ReturnType<Model['getWeights']>> = [];
    const files: Record<string, Uint8Array>[] = [];
    const steps: [string, () => Promise<unknown>][] = [
      ['build in memory that was used', () => net.build()],
      ['first fit', () => net.fit(real, y, { ...whole, epochs: 2 })],
      ['fit on bytes', () => net.fit(bytes, y, whole)],
      [
        'stream',
        () =>
          net.fit(async function* () {
            yield { x: bytes, y };
          }, {}),
      ],
      ['evaluate', () => net.evaluate(real, y, whole)],
      ['predict', () => net.predict(real, whole)],
      ['predict bytes', () => net.predict(bytes, whole)],
      ['getWeights', async () => weights.push(...(await net.getWeights()))],
      ['setWeights', () => net.setWeights(weights)],
      ['setWeights from lists', () => net.setWeights(weights.map(({ data }) => [...data]))],
      ['toFiles', async () => files.push(await net.toFiles())],
      ['loadWeights', () => net.loadWeights(files[0]?.['weights.safetensors'] as Uint8Array)],
      ['return to a snapshot', () => coreOf(net).state.preserving(async () => {})],
    ];
    const held: [string, number][] = [];
    for (const [name, step] of steps) held.push([name, await longestHold(step)]);
    expect(held.filter(([, ms]) => ms >= MOST)).toEqual([]);
  });
});

test('a step that touches much memory for the first time is not for the calling thread', async () => {
  const engine = await create('team');
  const run = vi.spyOn(engine, 'run');
  const net = network(engine);
  await net.build();
  await net.predict(bytes, whole);
  await net.predict(bytes, whole);
  const [initial, first, second] = run.mock.calls.map(([{ us }]) => us);
  expect([initial, first]).toEqual([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  expect(second).toBeGreaterThan(0);
  expect(second).toBeLessThan(1e6);
});

describe('batches that are written in several pieces', () => {
  const x = { data: Float32Array.from(numbers(EXAMPLES, N), (v) => v / 7), shape: [EXAMPLES, N] };
  const targets = { data: y.data.map((v) => v / 7), shape: y.shape };

  test('predictions do not depend on the size of the batch', async () => {
    const net = network(await create('team'));
    const small = await net.predict(x, { batchSize: 16 });
    const large = await net.predict(x, whole);
    expect(large.data).toEqual(small.data);
    expect((await net.predict(bytes, whole)).data).toEqual(
      (await net.predict(bytes, { batchSize: 16 })).data,
    );
  });

  test('a stream trains as the arrays do', async () => {
    const weights = [];
    for (const stream of [false, true]) {
      const net = network(await create('team'));
      const options = { epochs: 2, shuffle: false, ...(stream ? {} : whole) };
      if (stream) await net.fit(() => [{ x, y: targets }], options);
      else await net.fit(x, targets, options);
      weights.push((await net.getWeights()).map(({ data }) => data));
    }
    expect(weights[1]).toEqual(weights[0]);
  });
});
