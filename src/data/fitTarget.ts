import { isMissing } from '../formats/cells.ts';
import { DataError, OptionError } from '../runtime/errors.ts';
import type { ColumnProfile } from './columns.ts';
import type { Notes } from './fitColumn.ts';
import type { TargetColumn } from './preprocess.ts';
import { type FitTableOptions, type Task, typeOf } from './tableOptions.ts';

/** Whether the target are classes or values, and which. */
export function targetFrom(
  table: string,
  p: ColumnProfile,
  options: FitTableOptions,
  notes: Notes,
  decimal: ',' | undefined,
): TargetColumn {
  const { name } = p;
  const where = `${table}: target "${name}"`;
  if (p.filled === 0) throw new DataError(`${where} has no values`);
  const type = typeOf(name, options);
  const chosen = taskOf(p, options);
  if (chosen === 'regression') return { ...values(where, p), ...(decimal && { decimal }) };
  const classNames = classesOf(where, p, type === 'category' || type === 'text');
  const marker = classNames.find((c) => c !== '' && isMissing(c));
  if (marker !== undefined) notes.add(`"${marker}" is a class${missingHint(marker)}`, name);
  return { task: 'classification', name, classNames };
}

function taskOf(p: ColumnProfile, options: FitTableOptions): Task {
  const { task = 'auto' } = options;
  const type = typeOf(p.name, options);
  const byType = type && (type === 'number' ? 'regression' : 'classification');
  if (task !== 'auto') {
    if (task === 'regression' && byType === 'classification')
      throw new OptionError(`types: target "${p.name}" is "${type}", but task is "regression"`);
    return task;
  }
  return byType ?? (!p.mostlyNumbers || fewNumbers(p) ? 'classification' : 'regression');
}

function fewNumbers(p: ColumnProfile): boolean {
  return (
    (p.distinct === 2 || p.distinct <= 0.5 * p.filled) &&
    p.integers &&
    p.odd.length === 0 &&
    p.distinct <= Math.max(20, 0.05 * p.filled) &&
    !p.full
  );
}

/** Numbers are classes by their value, so that 1 and 1.0 are one; other texts as they are. */
function classesOf(where: string, p: ColumnProfile, asText: boolean): readonly string[] {
  const numbers = !asText && p.exact && p.numbers === p.filled;
  const classNames = numbers ? p.values.map(String) : p.texts;
  if (classNames.length === 1)
    throw new DataError(`${where} has one class only ("${classNames[0]}")`);
  const many = classNames.length > 20 && classNames.length > 0.5 * p.filled;
  if (many || p.full) throw tooMany(where, p, classNames.length);
  return classNames;
}

function tooMany(where: string, p: ColumnProfile, classes: number): DataError {
  const [odd] = p.odd;
  const numbers = odd && (p.numbers > 0 || /\d/.test(odd.cell));
  const why = numbers
    ? `, and "${odd.cell}" (line ${odd.line}) is not a number${missingHint(odd.cell)}`
    : '';
  return new DataError(
    `${where} has ${p.full ? 'too many' : classes} different values in ${p.filled} rows, too many for classes${why}`,
  );
}

/** Markers count in the target where they are asked for. */
function missingHint(cell: string): string {
  return isMissing(cell) ? '; name it in `missing` if its rows have no target' : '';
}

function values(where: string, p: ColumnProfile): TargetColumn & { task: 'regression' } {
  const [odd] = p.odd;
  if (odd) {
    throw new DataError(
      `${where} is "${odd.cell}" in line ${odd.line}, expected a number for regression${missingHint(odd.cell)}`,
    );
  }
  if (p.distinct === 1) throw new DataError(`${where} is constant`);
  return { task: 'regression', name: p.name, mean: p.mean, std: p.std || 1 };
}
