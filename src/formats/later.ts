import { later } from '../runtime/later.ts';
import type { CsvOptions, Records } from './csv.ts';
import type { TextSource } from './text.ts';

const idx = () => import('./idx.ts');

/**
 * The rows of comma-separated values (RFC 4180; other separators are recognised) as they arrive, some at a time. Blank
 * lines are skipped, spaces around cells dropped, decimal commas turned into points. Throws `DataError` with the line
 * for rows with more or fewer cells than the header, for quotes out of place and for a first line that is data.
 */
export async function* csvBatches(
  source: TextSource,
  options: CsvOptions = {},
): AsyncGenerator<Records> {
  yield* (await import('./csv.ts')).csvBatches(source, options);
}

/** All rows of a table of comma-separated values, as `csvBatches` reads them. */
export const readCsv = later(() => import('./csv.ts'), 'readCsv');

/**
 * The array in an IDX file, the format of MNIST: two zero bytes, element type, number of axes, sizes, elements. gzip is
 * undone. Throws `DataError` naming `name` when the bytes are not such a file, are damaged, or are fewer or more than the
 * header promises; memory is taken only when they can hold what it promises.
 */
export const readIdx = later(idx, 'readIdx');

/** The bytes of an IDX file with the array; what `readIdx` undoes. */
export const writeIdx = later(idx, 'writeIdx');

/** A picture of bytes [height, width, channels], row by row from the top, as PNG (ISO/IEC 15948). */
export const writePng = later(() => import('./png.ts'), 'writePng');
