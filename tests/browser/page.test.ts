import { expect, inject, test } from 'vitest';
import { createEngine, defaultEngine, EngineError, runtimeInfo } from '../../src/index.ts';
import { expectQuietConsole, longestGap } from './support/page.ts';
import { network, reproducibleRun, rings } from './support/run.ts';

expectQuietConsole();

test('without isolation one worker runs, and says why not more', async () => {
  expect(crossOriginIsolated).toBe(false);
  const info = await runtimeInfo();
  expect(info).toMatchObject({ kind: 'worker', threads: 1, sharedMemory: false });
  expect(info.reasons.join()).toMatch(/one thread: .*COOP and COEP/);
  await expect(createEngine({ kind: 'team' })).rejects.toThrow(EngineError);
});

test('a network trains to its target while the page stays free', { retry: 5 }, async () => {
  using model = network(await defaultEngine());
  const { x, y } = rings(2000);
  const data = { data: x, shape: [2000, 2] };
  await model.fit(data, y, { epochs: 1 });
  const gap = await longestGap(() => model.fit(data, y, { epochs: 20 }));
  expect(gap).toBeLessThan(50);
  const logs = await model.evaluate(data, y);
  expect(logs['accuracy']).toBeGreaterThan(0.95);
});

test('predictions are the same one by one and together', async () => {
  using model = network(await defaultEngine());
  const { x } = rings(5);
  const together = await model.predict({ data: x, shape: [5, 2] });
  expect(together.shape).toEqual([5, 3]);
  for (let i = 0; i < 5; i++) {
    const alone = await model.predict([[x[i * 2] as number, x[i * 2 + 1] as number]]);
    expect(alone.data).toEqual(together.data.slice(i * 3, i * 3 + 3));
  }
});

test.each(['worker', 'inline'] as const)('%s: the same bits as in Node', async (kind) => {
  using engine = await createEngine({ kind, reproducible: true });
  expect(await reproducibleRun(engine)).toBe(inject('nodeHash'));
});
