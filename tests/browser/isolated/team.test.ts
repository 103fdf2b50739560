import { expect, inject, test } from 'vitest';
import { createEngine, runtimeInfo } from '../../../src/index.ts';
import { expectQuietConsole, longestGap } from '../support/page.ts';
import { network, reproducibleRun, rings } from '../support/run.ts';

expectQuietConsole();

test('with isolation the default is a team over shared memory', async () => {
  expect(crossOriginIsolated).toBe(true);
  expect(await runtimeInfo()).toMatchObject({ kind: 'team', sharedMemory: true });
});

test('a network trains on two threads while the page stays free', { retry: 5 }, async () => {
  using engine = await createEngine({ kind: 'team', threads: 2 });
  using model = network(engine);
  const { x, y } = rings(2000);
  const data = { data: x, shape: [2000, 2] };
  await model.fit(data, y, { epochs: 1 });
  const gap = await longestGap(() => model.fit(data, y, { epochs: 20 }));
  expect(gap).toBeLessThan(50);
  expect((await model.evaluate(data, y))['accuracy']).toBeGreaterThan(0.95);
});

test.each([1, 2, 3])('%d threads: the same bits as in Node', async (threads) => {
  using engine = await createEngine({ kind: 'team', threads, reproducible: true });
  expect(await reproducibleRun(engine)).toBe(inject('nodeHash'));
});
