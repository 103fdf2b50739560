import { expect, test } from 'vitest';
import { dense } from '../../src/nn/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import { type Model, sequential } from '../../src/train/model.ts';
import { hashOf } from '../support/data.ts';

function perceptron(depth: number, options = {}): Model {
  const hidden = Array.from({ length: depth }, () => dense(32, { activation: 'relu' }));
  const net = sequential([...hidden, dense(3, { activation: 'softmax' })], {
    inputShape: [64],
    ...options,
  });
  return net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
}

test.each([1, 2])(
  'profile on %i threads: each row and layer, weights as before',
  async (threads) => {
    using engine = await createEngine({ kind: 'team', threads });
    using net = perceptron(2, { engine });
    await net.build();
    const before = hashOf(await net.getWeights());
    const profile = await net.profile({ batchSize: 96, steps: 20 });
    expect(hashOf(await net.getWeights())).toBe(before);

    const rows = (await net.program(96)).split('\n').filter((line) => /^ *\d+ /.test(line));
    expect(profile.rows.map((r) => r.kernel)).toEqual(rows.map((r) => /\d+ +(\w+)\(/.exec(r)?.[1]));
    expect(new Set(profile.rows.map((r) => r.layer))).toEqual(
      new Set(['dense', 'dense_1', 'dense_2', '–']),
    );
    const sum = (pick: (r: (typeof profile.rows)[number]) => number) =>
      profile.rows.reduce((total, r) => total + pick(r), 0);
    expect(sum((r) => r.share)).toBeCloseTo(1, 9);
    expect(sum((r) => r.us)).toBeCloseTo(profile.us, 6);
    // Operations are counted once: 2·96·(64·32 forward and for the weights, and so on up).
    const products = 2 * 96 * (2 * 64 * 32 + 3 * 32 * 32 + 3 * 32 * 3);
    const counted = profile.rows
      .filter((r) => r.op === 'linear' || r.op.startsWith('matMul'))
      .reduce((total, r) => total + (r.gflops ?? 0) * r.us * 1e3, 0);
    expect(counted).toBeCloseTo(products, 3);
    expect(String(profile)).toMatch(/^layer +µs +share +GFLOP\/s +GB\/s$/m);
  },
);

test('memory by use; the engine counts all of it', async () => {
  using engine = await createEngine({ kind: 'inline' });
  using net = perceptron(1, { engine });
  await net.program(32);
  const { variables, training, workspace, programs, total, engine: whole } = net.memory();
  expect(variables).toBe(4 * (64 * 32 + 32 + 96 + 16));
  expect(training).toBe(3 * variables);
  expect(total).toBe(variables + training + workspace + programs);
  expect(whole.used).toBeGreaterThanOrEqual(total);
  expect(whole.size).toBeGreaterThanOrEqual(whole.peak);
});
