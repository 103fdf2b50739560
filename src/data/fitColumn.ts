import { isEither } from '../formats/decimals.ts';
import { DataError } from '../runtime/errors.ts';
import type { ColumnProfile, Odd } from './columns.ts';
import type { FeatureColumn } from './preprocess.ts';
import type { ColumnType } from './tableOptions.ts';

/** Categories of a column that get an input of their own, the most frequent; the others count as unknown. */
const CATEGORIES = 256;
/** The same of a column that was asked to be one; words of a column of texts. */
const CATEGORIES_ASKED = 10_000;
const WORDS = 256;
const DATE = /^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4})([T ].*)?$/;
/** Names of columns that number the rows; of those that tell who or what a row is about. */
const ROW_NUMBER = /^(row|rows|index|idx|nr|no|num|number|record|#|unnamed.*)$/i;
const IDENTITY = [/^id$|[\W_]id$/i, /[a-z]I[Dd]$/, /^(zip|zip_?code|postcode|plz)$/i];

function isIdentity(name: string): boolean {
  return IDENTITY.some((pattern) => pattern.test(name));
}

/** Notes, those of one kind in one line. */
export class Notes {
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

/** What was asked of a column, and how its numbers are written. */
export interface Asked {
  readonly type: ColumnType | undefined;
  readonly decimal: ',' | undefined;
}

/** How a column becomes inputs; undefined where it is left out. */
export function fitColumn(
  table: string,
  p: ColumnProfile,
  { type, decimal }: Asked,
  notes: Notes,
): FeatureColumn | undefined {
  const { name } = p;
  if (type === 'drop') return notes.add('left out, as asked', name);
  if (p.filled === 0) {
    if (type === undefined) return notes.add('left out, empty', name);
    throw new DataError(`${table}: column "${name}" has no values, types says "${type}"`);
  }
  const number = { ...(decimal && { decimal }) };
  switch (type) {
    case 'number':
      return { ...askedNumber(table, p, notes), ...number };
    case 'category':
      return askedCategory(p, notes);
    case 'text':
      return askedText(table, p);
    case undefined: {
      const fitted = p.numeric ? fitNumber(p, notes) : fitCategory(p, notes);
      return fitted?.kind === 'number' ? { ...fitted, ...number } : fitted;
    }
  }
}

function fitNumber(p: ColumnProfile, notes: Notes): FeatureColumn | undefined {
  const { name, counts } = p;
  if (counts && (ROW_NUMBER.test(name) || isIdentity(name)))
    return notes.add('left out, it counts the rows', name);
  if (p.std === 0) return notes.add('left out, constant', name);
  if (counts) notes.add('it counts the rows; drop it if they have no order', name);
  else if (p.integers && isIdentity(name) && p.distinct <= p.filled / 2)
    notes.add('read as numbers; as a category each of them is told apart', name);
  return numberColumn(p, notes);
}

function numberColumn(p: ColumnProfile, notes: Notes): FeatureColumn {
  for (const { cell, line } of p.odd)
    notes.add(`"${cell}" (line ${line}) is not a number and counts as missing`, p.name);
  const missing = p.odd.map(({ cell }) => cell);
  return { kind: 'number', name: p.name, mean: p.mean, std: p.std || 1, missing };
}

function askedNumber(table: string, p: ColumnProfile, notes: Notes): FeatureColumn {
  const [odd] = p.odd;
  if (odd && (p.numbers === 0 || !p.fewOdd)) {
    throw new DataError(
      `${table}: column "${p.name}" is "${odd.cell}" in line ${odd.line}, expected a number`,
    );
  }
  return numberColumn(p, notes);
}

function fitCategory(p: ColumnProfile, notes: Notes): FeatureColumn | undefined {
  const { name, distinct } = p;
  const dates = DATE.test(p.texts[0] ?? '') ? ' (dates are read as words)' : '';
  if (distinct > 10 && (distinct > 0.5 * p.filled || p.full))
    return notes.add(`left out, its words differ in most rows${dates}${oddNumbers(p)}`, name);
  const seen = p.trainingTexts;
  if (seen.length + (p.trainingMissing > 0 ? 1 : 0) < 2)
    return notes.add('left out, constant', name);
  if (dates) notes.add('dates are read as words', name);
  else if (oddNumbers(p)) notes.add(`read as words${oddNumbers(p)}`, name);
  return categoryColumn(p, CATEGORIES, notes);
}

/** Why a column that is half of numbers is not one of numbers. */
function oddNumbers({ numbers, filled, odd }: ColumnProfile): string {
  const either = odd.find(({ cell }) => isEither(cell));
  if (either) return `; ${quoted(either)} is a number with thousands or decimals: say decimal`;
  return numbers > 0 && numbers >= filled / 2 && odd[0]
    ? `; ${quoted(odd[0])} is not a number`
    : '';
}

function quoted({ cell, line }: Odd): string {
  return `"${cell}" (line ${line})`;
}

function categoryColumn(p: ColumnProfile, most: number, notes: Notes): FeatureColumn {
  const { name, trainingTexts: seen } = p;
  if (seen.length > most) notes.add(`the ${most} most frequent words are told apart`, name);
  const unknown = p.trainingMissing > 0 || seen.length > most;
  return { kind: 'category', name, categories: seen.slice(0, most).sort(), unknown };
}

function askedCategory(p: ColumnProfile, notes: Notes): FeatureColumn | undefined {
  if (p.trainingTexts.length === 0)
    return notes.add('left out, it has no values in training rows', p.name);
  return categoryColumn(p, CATEGORIES_ASKED, notes);
}

function askedText(table: string, p: ColumnProfile): FeatureColumn {
  const words = p.trainingWords.slice(0, WORDS).sort();
  if (words.length === 0) throw new DataError(`${table}: column "${p.name}" has no words`);
  return { kind: 'text', name: p.name, words };
}
