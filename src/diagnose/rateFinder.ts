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
  /** A tenth of `minimum`; NaN where the loss never falls. */
  readonly suggestion: number;
  /** The rate at which the loss was lowest, before it grows again. */
  readonly minimum: number;
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  readonly smoothed: readonly number[];
  /** The suggestion and what speaks for it, in words. */
  toString(): string;
}

/** From the minimum down to the suggestion: that training is unstable shows some steps late, when it has grown enough. */
const AWAY = 10;
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
      optimizer.learningRate = () => sweep.rate;
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

  /** The rate of the next step. */
  get rate(): number {
    return this.#rates[this.#losses.length] ?? (this.#rates.at(-1) as number);
  }

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
    const rates = this.#rates.slice(0, smoothed.length);
    const at = this.#lowest();
    const minimum = at > 0 ? (rates[at] as number) : Number.NaN;
    const found = { minimum, rates, losses: this.#losses, smoothed };
    const whole = smoothed.length === this.#rates.length && at > smoothed.length - 5;
    return {
      suggestion: minimum / AWAY,
      ...found,
      toString: () => inWords(found, at, whole),
    };
  }

  /** Step of the lowest loss; the smoothed one, which lags behind, tells where to look. */
  #lowest(): number {
    const lowest = (list: readonly number[]) => list.indexOf(Math.min(...list));
    const end = lowest(this.#smoothed);
    if (end === 0) return 0;
    const start = Math.max(0, end - Math.round(2 / (1 - this.#smoothing)));
    const middles = this.#losses.slice(start, end + 1).map((_, i) => this.#middle(start + i));
    return start + lowest(middles);
  }

  /** Median of the loss of a step and its neighbours. */
  #middle(i: number): number {
    const [a, b, c] = [i - 1, i, i + 1].map((k) => this.#losses[k] ?? (this.#losses[i] as number));
    return [a, b, c].sort((x, y) => (x as number) - (y as number))[1] as number;
  }
}

const digits = (x: number) => Number(x.toPrecision(3));

function inWords(
  { minimum, rates, losses }: Pick<RateSweep, 'minimum' | 'rates' | 'losses'>,
  at: number,
  whole: boolean,
): string {
  const [first, last] = [rates[0], rates.at(-1)].map((r) => digits(r as number));
  if (at === 0)
    return `no learning rate from ${first} to ${last} lowers the loss: try smaller ones`;
  const [start, low] = [losses[0], losses[at]].map((v) => digits(v as number));
  const end = whole
    ? `it was lowest at the end: try rates above ${last} too`
    : `from there on it grows: higher rates are unstable`;
  return `learning rate ${digits(minimum / AWAY)}: a tenth of ${digits(minimum)}, where the loss was lowest (${low}, from ${start}); ${end}`;
}
