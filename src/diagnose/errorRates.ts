import { checkOptions, OptionError, shown } from '../runtime/errors.ts';

export type Unit = 'fraction' | 'percent';

/** A share of wrong answers: a number, or text such as `0.5%`. */
export type Share = number | string;

/**
 * Shares of wrong answers: percent where they say so (`'0.5%'`), in `unit`, percent where one is 1 or more, else fractions. Throws
 * where numbers below 1 could be both.
 */
export interface ErrorRates {
  readonly trainError: Share;
  readonly devError: Share;
  readonly testError?: Share | undefined;
  /** What nobody can do better, or a good human does. Default 0. */
  readonly bayesError?: Share | undefined;
  readonly unit?: Unit | undefined;
}

const KINDS = ['trainError', 'devError', 'testError', 'bayesError'] as const;

/** Errors in percent, and the unit they were given in. */
export interface Percents {
  readonly unit: Unit;
  readonly train: number;
  readonly dev: number;
  readonly test: number | undefined;
  readonly bayes: number;
}

/** Numbers without a unit, all below 1, are fractions for certain where none is above this: else they may be small percentages. */
const CLEAR = 0.2;

export function readRates(rates: ErrorRates): Percents {
  checkOptions('diagnose', rates, [...KINDS, 'unit']);
  const { unit: given } = rates;
  if (given !== undefined && given !== 'fraction' && given !== 'percent')
    throw new OptionError(`diagnose: unit is ${shown(given)}, expected "fraction" or "percent"`);
  const marked = KINDS.map((kind) => markedPercent(rates[kind]));
  const plain = KINDS.map((kind, i) => (marked[i] === undefined ? rates[kind] : undefined));
  const numbers = plain.filter((x): x is number => typeof x === 'number');
  const some = marked.some((x) => x !== undefined);
  if (some && !given && numbers.some((x) => x !== 0))
    throw new OptionError(`diagnose: ${listed(rates)}: write % behind all of them, or behind none`);
  const unit = given ?? (some ? 'percent' : guessed(numbers, rates));
  const [train, dev, test, bayes] = KINDS.map((kind, i) => {
    const optional = kind === 'testError' || kind === 'bayesError';
    if (rates[kind] === undefined && optional) return undefined;
    return marked[i] ?? inPercent(kind, plain[i], unit);
  });
  return { unit, train: train as number, dev: dev as number, test, bayes: bayes ?? 0 };
}

/** 0.5 for `0.5%`; undefined for what has no mark. */
function markedPercent(value: unknown): number | undefined {
  const [, digits] = (typeof value === 'string' && /^\s*([\d.]+)\s*%\s*$/.exec(value)) || [];
  const x = digits === undefined ? Number.NaN : Number(digits);
  return x >= 0 && x <= 100 ? x : undefined;
}

function inPercent(kind: string, value: unknown, unit: Unit): number {
  const most = unit === 'fraction' ? 1 : 100;
  if (typeof value === 'number' && value >= 0 && value <= most)
    return unit === 'fraction' ? 100 * value : value;
  throw new OptionError(
    `diagnose: ${kind} ${value}, expected a share of wrong answers: 0 … 1, or percent up to 100`,
  );
}

function guessed(numbers: readonly number[], rates: ErrorRates): Unit {
  if (!numbers.every((x) => x < 1)) return 'percent';
  if (numbers.every((x) => x <= CLEAR)) return 'fraction';
  const [first, second] = numbers as [number, number];
  const percents = (factor: number) =>
    [first, second].map((x) => Number((factor * x).toPrecision(6))).join(' and ');
  throw new OptionError(
    `diagnose: ${listed(rates)}: is that ${percents(1)} % or ${percents(100)} %? Write ${first}%, or give the unit: "percent" or "fraction"`,
  );
}

function listed(rates: ErrorRates): string {
  return KINDS.flatMap((kind) =>
    rates[kind] === undefined ? [] : [`${kind} ${rates[kind]}`],
  ).join(', ');
}
