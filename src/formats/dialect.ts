import { DataError } from '../runtime/errors.ts';
import { numberIn } from './cells.ts';

/** How a file of separated values is written. */
export interface Dialect {
  readonly delimiter: string;
  readonly newline: '\n' | '\r';
}

const DELIMITERS = [',', ';', '\t', '|'];
const LINES = 50;
/** Cells of the first lines. Quotes keep separators from separating. */
function split(sample: string, delimiter: string, newline: string): string[][] {
  const rows: string[][] = [[]];
  let cell = '';
  let quoted = false;
  for (const c of sample) {
    if (c === '"') quoted = !quoted;
    else if (quoted) cell += c;
    else if (c === delimiter || c === newline) {
      rows.at(-1)?.push(cell.trim());
      cell = '';
      if (c === newline && rows.push([]) > LINES) break;
    } else cell += c;
  }
  if (cell.trim() !== '') rows.at(-1)?.push(cell.trim());
  return rows.filter((row) => row.length > 1 || row[0]);
}

/** Share of the lines that have as many cells as the first; 0 if it has only one. */
function consistency(rows: readonly string[][]): number {
  const cells = rows[0]?.length ?? 0;
  return cells < 2 ? 0 : rows.filter((row) => row.length === cells).length / rows.length;
}

/** Separators from the start of a file: the one that gives most lines as many cells as the first. */
export function detectDialect(sample: string, delimiter?: string): Dialect {
  const newline = sample.includes('\n') ? '\n' : '\r';
  const candidates = (delimiter ? [delimiter] : DELIMITERS).map((d) => {
    const rows = split(sample, d, newline);
    return { delimiter: d, rows, score: consistency(rows) };
  });
  const best = candidates.reduce((a, b) => (b.score > a.score ? b : a));
  if (!delimiter && best.score === 0 && spaced(split(sample, '\n', newline))) {
    return { delimiter: ' ', newline };
  }
  return { delimiter: best.delimiter, newline };
}

/** Whether lines are words or numbers with spaces between them, as many in each. */
function spaced(lines: readonly string[][]): boolean {
  const rows = lines.slice(0, LINES).map(([line = '']) => line.split(/ +/));
  return rows.length > 1 && consistency(rows) === 1;
}

/**
 * The names of columns in a file's first line. Throws `DataError` when it looks like data (it begins with a number, or
 * more than half of it is numbers that do not count up), and for names that are empty or given twice. An empty first
 * name, as other programs give to row numbers, becomes `row`.
 */
export function columnNames(cells: readonly string[], name: string): string[] {
  const numbers = cells.map(numberIn).filter((n) => !Number.isNaN(n));
  const counting = numbers.length < cells.length && numbers.length > 1 && countsUp(numbers);
  const data = !Number.isNaN(numberIn(cells[0] ?? '')) || numbers.length * 2 > cells.length;
  if (data && !counting) {
    const start = cells.slice(0, 5).join(', ');
    const dots = cells.length > 5 ? ', …' : '';
    throw new DataError(
      `${name}: first line is not a header (${start}${dots}), expected the names of the columns`,
    );
  }
  const names = cells.map((cell, i) => (i === 0 && cell === '' && cells.length > 1 ? 'row' : cell));
  names.forEach((n, i) => {
    if (n === '') throw new DataError(`${name}: column ${i + 1} has no name in the first line`);
    const twin = names.indexOf(n);
    if (twin < i)
      throw new DataError(`${name}: columns ${twin + 1} and ${i + 1} are both named "${n}"`);
  });
  return names;
}

function countsUp(numbers: readonly number[]): boolean {
  return numbers.every(
    (n, i) => Number.isInteger(n) && (i === 0 || n === (numbers[i - 1] as number) + 1),
  );
}
