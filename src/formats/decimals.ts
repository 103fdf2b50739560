import { OptionError, shown, unknownName } from '../runtime/errors.ts';
import type { Records } from './csv.ts';

/** What stands before the decimals of all numbers; or the names of the columns that have a comma there. */
export type Decimal = '.' | ',' | readonly string[];

const COMMA = /^[+-]?\d*,\d+([eE][+-]?\d+)?$/;
const POINT = /^[+-]?\d*\.\d+([eE][+-]?\d+)?$/;
/** 1,234 is a number of thousands or one with three decimals. */
const EITHER = /^[+-]?[1-9]\d{0,2},\d{3}$/;
/** 1,234,567 and 1,234.5 can only have thousands. */
const THOUSANDS = /^[+-]?[1-9]\d{0,2}(,\d{3})+(,\d{3}|\.\d+)$/;

/** A cell with decimal comma as others write it. */
export function withPoint(cell: string): string {
  return COMMA.test(cell) ? cell.replace(',', '.') : cell;
}

/** Whether a cell may be a number of thousands or one with three decimals. */
export function isEither(cell: string): boolean {
  return EITHER.test(cell);
}

export function checkDecimal(what: string, decimal: unknown): void {
  const names = Array.isArray(decimal) && decimal.every((c) => typeof c === 'string');
  if (decimal === undefined || decimal === '.' || decimal === ',' || names) return;
  throw new OptionError(
    `${what}: decimal is ${shown(decimal)}, expected "." or ",", or names of columns with commas`,
  );
}

/** What the cells of one column say about their decimals. */
interface Marks {
  comma: boolean;
  /** A comma that no thousands have. */
  sure: boolean;
  point: boolean;
  thousands: boolean;
}

/**
 * Finds the columns with decimal commas, by all cells that it is shown: those with 1,5 somewhere, 1.5 nowhere and no
 * thousands. Where all commas may be thousands (1,234), the other columns decide, then whether commas separate the cells.
 */
export class DecimalMarks {
  #columns: readonly string[] = [];
  #marks: Marks[] = [];
  #separator: string | undefined;

  add({ columns, rows, delimiter }: Records): void {
    if (this.#marks.length === 0) {
      this.#columns = columns;
      this.#separator = delimiter;
      this.#marks = columns.map(() => ({
        comma: false,
        sure: false,
        point: false,
        thousands: false,
      }));
    }
    for (const cells of rows)
      for (let c = 0; c < cells.length; c++) look(cells[c] as string, this.#marks[c] as Marks);
  }

  get columns(): readonly string[] {
    return this.#columns;
  }

  /** Names of the columns with decimal commas. */
  get commas(): readonly string[] {
    const all = this.#marks;
    const anySure = all.some((m) => m.sure && !m.point && !m.thousands);
    const separated = this.#separator !== undefined && this.#separator !== ',';
    const trusted = anySure || (separated && !all.some((m) => m.point));
    return this.#columns.filter((_, c) => {
      const { comma, sure, point, thousands } = all[c] as Marks;
      return comma && !point && !thousands && (sure || trusted);
    });
  }
}

function look(cell: string, marks: Marks): void {
  if (cell.includes(',')) {
    if (COMMA.test(cell)) {
      marks.comma = true;
      marks.sure ||= !EITHER.test(cell);
    } else marks.thousands ||= THOUSANDS.test(cell);
  } else if (!marks.point && cell.includes('.')) marks.point = POINT.test(cell);
}

/** The columns with decimal commas in rows that are read piece by piece. */
export async function decimalMarks(batches: AsyncIterable<Records>): Promise<DecimalMarks> {
  const marks = new DecimalMarks();
  for await (const batch of batches) marks.add(batch);
  return marks;
}

/** The rows with points in place of decimal commas: where `decimal` says so, else where their columns have them. */
export function withPoints(records: Records, decimal?: Decimal): Records {
  const marks = new DecimalMarks();
  if (decimal === undefined) marks.add(records);
  const found = decimal === undefined ? marks.commas : commaColumns(records, decimal);
  const at = found.map((column) => records.columns.indexOf(column)).filter((c) => c >= 0);
  if (at.length === 0) return records;
  const rows = records.rows.map((cells) => {
    const row = [...cells];
    for (const c of at) row[c] = withPoint(row[c] as string);
    return row;
  });
  return { ...records, rows, commas: [...new Set([...(records.commas ?? []), ...found])] };
}

/** The columns for which `decimal` says comma. Throws `OptionError` for those that are not there. */
export function commaColumns(
  { name, columns }: Pick<Records, 'name' | 'columns'>,
  decimal: Decimal,
): readonly string[] {
  if (typeof decimal === 'string') return decimal === ',' ? columns : [];
  for (const column of decimal)
    if (!columns.includes(column)) unknownName(`column of ${name}`, column, columns);
  return decimal;
}
