import { isExact, type Missing, numberIn, wordsOf } from '../formats/cells.ts';

/** Different texts, words and odd cells of a column that are kept; beyond, only their number matters. */
const DISTINCT = 10_000;
const ODD = 10;
/** Odd words in many rows that a column of numbers may have; so many different numbers must be beside them. */
const ODD_OFTEN = 3;
const MANY_NUMBERS = 20;

/** What a cell holds that a column of numbers does not. */
export interface Odd {
  readonly cell: string;
  readonly line: number;
}

/**
 * What a column holds, cell by cell. Its kind is decided by all rows; mean, variance and categories by the training rows
 * alone.
 */
export class ColumnProfile {
  readonly name: string;
  readonly #missing: Missing;
  /** Words of the cells, where they are asked for. */
  readonly #words: Map<string, number> | undefined;
  /** Cells, those with a value, those that are numbers. */
  cells = 0;
  filled = 0;
  numbers = 0;
  /** Training rows with the cell missing, and with a number. */
  trainingMissing = 0;
  #trainingNumbers = 0;
  #mean = 0;
  #squares = 0;
  #integers = true;
  #exact = true;
  #rising = true;
  #last = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  readonly #distinct = new Map<string, number>();
  readonly #distinctNumbers = new Set<number>();
  readonly #odd = new Map<string, Odd>();

  constructor(name: string, missing: Missing, { words = false } = {}) {
    this.name = name;
    this.#missing = missing;
    this.#words = words ? new Map() : undefined;
  }

  add(cell: string, line: number, training: boolean): void {
    this.cells++;
    if (this.#missing(cell)) {
      if (training) this.trainingMissing++;
      return;
    }
    this.filled++;
    count(this.#distinct, cell, training);
    if (this.#words) for (const word of wordsOf(cell)) count(this.#words, word, training);
    const value = numberIn(cell);
    if (!Number.isNaN(value)) this.#addNumber(value, training);
    else if (this.#odd.size < ODD + 1 && !this.#odd.has(cell)) this.#odd.set(cell, { cell, line });
  }

  /** Mean and squared deviations one value at a time (Welford 1962). */
  #addNumber(value: number, training: boolean): void {
    this.#rising &&= this.numbers === 0 || value === this.#last + 1;
    this.#last = value;
    this.numbers++;
    this.#integers &&= Number.isInteger(value);
    this.#exact &&= isExact(value);
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    if (this.#distinctNumbers.size < DISTINCT) this.#distinctNumbers.add(value);
    if (!training) return;
    const delta = value - this.#mean;
    this.#trainingNumbers++;
    this.#mean += delta / this.#trainingNumbers;
    this.#squares += delta * (value - this.#mean);
  }

  /** All filled cells are numbers, or nearly all and the rest a few words such as "unknown". */
  get mostlyNumbers(): boolean {
    return this.numbers > 0 && this.fewOdd && this.numbers >= 0.95 * this.filled;
  }

  /** The same, or at least half are numbers, many different ones, beside up to three words. */
  get numeric(): boolean {
    const { numbers, filled, odd } = this;
    const various = this.#distinctNumbers.size > Math.min(MANY_NUMBERS, numbers / 2);
    const markers = odd.length <= ODD_OFTEN && numbers >= filled / 2;
    return this.mostlyNumbers || (markers && various);
  }

  /** At most ten different cells are no numbers. */
  get fewOdd(): boolean {
    return this.odd.length <= ODD;
  }

  /** Cells that are no numbers, up to one more than a column of numbers may have. */
  get odd(): readonly Odd[] {
    return [...this.#odd.values()];
  }

  get integers(): boolean {
    return this.#integers && this.numbers > 0;
  }

  /** All numbers are told apart in f64. */
  get exact(): boolean {
    return this.#exact;
  }

  /** Whole numbers that count the rows. */
  get counts(): boolean {
    return this.integers && this.#rising && this.numbers === this.cells && this.cells > 2;
  }

  /** Different values: numbers where the column is numeric, else texts. */
  get distinct(): number {
    return this.numeric && this.#exact ? this.#distinctNumbers.size : this.#distinct.size;
  }

  /** More different values than are kept. */
  get full(): boolean {
    return this.distinct >= DISTINCT;
  }

  get values(): readonly number[] {
    return [...this.#distinctNumbers].sort((a, b) => a - b);
  }

  get texts(): readonly string[] {
    return [...this.#distinct.keys()].sort();
  }

  /** Texts of the training rows, the most frequent first, ties by name. */
  get trainingTexts(): readonly string[] {
    return byFrequency(this.#distinct);
  }

  /** Words in cells of the training rows, the most frequent first, ties by name. */
  get trainingWords(): readonly string[] {
    return byFrequency(this.#words ?? new Map());
  }

  get mean(): number {
    return this.#mean;
  }

  /** Standard deviation over the training rows (divided by their number); 0 where they are equal but for rounding. */
  get std(): number {
    const variance = this.#trainingNumbers > 0 ? this.#squares / this.#trainingNumbers : 0;
    const std = Math.sqrt(variance);
    return std <= 1e-12 * Math.max(Math.abs(this.#min), Math.abs(this.#max)) ? 0 : std;
  }
}

/** Counts a text that occurs once more, in a training row or not. */
function count(seen: Map<string, number>, text: string, training: boolean): void {
  const before = seen.get(text);
  if (before !== undefined || seen.size < DISTINCT)
    seen.set(text, (before ?? 0) + (training ? 1 : 0));
}

function byFrequency(seen: ReadonlyMap<string, number>): string[] {
  const known = [...seen].filter(([, n]) => n > 0);
  return known.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([text]) => text);
}
