/** What a classifier confuses. */
import type { NDArray } from '../compile/array.ts';
import { clip, count, percent, table } from './terminal.ts';

/** Examples by true class (rows) and predicted class (columns). */
export type Confusion = readonly ArrayLike<number>[];

const WIDEST = 12;
/** Classes up to which the whole matrix fits a terminal. */
const MOST_SHOWN = 12;
/** Of more classes, or pairs of them, that many are shown. */
const WORST = 10;

/** Examples of one class that were taken for another. */
export interface Pair {
  readonly truth: string;
  readonly predicted: string;
  readonly count: number;
}

/** The rows of a matrix of C·C numbers. */
export function confusionOf({ data, shape }: NDArray): Confusion {
  const [classes = 0] = shape;
  return Array.from({ length: classes }, (_, c) => data.slice(c * classes, (c + 1) * classes));
}

export interface ClassScore {
  /** True examples of the class. */
  readonly examples: number;
  /** Share of what is taken for the class that is; NaN if nothing is. */
  readonly precision: number;
  /** Share of the class that is found; NaN for a class without examples. */
  readonly recall: number;
  /** 2·P·R/(P + R), 0 where nothing is right. */
  readonly f1: number;
}

/** How well each class is told from the others. */
export function classScores(matrix: Confusion): ClassScore[] {
  return matrix.map((row, c) => {
    const right = row[c] as number;
    const examples = Array.from(row).reduce((a, b) => a + b, 0);
    const taken = matrix.reduce((sum, other) => sum + (other[c] as number), 0);
    const f1 = examples + taken ? (2 * right) / (examples + taken) : 0;
    return { examples, precision: right / taken, recall: right / examples, f1 };
  });
}

const SCORES = ['class', 'examples', 'precision', 'recall', 'F1'];

/** Precision, recall and F1 by class, with their heads; of many classes the worst. */
export function scoreRows(
  matrix: Confusion,
  names: readonly string[],
): { head: readonly string[]; rows: string[][] } {
  const scores = classScores(matrix).map((score, c) => ({ name: names[c] as string, ...score }));
  const many = scores.length > MOST_SHOWN;
  const shown = many ? scores.sort((a, b) => a.f1 - b.f1).slice(0, WORST) : scores;
  const share = (x: number) => (Number.isNaN(x) ? '–' : percent(x, 1));
  const rows = shown.map(({ name, examples, precision, recall, f1 }) => [
    clip(name, 24),
    count(examples),
    ...[precision, recall, f1].map(share),
  ]);
  return { head: SCORES, rows };
}

export function scoresText(matrix: Confusion, names: readonly string[]): string {
  const { head, rows } = scoreRows(matrix, names);
  return table(head, rows);
}

/** The matrix as text; with many classes the pairs that are confused most. */
export function confusionText(matrix: Confusion, names: readonly string[]): string {
  return matrix.length <= MOST_SHOWN ? matrixText(matrix, names) : pairsText(matrix, names);
}

function matrixText(matrix: Confusion, names: readonly string[]): string {
  const scores = classScores(matrix);
  const cells = matrix.map((row) => Array.from(row, (n) => (n ? count(n) : '·')));
  const widths = names.map((name, c) =>
    Math.max(
      Math.min(name.length, cells.length > 5 ? 6 : WIDEST),
      ...cells.map((row) => (row[c] as string).length),
    ),
  );
  const left = Math.min(WIDEST, Math.max(...names.map((n) => n.length), 4));
  const line = (head: string, row: readonly string[], end: string) =>
    [clip(head, left).padEnd(left), ...row.map((t, c) => t.padStart(widths[c] as number)), end]
      .join(' ')
      .trimEnd();
  const head = line(
    'true',
    names.map((n, c) => clip(n, widths[c] as number)),
    'found',
  );
  const rows = cells.map((row, c) => {
    const share = (scores[c] as ClassScore).recall;
    return line(
      names[c] as string,
      row,
      Number.isNaN(share) ? 'no examples' : percent(share, 1).padStart(7),
    );
  });
  return [head, ...rows].join('\n');
}

/** What was taken for what, most often first. */
export function confusedPairs(matrix: Confusion, names: readonly string[]): Pair[] {
  const pairs = matrix.flatMap((row, t) => Array.from(row, (n, p) => ({ t, p, n })));
  return pairs
    .filter(({ t, p, n }) => t !== p && n > 0)
    .sort((a, b) => b.n - a.n)
    .slice(0, WORST)
    .map(({ t, p, n }) => ({ truth: names[t] as string, predicted: names[p] as string, count: n }));
}

function pairsText(matrix: Confusion, names: readonly string[]): string {
  const worst = confusedPairs(matrix, names);
  if (worst.length === 0) return 'nothing confused';
  const rows = worst.map((w) => [clip(w.truth, 24), clip(w.predicted, 24), count(w.count)]);
  return table(['true', 'taken for', 'examples'], rows);
}
