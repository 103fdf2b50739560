import { missingBy } from '../formats/cells.ts';
import type { Records } from '../formats/csv.ts';
import { withPoints } from '../formats/decimals.ts';
import { DataError, OptionError } from '../runtime/errors.ts';
import { ColumnProfile } from './columns.ts';
import { fitColumn, Notes } from './fitColumn.ts';
import { targetFrom } from './fitTarget.ts';
import { columnIndex, type TablePreprocessing, type TargetColumn } from './preprocess.ts';
import {
  checkFit,
  FIT_OPTIONS,
  type FitTableOptions,
  missingTexts,
  targetMissing,
  typeOf,
} from './tableOptions.ts';

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

/** Profiles of all columns, to be shown the cells. */
export function profilesOf(
  records: Pick<Records, 'name' | 'columns'>,
  target: string,
  options: FitTableOptions,
): ColumnProfile[] {
  for (const column of Object.keys(options.types ?? {})) columnIndex(records, column);
  if (typeOf(target, options) === 'drop')
    throw new OptionError(`types: "${target}" is the target, which cannot be dropped`);
  const ofFeatures = missingBy(missingTexts(options));
  const ofTarget = targetMissing(options);
  return records.columns.map(
    (column) =>
      new ColumnProfile(column, column === target ? ofTarget : ofFeatures, {
        words: typeOf(column, options) === 'text',
      }),
  );
}

export function fitPreprocessing(
  given: Records,
  options: FitTableOptions & { readonly rows?: ArrayLike<number> | undefined } = {},
): TablePreprocessing {
  checkFit('fitPreprocessing', options, [...FIT_OPTIONS, 'rows']);
  const records = withPoints(given, options.decimal);
  const name = targetName(records, options.target);
  const target = columnIndex(records, name);
  const training = new Uint8Array(records.rows.length).fill(options.rows ? 0 : 1);
  for (const row of Array.from(options.rows ?? [])) training[row] = 1;
  const profiles = profilesOf(records, name, options);
  const missing = targetMissing(options);
  records.rows.forEach((cells, row) => {
    if (missing(cells[target] as string)) return;
    const line = records.lines?.[row] ?? row + 1;
    for (let c = 0; c < profiles.length; c++)
      profiles[c]?.add(cells[c] as string, line, training[row] === 1);
  });
  return preprocessingFrom(records, profiles, options);
}

/** The task, and its classes or scale, by all rows with a target. */
export function fitTarget(records: Records, options: FitTableOptions = {}): TargetColumn {
  const name = targetName(records, options.target);
  const at = columnIndex(records, name);
  const missing = targetMissing(options);
  const profile = new ColumnProfile(name, missing);
  records.rows.forEach((cells, row) => {
    profile.add(cells[at] as string, records.lines?.[row] ?? row + 1, true);
  });
  return targetFrom(records.name, profile, options, new Notes(), undefined);
}

/** The same from what the columns hold. */
export function preprocessingFrom(
  { name, commas = [] }: Pick<Records, 'name' | 'commas'>,
  profiles: readonly ColumnProfile[],
  options: FitTableOptions,
): TablePreprocessing {
  const wanted = targetName({ name, columns: profiles.map((p) => p.name) }, options.target);
  const target = profiles.find((p) => p.name === wanted) as ColumnProfile;
  const notes = new Notes();
  const decimal = (column: string) => (commas.includes(column) ? ',' : undefined);
  const fitted = targetFrom(name, target, options, notes, decimal(wanted));
  const columns = profiles.flatMap((p) => {
    if (p === target) return [];
    const type = typeOf(p.name, options);
    return fitColumn(name, p, { type, decimal: decimal(p.name) }, notes) ?? [];
  });
  if (columns.length === 0) {
    throw new DataError(
      `${name}: no column to learn from beside "${wanted}" (${notes.list().join('; ')})`,
    );
  }
  const missing = missingTexts(options);
  return {
    kind: 'table',
    columns,
    target: fitted,
    ...(missing ? { missing } : {}),
    notes: notes.list(),
  };
}

/** The note on rows without a target. */
export function lostRows(n: number, target: string): string {
  return `${n} ${n === 1 ? 'row' : 'rows'} without "${target}" left out`;
}
