import {
  type Configured,
  checkCount,
  checkNumber,
  find,
  type Named,
  named,
  withDefaults,
} from '../nn/named.ts';
import { OptionError } from '../runtime/errors.ts';
import { cos, pow } from './math.ts';

/** The learning rate of a step; step and epoch count from 0. */
export type Schedule = ((step: number, epoch: number) => number) & Configured;

/** Stands for an option that has no default: the check of its range names it. */
const REQUIRED = undefined as unknown as number;

interface Decay {
  readonly initialLearningRate: number;
  /** Steps, or epochs, over which the rate falls by one `decayRate`. */
  readonly decaySteps: number;
  readonly decayRate: number;
  /** Falls at the end of each `decaySteps` instead of a little with each step, default false. */
  readonly staircase?: boolean;
  /** What is counted, default step. */
  readonly per?: Per;
}

function decayOptions(name: string, options: Decay): Required<Decay> {
  const set = withDefaults<Required<Decay>>(name, options, {
    initialLearningRate: REQUIRED,
    decaySteps: REQUIRED,
    decayRate: REQUIRED,
    staircase: false,
    per: 'step',
  });
  counter(name, set.per);
  checkNumber(`${name}: initialLearningRate`, set.initialLearningRate, { from: 0 });
  checkNumber(`${name}: decaySteps`, set.decaySteps, { above: 0 });
  checkNumber(`${name}: decayRate`, set.decayRate, { from: 0 });
  return set;
}

function progress(step: number, epoch: number, options: Required<Decay>): number {
  const { decaySteps, staircase, per } = options;
  const done = (per === 'step' ? step : epoch) / decaySteps;
  return staircase ? Math.floor(done) : done;
}

/** The same rate in each step. */
export function constant(options: number | { learningRate: number }): Schedule {
  const given = typeof options === 'number' ? { learningRate: options } : options;
  const set = withDefaults('constant', given, { learningRate: REQUIRED });
  checkNumber('constant: learningRate', set.learningRate, { from: 0 });
  return named('constant', set, () => set.learningRate);
}

/** initial·decayRate^(step/decaySteps) */
export function exponentialDecay(options: Decay): Schedule {
  const set = decayOptions('exponentialDecay', options);
  return named(
    'exponentialDecay',
    set,
    (step: number, epoch: number) =>
      set.initialLearningRate * pow(set.decayRate, progress(step, epoch, set)),
  );
}

/** initial/(1 + decayRate·step/decaySteps) */
export function inverseTimeDecay(options: Decay): Schedule {
  const set = decayOptions('inverseTimeDecay', options);
  return named(
    'inverseTimeDecay',
    set,
    (step: number, epoch: number) =>
      set.initialLearningRate / (1 + set.decayRate * progress(step, epoch, set)),
  );
}

export interface PolynomialDecayOptions {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  /** Default 0.0001. */
  readonly endLearningRate?: number;
  /** Default 1: a straight line. */
  readonly power?: number;
  /** Starts again from the present height each `decaySteps`, default false: stays at the end. */
  readonly cycle?: boolean;
}

/** (initial − end)·(1 − step/decaySteps)^power + end */
export function polynomialDecay(options: PolynomialDecayOptions): Schedule {
  const name = 'polynomialDecay';
  const set = withDefaults(name, options, {
    initialLearningRate: REQUIRED,
    decaySteps: REQUIRED,
    endLearningRate: 0.0001,
    power: 1,
    cycle: false,
  });
  const { initialLearningRate: initial, decaySteps, endLearningRate: end, power, cycle } = set;
  checkNumber(`${name}: initialLearningRate`, initial, { from: 0 });
  checkNumber(`${name}: decaySteps`, decaySteps, { above: 0 });
  checkNumber(`${name}: endLearningRate`, end, { from: 0 });
  checkNumber(`${name}: power`, power, { above: 0 });
  return named(name, set, (step: number) => {
    const length = cycle ? decaySteps * Math.max(1, Math.ceil(step / decaySteps)) : decaySteps;
    return (initial - end) * pow(1 - Math.min(step, length) / length, power) + end;
  });
}

export interface PiecewiseOptions {
  /** Last step of each value but the last. */
  readonly boundaries: readonly number[];
  /** One more than boundaries. */
  readonly values: readonly number[];
}

/** values[i] up to and including step boundaries[i], the last value after that. */
export function piecewiseConstantDecay(options: PiecewiseOptions): Schedule {
  const name = 'piecewiseConstantDecay';
  const set = withDefaults<PiecewiseOptions>(name, options, { boundaries: [], values: [] });
  const { boundaries, values } = set;
  if (values.length !== boundaries.length + 1) {
    throw new OptionError(
      `${name}: ${values.length} values, expected ${boundaries.length + 1}: one more than boundaries`,
    );
  }
  values.forEach((v, i) => {
    checkNumber(`${name}: values[${i}]`, v, { from: 0 });
  });
  boundaries.forEach((b, i) => {
    checkNumber(`${name}: boundaries[${i}]`, b, i ? { above: boundaries[i - 1] as number } : {});
  });
  return named(name, set, (step: number) => {
    const i = boundaries.findIndex((b) => step <= b);
    return values.at(i) as number;
  });
}

/** (1 + cos π·x)/2: from 1 to 0 for x from 0 to 1. */
function cosine(x: number): number {
  return (1 + cos(Math.PI * x)) / 2;
}

export interface CosineDecayOptions {
  readonly initialLearningRate: number;
  /** Steps from the highest rate to the lowest. */
  readonly decaySteps: number;
  /** The lowest rate as a share of the highest, default 0. */
  readonly alpha?: number;
  /** Rate at the end of the warm-up; default: no warm-up. */
  readonly warmupTarget?: number;
  /** Steps from the initial rate to the target, before the decay. Default 0. */
  readonly warmupSteps?: number;
}

/** A straight line up to the warm-up's target, then half a cosine down (Loshchilov and Hutter 2016, arXiv:1608.03983). */
export function cosineDecay(options: CosineDecayOptions): Schedule {
  const name = 'cosineDecay';
  const set = withDefaults(name, options, {
    initialLearningRate: REQUIRED,
    decaySteps: REQUIRED,
    alpha: 0,
    warmupTarget: undefined as number | undefined,
    warmupSteps: 0,
  });
  const { initialLearningRate: initial, decaySteps, alpha, warmupTarget, warmupSteps } = set;
  checkNumber(`${name}: initialLearningRate`, initial, { from: 0 });
  checkNumber(`${name}: decaySteps`, decaySteps, { above: 0 });
  checkNumber(`${name}: alpha`, alpha, { from: 0, to: 1 });
  checkNumber(`${name}: warmupTarget`, warmupTarget ?? initial, { from: 0 });
  checkCount(`${name}: warmupSteps`, warmupSteps, 0);
  const top = warmupTarget ?? initial;
  const before = warmupTarget === undefined ? 0 : warmupSteps;
  return named(name, set, (step: number) => {
    if (step < before) return initial + (top - initial) * (step / before);
    const done = Math.min(step - before, decaySteps) / decaySteps;
    return top * ((1 - alpha) * cosine(done) + alpha);
  });
}

export interface CosineRestartsOptions {
  readonly initialLearningRate: number;
  /** Length of the first period. */
  readonly firstDecaySteps: number;
  /** Each period is so many times longer, default 2. */
  readonly tMul?: number;
  /** Each period begins so many times higher, default 1. */
  readonly mMul?: number;
  /** The lowest rate as a share of the initial one, default 0. */
  readonly alpha?: number;
}

/** Cosine decay that begins again (Loshchilov and Hutter 2016, arXiv:1608.03983). */
export function cosineDecayRestarts(options: CosineRestartsOptions): Schedule {
  const name = 'cosineDecayRestarts';
  const set = withDefaults(name, options, {
    initialLearningRate: REQUIRED,
    firstDecaySteps: REQUIRED,
    tMul: 2,
    mMul: 1,
    alpha: 0,
  });
  checkNumber(`${name}: initialLearningRate`, set.initialLearningRate, { from: 0 });
  checkNumber(`${name}: firstDecaySteps`, set.firstDecaySteps, { above: 0 });
  checkNumber(`${name}: tMul`, set.tMul, { from: 1 });
  checkNumber(`${name}: mMul`, set.mMul, { above: 0 });
  checkNumber(`${name}: alpha`, set.alpha, { from: 0, to: 1 });
  return named(name, set, (step: number) => {
    const { period, done } = restarts(step / set.firstDecaySteps, set.tMul);
    const height = pow(set.mMul, period) * cosine(done);
    return set.initialLearningRate * ((1 - set.alpha) * height + set.alpha);
  });
}

/** Number of the period and share of it that is over, where period i is tMul^i long. */
function restarts(x: number, tMul: number): { period: number; done: number } {
  if (tMul === 1) return { period: Math.floor(x), done: x - Math.floor(x) };
  let period = 0;
  let length = 1;
  let start = 0;
  while (x - start >= length) {
    start += length;
    length *= tMul;
    period++;
  }
  return { period, done: (x - start) / length };
}

type Per = 'step' | 'epoch';

function counter(name: string, per: Per): (step: number, epoch: number) => number {
  if (per !== 'step' && per !== 'epoch')
    throw new OptionError(`${name}: per "${per}", expected "step" or "epoch"`);
  return per === 'step' ? (step) => step : (_, epoch) => epoch;
}

export interface TimeBasedOptions {
  readonly initialLearningRate: number;
  /** Default 1. */
  readonly decayRate?: number;
  /** What is counted, default epoch. */
  readonly per?: Per;
}

/** initial/(1 + decayRate·epoch) */
export function timeBasedDecay(options: TimeBasedOptions): Schedule {
  const name = 'timeBasedDecay';
  const set = withDefaults<Required<TimeBasedOptions>>(name, options, {
    initialLearningRate: REQUIRED,
    decayRate: 1,
    per: 'epoch',
  });
  checkNumber(`${name}: initialLearningRate`, set.initialLearningRate, { from: 0 });
  checkNumber(`${name}: decayRate`, set.decayRate, { from: 0 });
  const count = counter(name, set.per);
  return named(
    name,
    set,
    (step: number, epoch: number) =>
      set.initialLearningRate / (1 + set.decayRate * count(step, epoch)),
  );
}

export interface SqrtOptions {
  /** Rate k of the first step. */
  readonly initialLearningRate: number;
  /** What is counted, default step. */
  readonly per?: Per;
}

/** k/√t, t = 1, 2, … */
export function sqrtDecay(options: SqrtOptions): Schedule {
  const name = 'sqrtDecay';
  const set = withDefaults<Required<SqrtOptions>>(name, options, {
    initialLearningRate: REQUIRED,
    per: 'step',
  });
  checkNumber(`${name}: initialLearningRate`, set.initialLearningRate, { from: 0 });
  const count = counter(name, set.per);
  return named(
    name,
    set,
    (step: number, epoch: number) => set.initialLearningRate / Math.sqrt(count(step, epoch) + 1),
  );
}

export interface OneCycleOptions {
  readonly maxLearningRate: number;
  readonly totalSteps: number;
  /** Share of the steps in which the rate grows, default 0.3. */
  readonly warmupShare?: number;
  /** The first rate is the highest divided by it, default 25. */
  readonly divFactor?: number;
  /** The last rate is the first divided by it, default 10,000. */
  readonly finalDivFactor?: number;
}

/**
 * Half a cosine up, half a cosine down to next to nothing, by the last step (Smith and Topin 2017, arXiv:1708.07120, with
 * PyTorch's defaults).
 */
export function oneCycle(options: OneCycleOptions): Schedule {
  const name = 'oneCycle';
  const set = withDefaults<Required<OneCycleOptions>>(name, options, {
    maxLearningRate: REQUIRED,
    totalSteps: REQUIRED,
    warmupShare: 0.3,
    divFactor: 25,
    finalDivFactor: 1e4,
  });
  const { maxLearningRate: top, totalSteps, warmupShare, divFactor, finalDivFactor } = set;
  checkNumber(`${name}: maxLearningRate`, top, { from: 0 });
  checkCount(`${name}: totalSteps`, totalSteps, 2);
  checkNumber(`${name}: warmupShare`, warmupShare, { from: 0, to: 1 });
  checkNumber(`${name}: divFactor`, divFactor, { above: 0 });
  checkNumber(`${name}: finalDivFactor`, finalDivFactor, { above: 0 });
  const first = top / divFactor;
  const end = first / finalDivFactor;
  const peak = warmupShare * totalSteps - 1;
  const last = totalSteps - 1;
  return named(name, set, (step: number) => {
    if (step < peak) return top + (first - top) * cosine(step / peak);
    return end + (top - end) * cosine((Math.min(step, last) - peak) / (last - peak || 1));
  });
}

interface WarmupConfig {
  readonly schedule: number | Named | Schedule;
  readonly steps: number;
}

/** A straight line from 0 to the first rate of `schedule` in `steps` steps; the schedule begins after that. */
export function warmup(given: number | Schedule | WarmupConfig, length?: number): Schedule {
  const isConfig = typeof given === 'object';
  const set = withDefaults<WarmupConfig>('warmup', isConfig ? given : {}, {
    schedule: isConfig ? REQUIRED : given,
    steps: length ?? REQUIRED,
  });
  const steps = checkCount('warmup: steps', set.steps, 0);
  const next = schedule(set.schedule);
  return named('warmup', { schedule: next, steps }, (step: number, epoch: number) =>
    step < steps ? next(0, epoch) * (step / steps) : next(step - steps, epoch),
  );
}

/** Learning rates that change with updates or epochs: what `learningRate` of an optimiser takes. */
export const schedules = {
  constant,
  exponentialDecay,
  inverseTimeDecay,
  polynomialDecay,
  piecewiseConstantDecay,
  cosineDecay,
  cosineDecayRestarts,
  timeBasedDecay,
  sqrtDecay,
  oneCycle,
  warmup,
};

/** The schedule of that configuration; functions stay, numbers are constant. Throws `OptionError` for unknown names. */
export function schedule(given: number | Named | Schedule): Schedule {
  return typeof given === 'number' ? constant(given) : find<Schedule>('schedule', given, schedules);
}
