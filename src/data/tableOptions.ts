import { type Missing, oneOf } from '../formats/cells.ts';
import { checkDecimal, type Decimal } from '../formats/decimals.ts';
import { checkOptions, OptionError, shown, unknownName } from '../runtime/errors.ts';

export type Task = 'classification' | 'regression';

/** What a column is read as. */
export type ColumnType = 'number' | 'category' | 'text' | 'drop';

const TYPES: readonly ColumnType[] = ['number', 'category', 'text', 'drop'];

export interface FitTableOptions {
  /** The column to predict, default the last. */
  readonly target?: string | undefined;
  /**
   * Default `auto`: classification for a target of words, or of at most max(20, 5 % of the rows) different whole numbers
   * that occur twice on average; else regression.
   */
  readonly task?: Task | 'auto' | undefined;
  /** `','` or `'.'` for all columns, or the names of those with decimal commas. Default: found column by column from all rows. */
  readonly decimal?: Decimal | undefined;
  /**
   * What columns are read as, by name, whatever their cells look like: `number`; `category`, one input for each text, up to
   * 10,000; `text`, one input for each of the 256 most frequent words; `drop`. Of the target: `number` are values, `category` and
   * `text` are classes by their exact text. Default: by the cells.
   */
  readonly types?: Readonly<Record<string, ColumnType>> | undefined;
  /**
   * Texts that stand for a missing cell, beside the empty one: in features those given here and the usual ones (NA, N/A, #N/A, NaN,
   * null, None, ?, - and others, in any case), in the target only those given here. An empty list: the empty cell alone.
   */
  readonly missing?: readonly (string | number)[] | undefined;
}

export const FIT_OPTIONS = ['target', 'task', 'decimal', 'types', 'missing'] as const;

/** Throws `OptionError` for what is no option, or no value of one. */
export function checkFit(what: string, options: FitTableOptions, known: readonly string[]): void {
  checkOptions(what, options, known);
  const { decimal, missing, types, task = 'auto' } = options;
  checkDecimal(what, decimal);
  if (!['auto', 'classification', 'regression'].includes(task))
    unknownName('task', task, ['auto', 'classification', 'regression']);
  const texts = (list: unknown) =>
    Array.isArray(list) && list.every((t) => ['string', 'number'].includes(typeof t));
  if (missing !== undefined && !texts(missing))
    throw new OptionError(`${what}: missing is ${shown(missing)}, expected a list of texts`);
  if (types === undefined) return;
  if (typeof types !== 'object' || types === null || Array.isArray(types))
    throw new OptionError(`${what}: types are ${shown(types)}, expected { column: type }`);
  for (const [column, type] of Object.entries(types))
    if (!TYPES.includes(type)) unknownName(`type of column "${column}"`, type, TYPES);
}

/** The texts of `missing`, as they are compared with cells. */
export function missingTexts({ missing }: FitTableOptions): readonly string[] | undefined {
  return missing?.map((text) => String(text).trim());
}

/** Whether a cell of the target is missing: markers count where they were asked for. */
export function targetMissing(options: FitTableOptions): Missing {
  return oneOf(missingTexts(options) ?? []);
}

export function typeOf(column: string, { types }: FitTableOptions): ColumnType | undefined {
  return types && Object.hasOwn(types, column) ? types[column] : undefined;
}
