import { expect, test } from 'vitest';
import {
  type Callback,
  createEngine,
  type Engine,
  EngineError,
  runtimeInfo,
} from '../../src/index.ts';
import type { WorkerFactory, WorkerLike } from '../../src/runtime/thread.ts';
import { network, rings } from '../browser/support/run.ts';

const EXAMPLES = 10_000;
const { x: points, y } = rings(EXAMPLES);
const x = { data: points, shape: [EXAMPLES, 2] };

/** Keeps the workers that `start` makes, for them to be killed. */
function kept(start: WorkerFactory): { workers: WorkerLike[]; workerFactory: WorkerFactory } {
  const workers: WorkerLike[] = [];
  const workerFactory: WorkerFactory = (name) => {
    const worker = start(name);
    workers.push(worker);
    return worker;
  };
  return { workers, workerFactory };
}

/** Weights behind epochs in a row. */
async function straightRun(kind: Engine['info']['kind'], epochs: number, batchSize: number) {
  using engine = await createEngine({ kind });
  using net = network(engine);
  await net.fit(x, y, { epochs, batchSize });
  return await net.getWeights();
}

/**
 * Tests of workers that are terminated without a word, in Node and in pages. `delay`: milliseconds that it takes, which is 2000
 * for a thread of Chromium that waits for work.
 */
export function testDeaths(kind: 'team' | 'worker', start: WorkerFactory, delay = 100): void {
  test('in training: the model returns to the start of the epoch, and goes on as if nothing had been', async () => {
    const { workers, workerFactory } = kept(start);
    using engine = await createEngine({ kind, workerFactory });
    using net = network(engine);
    let atStart: unknown;
    let killer: ReturnType<typeof setInterval> | undefined;
    const kill: Callback = {
      onEpochEnd: async (epoch) => {
        if (epoch < 1) return;
        atStart = await net.getWeights();
        // One that dies between two calls is replaced without a word: kill until one dies in a call.
        killer ??= setInterval(() => void workers.at(-1)?.terminate(), 5);
      },
    };
    const failed = net.fit(x, y, { epochs: 10_000, batchSize: 16, callbacks: [kill] });
    const error = await failed.catch((e: Error) => e).finally(() => clearInterval(killer));
    expect(error).toBeInstanceOf(EngineError);
    expect(String(error)).toMatch(/(the worker|thread \d of \d) died: |were lost/);
    expect(String(error)).toContain(`is as it was at the start of epoch ${net.epochs + 1}`);
    expect(await net.getWeights()).toEqual(atStart);
    const { epochs } = net;
    await net.fit(x, y, { epochs: 2, batchSize: 16 });
    expect((await runtimeInfo(engine)).restarts).toBeGreaterThan(0);
    expect(await net.getWeights()).toEqual(await straightRun(kind, epochs + 2, 16));
  });

  test('between epochs: a team goes on, a worker takes the weights with it', async () => {
    const { workers, workerFactory } = kept(start);
    using engine = await createEngine({ kind, workerFactory });
    using net = network(engine);
    using other = network(engine);
    await other.build();
    const callbacks = [
      async (epoch: number) => {
        if (epoch !== 1) return;
        await workers.at(-1)?.terminate();
        await new Promise((resolve) => setTimeout(resolve, delay));
      },
    ];
    const trained = net.fit(x, y, { epochs: 4, batchSize: 100, callbacks });
    if (kind === 'team') await trained;
    else {
      await expect(trained).rejects.toThrow(/were lost .* is as it was at the start of epoch 2/);
      await expect(other.predict(x)).rejects.toThrow('call setWeights or loadWeights');
      await expect(other.getWeights()).rejects.toThrow(EngineError);
      await net.fit(x, y, { epochs: 3, batchSize: 100 });
    }
    expect(engine.info.restarts).toBe(1);
    expect(await net.getWeights()).toEqual(await straightRun(kind, 4, 100));
    await other.setWeights(await net.getWeights());
    expect(await other.predict(x)).toEqual(await net.predict(x));
  });
}
