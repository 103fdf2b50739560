/** What a classifier confuses. */
import { clip, count, percent, table } from './terminal.ts';

/** Examples by true class (rows) and predicted class (columns). */
export type Confusion = readonly Readonly<Int32Array>[];

const WIDEST = 12;
/** Classes up to which the whole matrix fits a terminal. */
const MOST_SHOWN = 12;

export function confusion(
  truth: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): Confusion {
  const matrix = Array.from({ length: classes }, () => new Int32Array(classes));
  for (let i = 0; i < truth.length; i++) {
    const row = matrix[truth[i] as number] as Int32Array;
    const column = predicted[i] as number;
    row[column] = (row[column] as number) + 1;
  }
  return matrix;
}

/** Share of the examples of each class that were found; NaN for classes without examples. */
export function recalls(matrix: Confusion): number[] {
  return matrix.map((row, c) => (row[c] as number) / row.reduce((a, b) => a + b, 0));
}

/** The matrix as text; with many classes the pairs that are confused most. */
export function confusionText(matrix: Confusion, names: readonly string[]): string {
  return matrix.length <= MOST_SHOWN ? matrixText(matrix, names) : pairsText(matrix, names);
}

function matrixText(matrix: Confusion, names: readonly string[]): string {
  const found = recalls(matrix);
  const cells = matrix.map((row) => [...row].map((n) => (n ? count(n) : '·')));
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
    const share = found[c] as number;
    return line(
      names[c] as string,
      row,
      Number.isNaN(share) ? 'no examples' : percent(share, 1).padStart(7),
    );
  });
  return [head, ...rows].join('\n');
}

function pairsText(matrix: Confusion, names: readonly string[]): string {
  const pairs = matrix.flatMap((row, t) => [...row].map((n, p) => ({ t, p, n })));
  const worst = pairs.filter(({ t, p, n }) => t !== p && n > 0).sort((a, b) => b.n - a.n);
  if (worst.length === 0) return 'nothing confused';
  const rows = worst
    .slice(0, 10)
    .map(({ t, p, n }) => [clip(names[t] as string, 24), clip(names[p] as string, 24), count(n)]);
  return table(['true', 'taken for', 'examples'], rows);
}
