import { isMissing } from '../formats/cells.ts';
import type { CsvOptions, Records } from '../formats/csv.ts';
import { csvBatches } from '../formats/later.ts';
import type { TextSource } from '../formats/text.ts';
import { checkOptions, DataError, shown, TypeMismatchError } from '../runtime/errors.ts';
import { ColumnProfile } from './columns.ts';
import type { Dataset } from './dataset.ts';
import { fileChunks } from './file.ts';
import { type FitTableOptions, preprocessingFrom, targetName } from './fitTable.ts';
import { encode, type TablePreprocessing } from './preprocess.ts';
import { Random } from './random.ts';
import type { Fractions, Part } from './split.ts';

export interface CsvStreamOptions extends FitTableOptions, CsvOptions {
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

const STREAM_OPTIONS = [
  'fractions',
  'seed',
  'target',
  'task',
  'name',
  'delimiter',
  'columns',
] satisfies (keyof CsvStreamOptions)[];
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

/** A table too large for memory: one pass has found what its columns hold, each epoch is another. */
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
  readonly seed: number;
  readonly fractions: Fractions;
  readonly pass: () => AsyncGenerator<Records>;
}

/** The rows that have a target. */
async function* rowsOf(table: Table): AsyncGenerator<Row & { readonly part: Part }> {
  const { target, seed, fractions, pass } = table;
  let index = 0;
  for await (const { rows, lines = [] } of pass()) {
    for (const [i, cells] of rows.entries()) {
      const at = draw(index++, seed);
      const part =
        at < fractions.train ? 'train' : at < fractions.train + fractions.dev ? 'dev' : 'test';
      if (!isMissing(cells[target] as string)) yield { cells, line: lines[i] ?? index, part };
    }
  }
}

export async function openCsvStream(
  source: string | (() => TextSource),
  options: CsvStreamOptions = {},
): Promise<CsvStream> {
  checkOptions('openCsvStream', options, STREAM_OPTIONS);
  const { fractions = FRACTIONS, seed = 0 } = options;
  const path = typeof source === 'string' ? source : undefined;
  const name = options.name ?? path ?? 'CSV';
  const text = typeof source === 'string' ? () => fileChunks(source) : source;
  if (typeof text !== 'function')
    throw new TypeMismatchError(
      `openCsvStream: got ${shown(source)}, expected a path or a function`,
    );
  const { delimiter, columns: header } = options;
  const given = {
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(header && { columns: header }),
  };
  const pass = () => csvBatches(text(), { ...given, name });
  const columns = await firstColumns(pass);
  const wanted = targetName({ name, columns }, options.target);
  const table = { name, columns, target: columns.indexOf(wanted), seed, fractions, pass };
  const profiles = columns.map((column) => new ColumnProfile(column));
  const sizes = { train: 0, dev: 0, test: 0 };
  for await (const { cells, line, part } of rowsOf(table)) {
    sizes[part]++;
    for (let c = 0; c < profiles.length; c++)
      profiles[c]?.add(cells[c] as string, line, part === 'train');
  }
  if (sizes.train === 0) throw new DataError(`${name}: no rows to train on`);
  return new CsvStream(table, preprocessingFrom(name, profiles, options), sizes);
}

async function firstColumns(pass: () => AsyncGenerator<Records>): Promise<readonly string[]> {
  for await (const { columns } of pass()) return columns;
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
