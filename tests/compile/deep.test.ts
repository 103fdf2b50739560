import { expect, test } from 'vitest';
import { dense } from '../../src/nn/index.ts';
import { sequential } from '../../src/train/model.ts';

test('a network of 10,000 layers trains, at a cost for each layer like that of 300', {
  retry: 3,
}, async () => {
  const perLayer = async (depth: number) => {
    const layers = Array.from({ length: depth }, () => dense(4, { kernelInitializer: 'identity' }));
    using net = sequential(layers, { inputShape: [4], build: 'simd', threads: 1 });
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const x = { data: new Float32Array(16).fill(0.5), shape: [4, 4] };
    const started = performance.now();
    const { history } = await net.fit(x, x, { epochs: 1, batchSize: 4 });
    const ms = performance.now() - started;
    expect(history['loss']).toEqual([0]);
    return ms / depth;
  };
  await perLayer(300);
  const few = Math.max(await perLayer(300), await perLayer(300));
  expect(await perLayer(10_000)).toBeLessThan(6 * few);
});
