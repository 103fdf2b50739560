import { checkOptions, OptionError, shown } from '../runtime/errors.ts';
import { inTurns } from '../runtime/turns.ts';
import { tabulatingData } from '../train/data.ts';
import { errorMetric, figureOf } from '../train/final.ts';
import type { FinalFigures, History } from '../train/history.ts';
import { coreOf, Model } from '../train/model.ts';
import { type Inputs, rowShapes } from '../train/networkCore.ts';
import { type ErrorRates, type Percents, readRates, type Share, type Unit } from './errorRates.ts';

export type { ErrorRates } from './errorRates.ts';

/** Examples with their targets, such as a `Dataset`. */
export interface Examples {
  readonly x: Inputs;
  readonly y: Inputs;
}

export interface DiagnoseOptions {
  /** See `ErrorRates`; default 0. For a regression the share of the targets' variance that nobody can explain. */
  readonly bayesError?: Share | undefined;
  /** Gap in percentage points up to which it counts as low. Default 2. */
  readonly tolerance?: number | undefined;
  /** Examples on which a model is measured, of which `test` may be missing. */
  readonly train?: Examples;
  readonly dev?: Examples;
  readonly test?: Examples;
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
  readonly unit: Unit;
  /** trainError − bayesError, devError − trainError and testError − devError in that unit. */
  readonly avoidableBias: number;
  readonly variance: number;
  readonly testGap?: number;
  readonly advice: readonly Advice[];
  toString(): string;
}

/** Errors in percent. */
interface Gaps extends Percents {
  readonly bias: number;
  readonly variance: number;
  readonly testGap: number;
  readonly course: Course;
}

/** What is known of the training. */
interface Course {
  /** Whether the training loss still fell at the end, by which share of itself in the last fifth. */
  readonly falling?: number;
  /** Epochs since the best `val_loss`, and the number of all, where it has risen since. */
  readonly overfitted?: readonly [since: number, epochs: number];
  /** What it did against overfitting; undefined where nobody knows. */
  readonly used?: readonly string[];
  readonly images?: boolean;
  /** What the errors are shares of, where not of answers. */
  readonly of?: string;
}

/** Of the variance of a regression's targets: 1 − R². */
const UNEXPLAINED = 'unexplained variance of the targets';

/** Also measures models. */
export async function diagnoseAny(
  given: ErrorRates | History | Model,
  options: DiagnoseOptions = {},
): Promise<Diagnosis> {
  return given instanceof Model ? ofModel(given, options) : diagnose(given, options);
}

/** What is known already: errors, or a history. */
export function diagnose(given: ErrorRates | History, options: DiagnoseOptions = {}): Diagnosis {
  checkOptions('diagnose', options, ['tolerance', 'bayesError']);
  if (typeof given !== 'object' || given === null)
    throw new OptionError(
      `diagnose: got ${shown(given)}, expected error rates, a history or a model`,
    );
  const { bayesError } = options;
  const tolerance = checkTolerance(options);
  if ('history' in given) {
    const { train, dev, metric, ...ways } = figuresOf(given);
    const course = { ...courseOf(given), ...ways };
    return judge(ofFigures({ metric, train, dev }, bayesError, course), tolerance);
  }
  const rates = { ...given, bayesError: given.bayesError ?? bayesError };
  return judge(gapsOf(readRates(rates), {}), tolerance);
}

function checkTolerance({ tolerance = 2 }: DiagnoseOptions): number {
  if (tolerance >= 0 && tolerance < 100) return tolerance;
  throw new OptionError(`diagnose: tolerance ${tolerance}, expected percentage points below 100`);
}

/** From accuracies, or explained shares of the variance of a regression's targets. */
export interface Figures {
  readonly metric: FinalFigures['metric'];
  readonly train: number;
  readonly dev: number;
  readonly test?: number | undefined;
}

function ofFigures(
  { metric, train, dev, test }: Figures,
  bayesError: Share | undefined,
  course: Course,
): Gaps {
  const bayes = bayesError === undefined ? 0 : readBayes(bayesError);
  const error = (figure: number) => 100 * (1 - figure);
  const percents = { unit: 'fraction', train: error(train), dev: error(dev), bayes } as const;
  const tested = { ...percents, test: test === undefined ? undefined : error(test) };
  return gapsOf(tested, metric === 'r2' ? { ...course, of: UNEXPLAINED } : course);
}

/** Diagnosis of such figures; `course` is what is known of the training. */
export function diagnoseFigures(
  figures: Figures,
  bayesError?: Share,
  course: Pick<Course, 'used' | 'images'> = {},
): Diagnosis {
  return judge(ofFigures(figures, bayesError, course), 2);
}

/** In percent; numbers below 1 are fractions, as the figures that it is compared with. */
function readBayes(given: Share): number {
  const unit = typeof given === 'number' && given < 1 ? 'fraction' : undefined;
  return readRates({ trainError: given, devError: given, unit }).dev;
}

/** Measures the model on its examples: nothing random acts then. */
async function ofModel(model: Model, options: DiagnoseOptions): Promise<Diagnosis> {
  checkOptions('diagnose', options, ['tolerance', 'bayesError', 'train', 'dev', 'test']);
  const { bayesError, train, dev, test } = options;
  const tolerance = checkTolerance(options);
  if (!train || !dev)
    throw new OptionError(
      'diagnose: a model is measured on examples: give { train, dev }, each { x, y }',
    );
  const core = coreOf(model);
  const metric = errorMetric(core);
  if (!metric)
    throw new OptionError(`diagnose: model "${model.name}" has several outputs, expected one`);
  return core.exclusively('diagnose', async () => {
    const measured = async ({ x, y }: Examples) => {
      await core.build(rowShapes(await inTurns(core.tabulating(x))));
      return figureOf(core, await inTurns(tabulatingData(core, x, y)), metric);
    };
    const figures = {
      metric,
      train: await measured(train),
      dev: await measured(dev),
      test: test && (await measured(test)),
    };
    return judge(ofFigures(figures, bayesError, {}), tolerance);
  });
}

function gapsOf(percents: Percents, course: Course): Gaps {
  const { train, dev, test, bayes } = percents;
  const testGap = test === undefined ? 0 : test - dev;
  return { ...percents, bias: train - bayes, variance: dev - train, testGap, course };
}

function judge(gaps: Gaps, tolerance: number): Diagnosis {
  const { unit } = gaps;
  const above = (gap: number) => gap > tolerance + 1e-9;
  const [bias, variance, mismatch] = [gaps.bias, gaps.variance, gaps.testGap].map(above);
  const high = [...(bias ? ['high bias'] : []), ...(variance ? ['high variance'] : [])];
  const verdict = (high.join(' and ') || 'low bias and low variance') as Verdict;
  const parts = [
    ...(bias ? [{ gap: gaps.bias, advice: forBias(gaps) }] : []),
    ...(variance ? [{ gap: gaps.variance, advice: forVariance(gaps) }] : []),
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

function forBias({ train, bayes, bias, course: { falling, used } }: Gaps): Advice[] {
  const because = `training error ${percent(train)}, best possible ${percent(bayes)}: ${percent(bias)} avoidable bias`;
  const longer = falling
    ? `the training loss still fell by ${percent(100 * falling)} in the last fifth of the epochs`
    : because;
  const bigger = { action: 'a bigger network: more units or layers', because };
  const train1 = {
    action: 'train longer, with another learning rate or optimiser',
    because: longer,
  };
  const limits = used?.filter((way) => way !== 'early stopping');
  const less = limits
    ? limits.length
      ? `less ${limits.join(' and ')}, or `
      : ''
    : 'less regularisation, or ';
  return [
    ...(falling ? [train1, bigger] : [bigger, train1]),
    { action: `${less}an architecture that suits the data better`, because },
  ];
}

function forVariance({ dev, train, variance, course }: Gaps): Advice[] {
  const { overfitted, used, images = true } = course;
  const because = `development error ${percent(dev)}, training error ${percent(train)}: ${percent(variance)} variance`;
  const unused = (way: string) => !used?.includes(way);
  const stop = overfitted &&
    unused('early stopping') && {
      action: 'stop early: earlyStopping({ restoreBestWeights: true })',
      because: `the development loss was best ${overfitted[0]} of ${overfitted[1]} epochs before the end`,
    };
  const augment = images && unused('augmentation') ? ', or augmentation of what there is' : '';
  const ways = ['L2', 'dropout'].filter(unused);
  const regularise = ways.length
    ? `more regularisation: ${ways.join(', ')}`
    : 'stronger regularisation than there is';
  return [
    { action: `more training data${augment}`, because },
    { action: regularise, because },
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
  { train, dev, test, bayes, bias, variance, course }: Gaps,
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
    `${errors.join(', ')}${course.of ? ` (${course.of})` : ''}`,
    `avoidable bias ${percent(bias)}, variance ${percent(variance)}`,
    ...advice.map((a, i) => `${i + 1}. ${a.action}\n   (${a.because})`),
  ].join('\n');
}

/** Figures without noise, where the history has them; else those of its last epoch. Throws where these would mislead. */
function figuresOf({ final, noise, history }: History): Figures & Pick<Course, 'used' | 'images'> {
  if (final) return final;
  if (noise)
    throw new OptionError(
      `diagnose: ${noise} acted while the history's training figures were measured: give the model, diagnose(model, { train, dev })`,
    );
  const known = Object.keys(history).filter((n) => `val_${n}` in history);
  const name = known.find((n) => /accuracy$/i.test(n)) ?? known.find((n) => n === 'r2');
  if (name === undefined) {
    throw new OptionError(
      `diagnose: the history has ${Object.keys(history).join(', ')}, expected an accuracy or r2 with validation`,
    );
  }
  const last = (of: string) => history[of]?.at(-1) ?? Number.NaN;
  return { metric: name === 'r2' ? 'r2' : 'accuracy', train: last(name), dev: last(`val_${name}`) };
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
