import { isMissing } from '../formats/cells.ts';
import type { Records } from '../formats/csv.ts';
import { checkOptions, DataError } from '../runtime/errors.ts';
import { ColumnProfile } from './columns.ts';
import {
  columnIndex,
  type FeatureColumn,
  type TablePreprocessing,
  type TargetColumn,
} from './preprocess.ts';

export type Task = 'classification' | 'regression';

export interface FitTableOptions {
  /** The column to predict, default the last. */
  readonly target?: string | undefined;
  /**
   * Default `auto`: classification for a target of words, or of at most max(20, 5 % of the rows) different whole numbers
   * that occur twice on average; else regression.
   */
  readonly task?: Task | 'auto' | undefined;
}

/** Categories of a column that get an input of their own, the most frequent; the others count as unknown. */
const CATEGORIES = 256;
const DATE = /^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})([T ].*)?$/;

/** Name of the target column. Throws `DataError` where there is none, or nothing beside it. */
export function targetName(records: Pick<Records, 'name' | 'columns'>, target?: string): string {
  const name = target ?? (records.columns.at(-1) as string);
  columnIndex(records, name);
  if (records.columns.length < 2) {
    throw new DataError(
      `${records.name}: only one column ("${name}"), expected features and a target`,
    );
  }
  return name;
}

export function fitPreprocessing(
  records: Records,
  options: FitTableOptions & { readonly rows?: ArrayLike<number> } = {},
): TablePreprocessing {
  checkOptions('fitPreprocessing', options, ['target', 'task', 'rows']);
  const target = columnIndex(records, targetName(records, options.target));
  const training = new Uint8Array(records.rows.length).fill(options.rows ? 0 : 1);
  for (const row of Array.from(options.rows ?? [])) training[row] = 1;
  const profiles = records.columns.map((column) => new ColumnProfile(column));
  records.rows.forEach((cells, row) => {
    if (isMissing(cells[target] as string)) return;
    const line = records.lines?.[row] ?? row + 1;
    for (let c = 0; c < profiles.length; c++)
      profiles[c]?.add(cells[c] as string, line, training[row] === 1);
  });
  return preprocessingFrom(records.name, profiles, options);
}

/** The task, and its classes or scale, by all rows with a target. */
export function fitTarget(records: Records, options: FitTableOptions = {}): TargetColumn {
  const name = targetName(records, options.target);
  const at = columnIndex(records, name);
  const profile = new ColumnProfile(name);
  records.rows.forEach((cells, row) => {
    const cell = cells[at] as string;
    if (!isMissing(cell)) profile.add(cell, records.lines?.[row] ?? row + 1, true);
  });
  return targetFrom(records.name, profile, options.task ?? 'auto');
}

/** The same from what the columns hold. */
export function preprocessingFrom(
  name: string,
  profiles: readonly ColumnProfile[],
  options: FitTableOptions,
): TablePreprocessing {
  const wanted = targetName({ name, columns: profiles.map((p) => p.name) }, options.target);
  const target = profiles.find((p) => p.name === wanted) as ColumnProfile;
  const notes = new Notes();
  const fitted = targetFrom(name, target, options.task ?? 'auto');
  const columns = profiles.flatMap((p) => (p === target ? [] : (fitColumn(p, notes) ?? [])));
  if (columns.length === 0) {
    throw new DataError(
      `${name}: no column to learn from beside "${wanted}" (${notes.list().join('; ')})`,
    );
  }
  return { kind: 'table', columns, target: fitted, notes: notes.list() };
}

/** Notes, those of one kind in one line. */
class Notes {
  readonly #columns = new Map<string, string[]>();

  add(what: string, column: string): undefined {
    this.#columns.set(what, [...(this.#columns.get(what) ?? []), column]);
  }

  list(): string[] {
    return [...this.#columns].map(([what, columns]) => {
      const more = columns.length > 8 ? `, … (${columns.length})` : '';
      return `${columns.length > 1 ? 'columns' : 'column'} ${columns.slice(0, 8).join(', ')}${more}: ${what}`;
    });
  }
}

function fitColumn(p: ColumnProfile, notes: Notes): FeatureColumn | undefined {
  const { name } = p;
  if (p.filled === 0) return notes.add('left out, empty', name);
  return p.numeric ? fitNumber(p, notes) : fitCategory(p, notes);
}

function fitNumber(p: ColumnProfile, notes: Notes): FeatureColumn | undefined {
  if (p.counts) return notes.add('left out, it counts the rows', p.name);
  if (p.std === 0) return notes.add('left out, constant', p.name);
  const missing = p.odd.map(({ cell }) => cell);
  for (const { cell, line } of p.odd)
    notes.add(`"${cell}" (line ${line}) is not a number and counts as missing`, p.name);
  return { kind: 'number', name: p.name, mean: p.mean, std: p.std, missing };
}

function fitCategory(p: ColumnProfile, notes: Notes): FeatureColumn | undefined {
  const { name, distinct } = p;
  const dates = DATE.test(p.texts[0] ?? '') ? ' (dates are read as words)' : '';
  if (distinct > 10 && (distinct > 0.5 * p.filled || p.full)) {
    return notes.add(`left out, its words differ in most rows${dates}`, name);
  }
  const seen = p.trainingTexts;
  const unknown = p.trainingMissing > 0 || seen.length > CATEGORIES;
  if (seen.length + (unknown ? 1 : 0) < 2) return notes.add('left out, constant', name);
  if (seen.length > CATEGORIES)
    notes.add(`the ${CATEGORIES} most frequent words are told apart`, name);
  if (dates) notes.add('dates are read as words', name);
  return { kind: 'category', name, categories: seen.slice(0, CATEGORIES).sort(), unknown };
}

function targetFrom(table: string, p: ColumnProfile, task: Task | 'auto'): TargetColumn {
  const { name } = p;
  const where = `${table}: target "${name}"`;
  if (p.filled === 0) throw new DataError(`${where} has no values`);
  const words = !p.numeric;
  const few =
    (p.distinct === 2 || p.distinct <= 0.5 * p.filled) &&
    p.integers &&
    p.odd.length === 0 &&
    p.distinct <= Math.max(20, 0.05 * p.filled) &&
    !p.full;
  const chosen = task === 'auto' ? (words || few ? 'classification' : 'regression') : task;
  return chosen === 'classification' ? classes(where, p) : values(where, p);
}

function classes(where: string, p: ColumnProfile): TargetColumn {
  const odd = p.numeric && p.odd.length > 0;
  const classNames = p.numeric && !odd ? p.values.map(String) : p.texts;
  if (classNames.length === 1)
    throw new DataError(`${where} has one class only ("${classNames[0]}")`);
  if (p.full || (classNames.length > 20 && classNames.length > 0.5 * p.filled)) {
    throw new DataError(
      `${where} has ${p.full ? 'too many' : classNames.length} different values in ${p.filled} rows, too many for classes`,
    );
  }
  return { task: 'classification', name: p.name, classNames };
}

function values(where: string, p: ColumnProfile): TargetColumn {
  const [odd] = p.odd;
  if (odd)
    throw new DataError(
      `${where} is "${odd.cell}" in line ${odd.line}, expected a number for regression`,
    );
  if (p.distinct === 1) throw new DataError(`${where} is constant`);
  return { task: 'regression', name: p.name, mean: p.mean, std: p.std || 1 };
}
