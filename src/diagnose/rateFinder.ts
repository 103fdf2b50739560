import { checkNumber } from '../nn/named.ts';
import { exp, log } from '../optim/math.ts';
import { checkOptions, StateError } from '../runtime/errors.ts';
import type { Callback } from '../train/callbacks.ts';
import { coreOf, type Model } from '../train/model.ts';
import type { Inputs } from '../train/networkCore.ts';
import { checkWhole } from '../train/options.ts';

export interface RateFinderOptions {
  /** First and last learning rate, default 1e-6 and 10. */
  readonly from?: number;
  readonly to?: number;
  /** Default 100. */
  readonly steps?: number;
  readonly batchSize?: number;
  /** Share of the old mean in the smoothed loss, default 0.9. */
  readonly smoothing?: number;
}

const RATE_OPTIONS = [
  'from',
  'to',
  'steps',
  'batchSize',
  'smoothing',
] satisfies (keyof RateFinderOptions)[];

export interface RateSweep {
  /** Where the smoothed loss falls most steeply over the logarithm of the rate; NaN where it never falls. */
  readonly suggestion: number;
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  readonly smoothed: readonly number[];
}

/** Growth over the best smoothed loss at which the sweep ends. */
const DIVERGED = 4;

export async function learningRateFinder(
  model: Model,
  { x, y }: { readonly x: Inputs; readonly y: Inputs },
  options: RateFinderOptions = {},
): Promise<RateSweep> {
  checkOptions('learningRateFinder', options, RATE_OPTIONS);
  const { from = 1e-6, to = 10, steps = 100, batchSize = 32, smoothing = 0.9 } = options;
  checkNumber('learningRateFinder: from', from, { above: 0 });
  checkNumber('learningRateFinder: to', to, { above: from });
  checkNumber('learningRateFinder: smoothing', smoothing, { from: 0, below: 1 });
  checkWhole('learningRateFinder: steps', steps, 5);
  const core = coreOf(model);
  const { optimizer } = core.requireCompiled;
  await model.fit(x, y, { epochs: 0, batchSize });
  const { iterations, epochs, state } = core;
  const kept = optimizer.learningRate;
  const growth = log(to / from) / (steps - 1);
  const rates = Array.from({ length: steps }, (_, i) => from * exp(growth * i));
  const sweep = new Sweep(rates, smoothing);
  const callback: Callback = {
    onBatchEnd(_batch, logs, m) {
      if (sweep.add(logs['loss'] as number)) m.stopTraining = true;
    },
  };
  try {
    await state.preserving(async () => {
      optimizer.learningRate = (step: number) => rates[step - iterations] ?? to;
      while (!sweep.done) await model.fit(x, y, { batchSize, callbacks: [callback] });
    });
  } finally {
    optimizer.learningRate = kept;
    Object.assign(core, { iterations, epochs });
  }
  return sweep.result();
}

/** The losses of the sweep so far. */
class Sweep {
  readonly #rates: readonly number[];
  readonly #smoothing: number;
  readonly #losses: number[] = [];
  readonly #smoothed: number[] = [];
  #mean = 0;
  #weight = 0;
  done = false;

  constructor(rates: readonly number[], smoothing: number) {
    this.#rates = rates;
    this.#smoothing = smoothing;
  }

  /** Takes the next loss; whether the sweep is over. */
  add(loss: number): boolean {
    if (!Number.isFinite(loss)) this.done = true;
    if (this.done) return true;
    this.#mean = this.#smoothing * this.#mean + (1 - this.#smoothing) * loss;
    this.#weight = this.#smoothing * this.#weight + (1 - this.#smoothing);
    const smooth = this.#mean / this.#weight;
    this.#losses.push(loss);
    this.#smoothed.push(smooth);
    const best = Math.min(...this.#smoothed);
    const diverged = best > 0 && smooth > DIVERGED * best;
    this.done = diverged || this.#losses.length === this.#rates.length;
    return this.done;
  }

  result(): RateSweep {
    const smoothed = this.#smoothed;
    if (smoothed.length < 2)
      throw new StateError('learningRateFinder: the loss is not finite from the start');
    let [steepest, at] = [0, -1];
    for (let i = 1; i + 1 < smoothed.length; i++) {
      const slope = (smoothed[i + 1] as number) - (smoothed[i - 1] as number);
      if (slope < steepest) [steepest, at] = [slope, i];
    }
    const rates = this.#rates.slice(0, smoothed.length);
    return { suggestion: rates[at] ?? Number.NaN, rates, losses: this.#losses, smoothed };
  }
}
