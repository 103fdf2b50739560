import { checkOptions, OptionError, shown } from '../runtime/errors.ts';
import type { History } from '../train/history.ts';

/** Shares of wrong answers: fractions where all are below 1, else percent, unless `unit` says so. */
export interface ErrorRates {
  readonly trainError: number;
  readonly devError: number;
  readonly testError?: number | undefined;
  /** What nobody can do better, or a good human does. Default 0. */
  readonly bayesError?: number | undefined;
  readonly unit?: 'fraction' | 'percent' | undefined;
}

export interface DiagnoseOptions {
  /** See `ErrorRates`; default 0. */
  readonly bayesError?: number | undefined;
  /** Gap in percentage points up to which it counts as low. Default 2. */
  readonly tolerance?: number | undefined;
}

export type Verdict =
  | 'high bias'
  | 'high variance'
  | 'high bias and high variance'
  | 'low bias and low variance';

/** What to try, best first, and the numbers that speak for it. */
export interface Advice {
  readonly action: string;
  readonly because: string;
}

export interface Diagnosis {
  readonly verdict: Verdict;
  /** Whether the test set is answered worse than the development set: they differ, or the latter was overfitted. */
  readonly mismatch: boolean;
  readonly unit: 'fraction' | 'percent';
  /** trainError − bayesError, devError − trainError and testError − devError in that unit. */
  readonly avoidableBias: number;
  readonly variance: number;
  readonly testGap?: number;
  readonly advice: readonly Advice[];
  toString(): string;
}

/** Errors in percent. */
interface Gaps {
  readonly train: number;
  readonly dev: number;
  readonly test: number | undefined;
  readonly bayes: number;
  readonly bias: number;
  readonly variance: number;
  readonly testGap: number;
}

/** What the course of a training adds. */
interface Course {
  /** Whether the training loss still fell at the end, by which share of itself in the last fifth. */
  readonly falling?: number;
  /** Epochs since the best `val_loss`, and the number of all, where it has risen since. */
  readonly overfitted?: readonly [since: number, epochs: number];
}

export function diagnose(given: ErrorRates | History, options: DiagnoseOptions = {}): Diagnosis {
  checkOptions('diagnose', options, ['tolerance', 'bayesError']);
  if (typeof given !== 'object' || given === null)
    throw new OptionError(`diagnose: got ${shown(given)}, expected error rates or a history`);
  const { tolerance = 2 } = options;
  if (!(tolerance >= 0 && tolerance < 100))
    throw new OptionError(`diagnose: tolerance ${tolerance}, expected percentage points below 100`);
  const history = 'history' in given ? given : undefined;
  const rates = history
    ? { ...ratesOf(history), bayesError: options.bayesError }
    : { ...(given as ErrorRates) };
  if (!history)
    checkOptions('diagnose', rates, ['trainError', 'devError', 'testError', 'bayesError', 'unit']);
  rates.bayesError ??= options.bayesError ?? 0;
  const unit = unitOf(rates);
  return judge(gapsOf(rates, unit), unit, tolerance, history ? courseOf(history) : {});
}

const KINDS = ['trainError', 'devError', 'testError', 'bayesError'] as const;

function unitOf(rates: ErrorRates): 'fraction' | 'percent' {
  const known = KINDS.map((kind) => rates[kind]).filter((x) => x !== undefined);
  const unit = rates.unit ?? (known.every((x) => x < 1) ? 'fraction' : 'percent');
  const most = unit === 'fraction' ? 1 : 100;
  for (const kind of KINDS) {
    const value = rates[kind];
    if (value === undefined && (kind === 'testError' || kind === 'bayesError')) continue;
    if (typeof value === 'number' && value >= 0 && value <= most) continue;
    throw new OptionError(
      `diagnose: ${kind} ${value}, expected a share of wrong answers: 0 … 1, or percent up to 100`,
    );
  }
  return unit;
}

function gapsOf(rates: ErrorRates, unit: 'fraction' | 'percent'): Gaps {
  const percent = (x: number) => (unit === 'percent' ? x : 100 * x);
  const [train, dev] = [percent(rates.trainError), percent(rates.devError)];
  const bayes = percent(rates.bayesError ?? 0);
  const test = rates.testError === undefined ? undefined : percent(rates.testError);
  return {
    train,
    dev,
    test,
    bayes,
    bias: train - bayes,
    variance: dev - train,
    testGap: test === undefined ? 0 : test - dev,
  };
}

function judge(
  gaps: Gaps,
  unit: 'fraction' | 'percent',
  tolerance: number,
  course: Course,
): Diagnosis {
  const above = (gap: number) => gap > tolerance + 1e-9;
  const [bias, variance, mismatch] = [gaps.bias, gaps.variance, gaps.testGap].map(above);
  const high = [...(bias ? ['high bias'] : []), ...(variance ? ['high variance'] : [])];
  const verdict = (high.join(' and ') || 'low bias and low variance') as Verdict;
  const parts = [
    ...(bias ? [{ gap: gaps.bias, advice: forBias(gaps, course) }] : []),
    ...(variance ? [{ gap: gaps.variance, advice: forVariance(gaps, course) }] : []),
    ...(mismatch ? [{ gap: gaps.testGap, advice: forMismatch(gaps) }] : []),
  ].sort((a, b) => b.gap - a.gap);
  const advice = parts.length ? parts.flatMap((p) => p.advice) : [nothingToDo(gaps, tolerance)];
  const inUnit = (x: number) => (unit === 'percent' ? x : x / 100);
  return {
    verdict,
    mismatch: mismatch === true,
    unit,
    avoidableBias: inUnit(gaps.bias),
    variance: inUnit(gaps.variance),
    ...(gaps.test === undefined ? {} : { testGap: inUnit(gaps.testGap) }),
    advice,
    toString: () => describe(gaps, verdict, mismatch === true, advice),
  };
}

const percent = (x: number) => `${Number(x.toFixed(2))} %`;

function forBias({ train, bayes, bias }: Gaps, { falling }: Course): Advice[] {
  const because = `training error ${percent(train)}, best possible ${percent(bayes)}: ${percent(bias)} avoidable bias`;
  const longer = falling
    ? `the training loss still fell by ${percent(100 * falling)} in the last fifth of the epochs`
    : because;
  const bigger = { action: 'a bigger network: more units or layers', because };
  const train1 = {
    action: 'train longer, with another learning rate or optimiser',
    because: longer,
  };
  return [
    ...(falling ? [train1, bigger] : [bigger, train1]),
    { action: 'less regularisation, or an architecture that suits the data better', because },
  ];
}

function forVariance({ dev, train, variance }: Gaps, { overfitted }: Course): Advice[] {
  const because = `development error ${percent(dev)}, training error ${percent(train)}: ${percent(variance)} variance`;
  const stop = overfitted && {
    action: 'stop early: earlyStopping({ restoreBestWeights: true })',
    because: `the development loss was best ${overfitted[0]} of ${overfitted[1]} epochs before the end`,
  };
  return [
    { action: 'more training data, or augmentation of what there is', because },
    { action: 'more regularisation: L2, dropout', because },
    ...(stop ? [stop] : []),
    { action: 'a simpler network, or an architecture that suits the data better', because },
  ];
}

function forMismatch({ test, dev, testGap }: Gaps): Advice[] {
  const because = `test error ${percent(test as number)}, development error ${percent(dev)}: ${percent(testGap)} worse`;
  return [
    {
      action:
        'check that development and test set come from the same distribution (compareDistributions)',
      because,
    },
    {
      action: 'a larger development set: what was chosen by it suits it better than it should',
      because,
    },
  ];
}

function nothingToDo({ bias, variance }: Gaps, tolerance: number): Advice {
  return {
    action: 'nothing: the network does well; look at single mistakes for what is left',
    because: `avoidable bias ${percent(bias)} and variance ${percent(variance)}, both at most ${percent(tolerance)}`,
  };
}

function describe(
  { train, dev, test, bayes, bias, variance }: Gaps,
  verdict: Verdict,
  mismatch: boolean,
  advice: readonly Advice[],
): string {
  const errors = [
    `training error ${percent(train)}`,
    `development error ${percent(dev)}`,
    ...(test === undefined ? [] : [`test error ${percent(test)}`]),
    `best possible ${percent(bayes)}`,
  ];
  return [
    `${verdict}${mismatch ? ', and the test set differs from the development set' : ''}`,
    errors.join(', '),
    `avoidable bias ${percent(bias)}, variance ${percent(variance)}`,
    ...advice.map((a, i) => `${i + 1}. ${a.action}\n   (${a.because})`),
  ].join('\n');
}

function ratesOf({ history }: History): { trainError: number; devError: number; unit: 'fraction' } {
  const name = Object.keys(history).find((n) => /accuracy$/i.test(n) && `val_${n}` in history);
  if (name === undefined) {
    throw new OptionError(
      `diagnose: the history has ${Object.keys(history).join(', ')}, expected an accuracy with validation`,
    );
  }
  const last = (of: string) => history[of]?.at(-1) ?? Number.NaN;
  return { trainError: 1 - last(name), devError: 1 - last(`val_${name}`), unit: 'fraction' };
}

/** Fall of the loss in the last fifth of the epochs that counts. */
const FALL = 0.02;

function courseOf({ history }: History): Course {
  const { loss = [], val_loss: held = [] } = history;
  const fifth = Math.max(1, Math.floor(loss.length / 5));
  const [before, end] = [loss.at(-1 - fifth), loss.at(-1)];
  const fall = before && end !== undefined ? (before - end) / Math.abs(before) : 0;
  const best = held.indexOf(Math.min(...held));
  const since = best >= 0 ? held.length - 1 - best : 0;
  return {
    ...(fall > FALL ? { falling: fall } : {}),
    ...(since > 0 ? { overfitted: [since, held.length] as const } : {}),
  };
}
