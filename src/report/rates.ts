/** What a sweep of learning rates found, as picture and as text. */
import type { RateSweep } from '../diagnose/rateFinder.ts';
import { type Line, lineChart, standalone } from './chart.ts';
import { axisNumber } from './scale.ts';
import { number, sparkline } from './terminal.ts';

/** Losses beyond this many times the first ones say no more than that training has blown up. */
const BEYOND = 1.5;

/** Losses without those that would flatten the rest: they are NaN. */
function shownLosses(sweep: RateSweep, losses: readonly number[]): number[] {
  const start = Math.max(...sweep.losses.slice(0, 5).map(Math.abs));
  return losses.map((v) => (v <= BEYOND * start ? v : Number.NaN));
}

export function rateChart(sweep: RateSweep): string {
  const { rates, losses, smoothed, minimum, suggestion } = sweep;
  const points = (list: readonly number[]) =>
    shownLosses(sweep, list).map((y, i) => [rates[i] as number, y] as const);
  const heights = shownLosses(sweep, [...losses, ...smoothed]).filter(Number.isFinite);
  const ends = [Math.min(...heights), Math.max(...heights)];
  const mark = (name: string, rate: number, color: number): Line[] =>
    Number.isFinite(rate)
      ? [{ name: `${name} ${number(rate)}`, color, points: ends.map((y) => [rate, y]), thin: true }]
      : [];
  const chart = lineChart({
    title: 'loss by learning rate',
    x: { label: 'learning rate', kind: 'log' },
    y: { label: 'loss', zero: false },
    lines: [
      { name: 'loss of each step', color: 5, points: points(losses), thin: true },
      { name: 'smoothed', color: 0, points: points(smoothed) },
      ...mark('lowest at', minimum, 1),
      ...mark('suggested', suggestion, 2),
    ],
  });
  return standalone(chart);
}

/** Steps that share a character of the terminal. */
const COLUMNS = 60;

export function rateText(sweep: RateSweep): string {
  const { rates, smoothed, minimum, suggestion } = sweep;
  const width = Math.min(COLUMNS, smoothed.length);
  const columnOf = (rate: number) => {
    const i = rates.findIndex((r) => r >= rate);
    return Math.floor(((i < 0 ? rates.length - 1 : i) * width) / rates.length);
  };
  const marks = new Array<string>(width).fill(' ');
  if (Number.isFinite(minimum)) {
    marks[columnOf(minimum)] = 'm';
    marks[columnOf(suggestion)] = '^';
  }
  const [from, to] = [rates[0], rates.at(-1)].map((r) => axisNumber(r as number)) as [
    string,
    string,
  ];
  const lines = [
    `loss  ${sparkline(shownLosses(sweep, smoothed), width)}`,
    `      ${marks.join('').trimEnd()}`,
    `rate  ${from}${to.padStart(width - from.length)}`,
    '',
    ...(Number.isFinite(minimum)
      ? ['^ suggested, m lowest loss; · beyond the first losses', '']
      : []),
    String(sweep),
  ];
  return lines.join('\n');
}
