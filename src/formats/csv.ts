import { isNode } from '../runtime/environment.ts';
import { checkOptions, DataError, messageOf, OptionError, shown } from '../runtime/errors.ts';
import { checkDecimal, type Decimal, withPoints } from './decimals.ts';
import { columnNames, type Dialect, detectDialect } from './dialect.ts';
import { type TextSource, textPieces } from './text.ts';

/** Rows of a table as text, with the names of its columns. */
export interface Records {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Line of the file where each row begins, from 1. */
  readonly lines?: readonly number[];
  /** What separates the cells in the file. */
  readonly delimiter?: string;
  /** Columns whose decimal commas are points here. */
  readonly commas?: readonly string[];
}

export interface CsvOptions {
  /** What errors call the file. */
  readonly name?: string;
  /** Default: comma, semicolon, tab, | or space, found from the first lines. */
  readonly delimiter?: string;
  /** Names of the columns of a file whose first line is data already. */
  readonly columns?: readonly string[];
  /**
   * `','` or `'.'` for all columns, or the names of those with decimal commas. Default: found column by column from all rows.
   * Cells stay as they are where commas separate them, and where only some rows are at hand (`csvBatches`).
   */
  readonly decimal?: Decimal | undefined;
}

const SAMPLE = 1 << 16;
const LONGEST = 1 << 24;

export async function* csvBatches(
  source: TextSource,
  options: CsvOptions = {},
): AsyncGenerator<Records> {
  checkOptions('readCsv', options, ['name', 'delimiter', 'columns', 'decimal']);
  const { name = 'CSV', delimiter, columns, decimal } = options;
  checkDecimal('readCsv', decimal);
  if (delimiter !== undefined && (typeof delimiter !== 'string' || delimiter.length !== 1))
    throw new OptionError(`readCsv: delimiter is ${shown(delimiter)}, expected one character`);
  const pieces = textPieces(source, name);
  try {
    let text = await pull(pieces, '', SAMPLE);
    const dialect = detectDialect(text, delimiter);
    const rows = new Rows(name, dialect, columns);
    const lines = new Lines(dialect, rows, name);
    while (text !== '') {
      await lines.write(text);
      const batch = rows.take();
      if (batch) yield decimal === undefined ? batch : withPoints(batch, decimal);
      text = await pull(pieces, '', 1);
    }
    await lines.end();
    const last = rows.take();
    if (last) yield decimal === undefined ? last : withPoints(last, decimal);
    rows.checkAny();
  } finally {
    await pieces.return(undefined);
  }
}

export async function readCsv(source: TextSource, options: CsvOptions = {}): Promise<Records> {
  const rows: (readonly string[])[] = [];
  const lines: number[] = [];
  let first: Records | undefined;
  for await (const batch of csvBatches(source, options)) {
    first ??= batch;
    for (const row of batch.rows) rows.push(row);
    for (const line of batch.lines ?? []) lines.push(line);
  }
  const all = { ...(first as Records), rows, lines };
  return options.decimal === undefined && all.delimiter !== ',' ? withPoints(all) : all;
}

/** Adds pieces until the text has the length, or ends. */
async function pull(
  pieces: AsyncGenerator<string>,
  start: string,
  length: number,
): Promise<string> {
  let text = start;
  while (text.length < length) {
    const { done, value } = await pieces.next();
    if (done) break;
    text += value;
  }
  return text;
}

/** Checks rows and collects them. */
class Rows {
  readonly #name: string;
  readonly #delimiter: string;
  #columns: readonly string[] | undefined;
  #rows: string[][] = [];
  #lines: number[] = [];
  #any = false;

  constructor(name: string, dialect: Dialect, columns: readonly string[] | undefined) {
    this.#name = name;
    this.#delimiter = dialect.delimiter;
    this.#columns = columns;
  }

  add(cells: string[], line: number): void {
    if (!this.#columns) {
      this.#columns = columnNames(cells, this.#name);
      return;
    }
    const expected = this.#columns.length;
    if (cells.length !== expected) {
      throw new DataError(
        `${this.#name} line ${line}: ${count(cells.length, 'cell')}, expected ${expected} as in the header`,
      );
    }
    this.#rows.push(cells);
    this.#lines.push(line);
  }

  take(): Records | undefined {
    if (!this.#columns || this.#rows.length === 0) return undefined;
    const batch = {
      name: this.#name,
      columns: this.#columns,
      rows: this.#rows,
      lines: this.#lines,
      delimiter: this.#delimiter,
    };
    this.#rows = [];
    this.#lines = [];
    this.#any = true;
    return batch;
  }

  checkAny(): void {
    if (!this.#columns) throw new DataError(`${this.#name}: the file is empty`);
    if (!this.#any) throw new DataError(`${this.#name}: no rows below the header`);
  }
}

function count(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** Text to rows. Up to the first quote of a file lines and separators say it all; from there on csv-parse reads. */
class Lines {
  readonly #dialect: Dialect;
  readonly #rows: Rows;
  readonly #name: string;
  #rest = '';
  #line = 1;
  #quoted: Quoted | undefined;

  constructor(dialect: Dialect, rows: Rows, name: string) {
    this.#dialect = dialect;
    this.#rows = rows;
    this.#name = name;
  }

  async write(text: string): Promise<void> {
    if (!this.#quoted && text.includes('"')) {
      this.#quoted = await openQuoted(this.#dialect, this.#rows, this.#line, this.#name);
      await this.#quoted.write(this.#rest);
    }
    if (this.#quoted) await this.#quoted.write(text);
    else this.#split(this.#rest + text);
  }

  #split(text: string): void {
    const lines = text.split(this.#dialect.newline);
    this.#rest = lines.pop() as string;
    for (const line of lines) this.#add(line);
    if (this.#rest.length > LONGEST) {
      throw new DataError(
        `${this.#name} line ${this.#line}: longer than ${LONGEST} characters, not a table of text`,
      );
    }
  }

  #add(line: string): void {
    const { delimiter } = this.#dialect;
    const text = line.includes(delimiter) && delimiter !== ' ' ? line : line.trim();
    if (text !== '' && delimiter === ' ') this.#rows.add(text.split(/ +/), this.#line);
    else if (text !== '')
      this.#rows.add(
        line.split(delimiter).map((cell) => cell.trim()),
        this.#line,
      );
    this.#line++;
  }

  async end(): Promise<void> {
    if (this.#quoted) await this.#quoted.end();
    else this.#add(this.#rest);
  }
}

interface Quoted {
  write(text: string): Promise<void>;
  end(): Promise<void>;
}

type CsvParse = Pick<typeof import('csv-parse'), 'parse'>;

/** The build on Node's streams is twice as fast; its name is hidden from bundlers, which take the other one. */
async function loadCsvParse(): Promise<CsvParse> {
  const node = 'csv-parse';
  if (isNode) return (await import(/* @vite-ignore */ /* webpackIgnore: true */ node)) as CsvParse;
  return (await import('csv-parse/browser/esm')) as CsvParse;
}

/** csv-parse from line `first` of a file on. */
async function openQuoted(
  { delimiter, newline }: Dialect,
  rows: Rows,
  first: number,
  name: string,
): Promise<Quoted> {
  const { parse } = await loadCsvParse();
  let failed: unknown;
  let next = first;
  const parser = parse({
    delimiter,
    record_delimiter: newline === '\r' ? '\r' : ['\r\n', '\n'],
    trim: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: LONGEST,
    on_record(cells: string[], { lines }) {
      const end = first + lines - 1;
      const within = cells.reduce((n, cell) => n + cell.split(newline).length - 1, 0);
      next = end + 1;
      try {
        if (!failed) rows.add(cells, end - within);
      } catch (error) {
        failed = error;
      }
      return null;
    },
  });
  const ended = new Promise<void>((resolve, reject) => {
    parser.on('error', (cause) => {
      reject(failed ?? new DataError(`${name} line ${next}: ${quoteProblem(cause)}`, { cause }));
    });
    parser.on('end', resolve);
  });
  ended.catch(() => {});
  parser.resume();
  const settled = async (step: Promise<void>) => {
    await Promise.race([ended, step]);
    if (failed) throw failed;
  };
  return {
    write: (text) => settled(new Promise((resolve) => parser.write(text, () => resolve()))),
    end() {
      parser.end();
      return settled(ended);
    },
  };
}

function quoteProblem(cause: Error & { code?: string }): string {
  switch (cause.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
    case 'CSV_MAX_RECORD_SIZE':
      return 'a quote is opened and not closed';
    case 'INVALID_OPENING_QUOTE':
      return 'a quote in the middle of a cell (the cell must be quoted, its quotes doubled)';
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'text behind a closing quote (quotes within a cell must be doubled)';
    default:
      return messageOf(cause);
  }
}
