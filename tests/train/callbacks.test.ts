import { expect, test } from 'vitest';
import { sgd } from '../../src/optim/index.ts';
import {
  type Callback,
  type EarlyStoppingOptions,
  earlyStopping,
  type ReduceOnPlateauOptions,
  reduceLearningRateOnPlateau,
} from '../../src/train/callbacks.ts';
import type { Model } from '../../src/train/model.ts';

/** A model whose weights are the number of the epoch. */
function fakeModel() {
  const state = { epoch: 0, restored: undefined as unknown };
  const model = {
    stopTraining: false,
    optimizer: sgd({ learningRate: 1 }),
    directionOf: (name: string) => (name.endsWith('loss') ? 'min' : undefined),
    getWeights: async () => state.epoch,
    setWeights: async (weights: unknown) => {
      state.restored = weights;
    },
  };
  return { state, model: model as unknown as Model };
}

/** Epochs that ran, the weights that came back, the learning rate behind each epoch. */
async function follow(callback: Callback, losses: readonly number[], name = 'val_loss') {
  const { state, model } = fakeModel();
  const rates: number[] = [];
  await callback.onTrainBegin?.(model);
  for (const [epoch, loss] of losses.entries()) {
    if (model.stopTraining) break;
    state.epoch = epoch;
    await callback.onEpochEnd?.(epoch, { [name]: loss }, model);
    rates.push(model.optimizer.learningRate as number);
  }
  await callback.onTrainEnd?.({}, model);
  return { epochs: rates.length, restored: state.restored, rates };
}

const best = { restoreBestWeights: true };
/** Options, losses, epochs that run, epoch whose weights come back: those of Keras. */
const STOPS: [EarlyStoppingOptions, number[], number, unknown?][] = [
  [{}, [3, 2, 1, 1, 0], 4],
  [{ patience: 1 }, [3, 2, 1, 1, 0], 4],
  [{ patience: 2 }, [3, 4, 2, 3, 3, 1], 5],
  [{ patience: 3 }, [3, 4, 2, 3, 3, 1], 6],
  [{ patience: 1, ...best }, [3, 2, 1, 4, 0], 4, 2],
  [{ patience: 9, ...best }, [3, 2, 1, 4, 5], 5, 2],
  [{ patience: 1, minDelta: 0.5 }, [3, 2.6, 2], 2],
  [{ patience: 2, minDelta: 0.5 }, [3, 2.6, 2.4, 2.3, 2.2], 5],
  [{ patience: 2, baseline: 2 }, [4, 3, 2.5, 2.5, 1], 4],
  [{ patience: 2, baseline: 2 }, [4, 1, 1.5, 1.4, 1.3], 4],
  [{ patience: 1, startFromEpoch: 2, ...best }, [0, 1, 5, 4, 5], 5, 3],
  [{ patience: 2, ...best }, [Number.NaN, Number.NaN, Number.NaN], 2, 0],
  [{ patience: 1, mode: 'max', ...best }, [1, 2, 1], 3, 1],
];

test.each(STOPS)('early stopping %o of %o', async (options, losses, epochs, restored) => {
  const callback = earlyStopping(options);
  for (let again = 0; again < 2; again++) {
    const found = await follow(callback, losses);
    expect(found.epochs).toBe(epochs);
    expect(found.restored).toBe(restored);
  }
});

const FLAT = [1, 1, 1, 1, 1, 1, 1];
/** The learning rate behind each epoch: those of Keras. */
const PLATEAUS: [ReduceOnPlateauOptions, number[], number[]][] = [
  [{ patience: 2, factor: 0.5 }, FLAT, [1, 1, 0.5, 0.5, 0.25, 0.25, 0.125]],
  [{ patience: 1, factor: 0.5, cooldown: 2 }, FLAT, [1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]],
  [{ patience: 1, factor: 0.5, minLearningRate: 0.3 }, FLAT.slice(3), [1, 0.5, 0.3, 0.3]],
  [{ patience: 1, factor: 0.5, minLearningRate: 2 }, FLAT.slice(4), [1, 1, 1]],
  [{ patience: 1, factor: 0.5, minDelta: 0.2 }, [1, 0.9, 0.7, 0.6], [1, 0.5, 0.5, 0.25]],
  [{ patience: 1, factor: 0.5 }, [5, 4, 3, 3, 2], [1, 1, 1, 0.5, 0.5]],
];

test.each(PLATEAUS)('plateau %o of %o', async (options, losses, rates) => {
  const callback = reduceLearningRateOnPlateau(options);
  for (let again = 0; again < 2; again++)
    expect((await follow(callback, losses)).rates).toEqual(rates);
});

test.each([
  [() => earlyStopping({ patience: -1 }), 'earlyStopping: patience is -1'],
  [() => earlyStopping({ startFromEpoch: 0.5 }), 'earlyStopping: startFromEpoch is 0.5'],
  [() => reduceLearningRateOnPlateau({ factor: 1 }), 'factor is 1, expected a number ≥ 0 and < 1'],
  [() => reduceLearningRateOnPlateau({ cooldown: -1 }), 'cooldown is -1'],
])('wrong options are errors in words, %#', (make, words) => expect(make).toThrow(words));

test('a monitor that is not there is an error in words', async () => {
  await expect(follow(earlyStopping(), [1], 'loss')).rejects.toThrow(
    '"val_loss" is not among loss',
  );
});
