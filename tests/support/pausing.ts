import { expect, test } from 'vitest';
import {
  createEngine,
  DisposedError,
  type Engine,
  type FitOptions,
  type Model,
} from '../../src/index.ts';
import { network, rings } from '../browser/support/run.ts';

const EXAMPLES = 600;
const { x: points, y } = rings(EXAMPLES);
const x = { data: points, shape: [EXAMPLES, 2] };

const fit = (net: Model, options: FitOptions = {}) => net.fit(x, y, { epochs: 6, ...options });

/** Calls `act` behind the first chunk of the third epoch. */
function inThirdEpoch(net: Model, act: () => unknown) {
  let done = false;
  return {
    onChunkEnd: () => {
      if (done || net.epochs < 3) return;
      done = true;
      return act();
    },
  };
}

/** Tests of pauses and of predictions while a model trains, on an engine of the kind, in Node and in pages. */
export function testPausing(kind: Engine['info']['kind']): void {
  const withModel = async (job: (net: Model) => Promise<void>) => {
    using engine = await createEngine({ kind });
    using net = network(engine);
    await job(net);
  };

  test('a pause does not change the bits', () =>
    withModel(async (net) => {
      using engine = await createEngine({ kind });
      using straight = network(engine);
      const expected = await fit(straight);
      let seen: unknown;
      const act = async () => {
        void net.pause().then(async () => {
          expect(net.paused).toBe(true);
          const before = await net.getWeights();
          seen = await net.predict(x);
          await new Promise((resolve) => setTimeout(resolve, 30));
          expect(await net.getWeights()).toEqual(before);
          net.resume();
        });
      };
      const { batchLoss, seconds } = await fit(net, { callbacks: [inThirdEpoch(net, act)] });
      expect(seen).toBeDefined();
      expect(net.paused).toBe(false);
      expect(batchLoss).toEqual(expected.batchLoss);
      expect(seconds).toBeGreaterThan(0);
      expect(await net.getWeights()).toEqual(await straight.getWeights());
    }));

  const ways: [string, (net: Model, abort: AbortController) => void][] = [
    ['its signal', (_, abort) => abort.abort()],
    ['stopTraining', (net) => Object.assign(net, { stopTraining: true })],
  ];
  test.each(ways)('a pause is ended by %s', (_, end) =>
    withModel(async (net) => {
      const abort = new AbortController();
      const act = () => void net.pause().then(() => end(net, abort));
      const callbacks = [inThirdEpoch(net, act)];
      const { epoch } = await fit(net, { callbacks, signal: abort.signal });
      expect(epoch).toEqual([0, 1, 2]);
      expect(net.paused).toBe(false);
    }),
  );

  test('disposing of a paused model ends fit', () =>
    withModel(async (net) => {
      const act = () => void net.pause().then(() => net.dispose());
      await expect(fit(net, { callbacks: [inThirdEpoch(net, act)] })).rejects.toThrow(
        DisposedError,
      );
    }));

  test('where nothing trains a pause is over at once, and later training does not wait', () =>
    withModel(async (net) => {
      await net.pause();
      expect(net.paused).toBe(false);
      const late = fit(net);
      const pause = net.pause();
      net.resume();
      await pause;
      expect((await late).epoch.length).toBe(6);
      const asked: Promise<void>[] = [];
      const atEnd = { onTrainEnd: () => void asked.push(net.pause()) };
      await fit(net, { epochs: 1, callbacks: [atEnd] });
      await Promise.all(asked);
      expect(net.paused).toBe(false);
    }));

  test('of predictions that wait only the latest is computed, also while the model trains', () =>
    withModel(async (net) => {
      const training = fit(net);
      const asked = [1, 2, 3, 4, 5].map((n) =>
        net.predictLatest({ data: points.subarray(0, 2 * n), shape: [n, 2] }),
      );
      const shapes = (await Promise.all(asked)).map((found) => found?.shape[0]);
      expect(shapes).toEqual([undefined, undefined, undefined, undefined, 5]);
      await training;
      const first = net.predictLatest(x);
      await new Promise((resolve) => setTimeout(resolve));
      const later = [net.predictLatest(x), net.predictLatest(x)];
      expect((await first)?.data).toEqual((await net.predict(x)).data);
      expect((await Promise.all(later)).map((found) => found !== undefined)).toEqual([false, true]);
      await expect(net.predictLatest([[1, 2, 3]])).rejects.toThrow(/\[3\]/);
      expect(await net.predictLatest(x)).toBeDefined();
    }));

  test('a prediction that is aborted is dropped', () =>
    withModel(async (net) => {
      const abort = new AbortController();
      const options = { batchSize: 1, signal: abort.signal };
      const dropped = net.predict(x, options);
      const kept = net.predict(x);
      setTimeout(() => abort.abort(new Error('out of date')));
      await expect(dropped).rejects.toThrow('out of date');
      expect((await kept).shape).toEqual([EXAMPLES, 3]);
      await expect(net.predictLatest(x, options)).rejects.toThrow('out of date');
    }));
}
