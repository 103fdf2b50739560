import type { Missing } from '../formats/cells.ts';
import type { CsvOptions, Records } from '../formats/csv.ts';
import { commaColumns, type Decimal, decimalMarks } from '../formats/decimals.ts';
import { csvBatches } from '../formats/later.ts';
import type { TextSource } from '../formats/text.ts';
import { checkOptions, DataError, shown, TypeMismatchError } from '../runtime/errors.ts';
import type { Dataset } from './dataset.ts';
import { fileChunks } from './file.ts';
import { lostRows, preprocessingFrom, profilesOf, targetName } from './fitTable.ts';
import { encode, type TablePreprocessing } from './preprocess.ts';
import { Random } from './random.ts';
import type { Fractions, Part } from './split.ts';
import { checkFit, FIT_OPTIONS, type FitTableOptions, targetMissing } from './tableOptions.ts';

export interface CsvStreamOptions
  extends FitTableOptions,
    Pick<CsvOptions, 'name' | 'delimiter' | 'columns'> {
  /** Share of each part, default 90 %, 5 %, 5 %. Each row's part is drawn on its own. */
  readonly fractions?: Fractions;
  readonly seed?: number;
}

export interface BatchOptions {
  /** Default 32. */
  readonly batchSize?: number;
  /** Rows among which the next one is drawn; 0 keeps the order of the file. Default 10,000. */
  readonly shuffleRows?: number;
}

interface Batch {
  readonly x: Dataset['x'];
  readonly y: Dataset['y'];
}

const FRACTIONS: Fractions = { train: 0.9, dev: 0.05, test: 0.05 };

/** A number in [0, 1) for a row (the finalizer of MurmurHash3). */
function draw(row: number, seed: number): number {
  let h = (Math.imul(row, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** A row with the line where it begins. */
interface Row {
  readonly cells: readonly string[];
  readonly line: number;
}

/** A table too large for memory: two passes have found what its columns hold, each epoch is another. */
export class CsvStream {
  readonly preprocessing: TablePreprocessing;
  readonly sizes: Readonly<Record<Part, number>>;
  readonly #table: Table;
  #epochs = 0;

  constructor(
    table: Table,
    preprocessing: TablePreprocessing,
    sizes: Readonly<Record<Part, number>>,
  ) {
    this.#table = table;
    this.preprocessing = preprocessing;
    this.sizes = sizes;
  }

  /** Batches of a part for `model.fit(stream)`; each call of the result is a new pass in another order. */
  batches(part: Part, options: BatchOptions = {}): () => AsyncGenerator<Batch> {
    checkOptions('batches', options, ['batchSize', 'shuffleRows']);
    const { batchSize = 32, shuffleRows = 10_000 } = options;
    return () => {
      const random = new Random(this.#table.seed, ++this.#epochs);
      return this.#batches(shuffled(this.#rows(part), shuffleRows, random), batchSize);
    };
  }

  /** All rows of a part in memory, for validation. */
  async dataset(part: Part): Promise<Dataset> {
    const rows: Row[] = [];
    for await (const row of this.#rows(part)) rows.push(row);
    if (rows.length === 0) throw new DataError(`${this.#table.name}: no rows for "${part}"`);
    return this.#encode(rows);
  }

  async *#rows(part: Part): AsyncGenerator<Row> {
    for await (const row of rowsOf(this.#table)) if (row.part === part) yield row;
  }

  async *#batches(rows: AsyncGenerator<Row>, batchSize: number): AsyncGenerator<Batch> {
    let batch: Row[] = [];
    for await (const row of rows) {
      if (batch.push(row) < batchSize) continue;
      yield this.#encode(batch);
      batch = [];
    }
    if (batch.length > 0) yield this.#encode(batch);
  }

  #encode(rows: readonly Row[]): Dataset {
    const { name, columns } = this.#table;
    return encode(this.preprocessing, {
      name,
      columns,
      rows: rows.map((r) => r.cells),
      lines: rows.map((r) => r.line),
    });
  }
}

/** Where the rows come from, and which part each belongs to. */
interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  readonly target: number;
  readonly missing: Missing;
  readonly seed: number;
  readonly fractions: Fractions;
  readonly pass: () => AsyncGenerator<Records>;
}

/** The rows that have a target; `lost` is told of each other one. */
async function* rowsOf(
  table: Table,
  lost?: () => void,
): AsyncGenerator<Row & { readonly part: Part }> {
  const { target, missing, seed, fractions, pass } = table;
  let index = 0;
  for await (const { rows, lines = [] } of pass()) {
    for (const [i, cells] of rows.entries()) {
      const at = draw(index++, seed);
      const part =
        at < fractions.train ? 'train' : at < fractions.train + fractions.dev ? 'dev' : 'test';
      if (missing(cells[target] as string)) lost?.();
      else yield { cells, line: lines[i] ?? index, part };
    }
  }
}

const STREAM_OPTIONS = [...FIT_OPTIONS, 'name', 'delimiter', 'columns', 'fractions', 'seed'];

export async function openCsvStream(
  source: string | (() => TextSource),
  options: CsvStreamOptions = {},
): Promise<CsvStream> {
  checkFit('openCsvStream', options, STREAM_OPTIONS);
  const { fractions = FRACTIONS, seed = 0 } = options;
  const { name, columns, commas, pass } = await openPasses(source, options);
  const wanted = targetName({ name, columns }, options.target);
  const target = columns.indexOf(wanted);
  const missing = targetMissing(options);
  const table = { name, columns, target, missing, seed, fractions, pass };
  const profiles = profilesOf({ name, columns }, wanted, options);
  const sizes = { train: 0, dev: 0, test: 0 };
  let lost = 0;
  for await (const { cells, line, part } of rowsOf(table, () => lost++)) {
    sizes[part]++;
    for (let c = 0; c < profiles.length; c++)
      profiles[c]?.add(cells[c] as string, line, part === 'train');
  }
  if (sizes.train === 0) throw new DataError(`${name}: no rows to train on`);
  const fitted = preprocessingFrom({ name, commas }, profiles, options);
  const notes = lost > 0 ? [lostRows(lost, wanted), ...fitted.notes] : fitted.notes;
  return new CsvStream(table, { ...fitted, notes }, sizes);
}

/** A first pass finds the columns and their decimal commas; `pass` gives the rows with points anew. */
async function openPasses(source: string | (() => TextSource), options: CsvStreamOptions) {
  const text = typeof source === 'string' ? () => fileChunks(source) : source;
  if (typeof text !== 'function')
    throw new TypeMismatchError(
      `openCsvStream: got ${shown(source)}, expected a path or a function`,
    );
  const name = options.name ?? (typeof source === 'string' ? source : 'CSV');
  const { delimiter, columns: header, decimal } = options;
  const given = { name, ...(delimiter && { delimiter }), ...(header && { columns: header }) };
  const first = () => csvBatches(text(), given);
  const marks = decimal === undefined ? await decimalMarks(first()) : undefined;
  const columns = marks?.columns ?? (await firstColumns(first()));
  const commas = marks?.commas ?? commaColumns({ name, columns }, decimal as Decimal);
  return { name, columns, commas, pass: () => csvBatches(text(), { ...given, decimal: commas }) };
}

async function firstColumns(batches: AsyncIterable<Records>): Promise<readonly string[]> {
  for await (const { columns } of batches) return columns;
  return [];
}

/** Keeps `size` rows, and gives one of them for each that comes. */
async function* shuffled(
  rows: AsyncGenerator<Row>,
  size: number,
  random: Random,
): AsyncGenerator<Row> {
  const kept: Row[] = [];
  for await (const row of rows) {
    if (kept.push(row) <= size) continue;
    const k = random.below(kept.length);
    const chosen = kept[k] as Row;
    kept[k] = kept.at(-1) as Row;
    kept.pop();
    yield chosen;
  }
  yield* random.shuffle(kept);
}
