import { median } from '../numbers.ts';
import { rounded } from '../probes.ts';
import { duration } from '../report.ts';
import type { Missing, Row } from '../types.ts';

/** A line of the page beside the same line of Node. */
export interface PageRow extends Row {
  readonly node_median_ms?: number;
  readonly node_min_ms?: number;
}

const COLUMNS = [
  ['case', -24],
  ['contestant', -16],
  ['build', -8],
  ['threads', 7],
  ['page', 10],
  ['least', 10],
  ['GFLOP/s', 8],
  ['of peak', 8],
  ['Node', 10],
  ['least', 10],
  ['× Node', 7],
  ['of least', 8],
] as const;

function line(cells: readonly string[]): string {
  const padded = COLUMNS.map(([, width], i) => {
    const cell = cells[i] ?? '';
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
  });
  return padded.join('  ').trimEnd();
}

export function pageHead(): string {
  const names = COLUMNS.map(([name]) => name);
  return [line(names), line(COLUMNS.map(([, w]) => '─'.repeat(Math.abs(w))))].join('\n');
}

const same = (a: Row, b: Row) =>
  a.contestant === b.contestant && a.build === b.build && a.threads === b.threads;

/** The page's rows, with Node's where it has them. */
export function besideNode(page: readonly Row[], node: readonly Row[]): PageRow[] {
  return page.map((row) => {
    const other = node.find((n) => same(n, row));
    if (!other) return row;
    return {
      ...row,
      node_median_ms: other.median_ms,
      node_min_ms: other.min_ms,
      times_node: rounded(row.median_ms / other.median_ms),
      times_node_min: rounded(row.min_ms / other.min_ms),
    };
  });
}

const percent = (x: number | undefined) => (x === undefined ? '' : `${(100 * x).toFixed(1)}%`);
const time = (ms: number | undefined) => (ms === undefined ? '' : duration(ms));
const ratio = (x: number | undefined) => x?.toFixed(2) ?? '';

export function formatPageRow(row: PageRow): string {
  return line([
    row.case,
    row.contestant,
    row.build,
    `${row.threads}`,
    duration(row.median_ms),
    duration(row.min_ms),
    row.gflops?.toFixed(2) ?? '',
    percent(row.peak_fraction),
    time(row.node_median_ms),
    time(row.node_min_ms),
    ratio(row.times_node),
    ratio(row.times_node_min),
  ]);
}

export function formatMissingThere(place: string, { reason, ...m }: Missing): string {
  return `${line([m.case, m.contestant, m.build, `${m.threads}`])}  ${place}: ${reason}`;
}

/** Of the lines that Node has too: the middle of the ratios. */
export function summary(rows: readonly PageRow[]): string {
  const pick = (key: 'times_node' | 'times_node_min') =>
    rows.filter((r) => r.contestant === 'wasmgrad').flatMap((r) => r[key] ?? []);
  const [medians, least] = [pick('times_node'), pick('times_node_min')];
  if (medians.length === 0) return '';
  const slow = least.filter((x) => x > 1.1).length;
  return `wasmgrad × Node, middle of ${medians.length} lines: ${median(medians).toFixed(2)}, of least times ${median(least).toFixed(2)}; ${slow} above 1.10`;
}
