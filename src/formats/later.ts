import { later } from '../runtime/later.ts';
import type { CsvOptions, Records } from './csv.ts';
import type { TextSource } from './text.ts';

const idx = () => import('./idx.ts');
const npy = () => import('./npy.ts');
const safetensors = () => import('./safetensors.ts');

/**
 * The rows of comma-separated values (RFC 4180; other separators are recognised) as they arrive, some at a time. Blank
 * lines are skipped, spaces around cells dropped; decimal commas become points where `decimal` says so. Throws `DataError` with the
 * line for rows with more or fewer cells than the header, for quotes out of place and for a first line that is data.
 */
export async function* csvBatches(
  source: TextSource,
  options: CsvOptions = {},
): AsyncGenerator<Records> {
  yield* (await import('./csv.ts')).csvBatches(source, options);
}

/**
 * All rows of a table of comma-separated values, as `csvBatches` reads them. Without `decimal` the rows themselves tell which columns
 * have decimal commas, unless commas separate the cells: those with 1,5 somewhere and 1.5 nowhere. Commas that may be of thousands (1,234)
 * are decimals where another column has sure ones, or no column has points.
 */
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

/**
 * The array of a .npy file (versions 1 to 3), in C order. float16 becomes f32, int64 becomes i32. Throws `DataError` naming
 * `file`. Format: NumPy, `numpy.lib.format`.
 */
export const readNpy = later(npy, 'readNpy');

/** A .npy file in C order. `dtype` asks for I64 from i32 or BOOL from u8. */
export const writeNpy = later(npy, 'writeNpy');

/**
 * The tensors of a safetensors file: length of the header as u64, the header as JSON, then the elements, little-endian and
 * without gaps. F16 and BF16 become f32, I64 becomes i32. Throws `DataError` naming `file` and tensor for anything that
 * does not agree. Format: https://github.com/huggingface/safetensors.
 */
export const readSafetensors = later(safetensors, 'readSafetensors');

/**
 * A safetensors file. The type follows from the data (f32, f64, i32, u8); `dtype` asks for I64 from i32 or BOOL from u8.
 * Throws `OptionError` for names that are taken, `DataError` for data that do not have their shape.
 */
export const writeSafetensors = later(safetensors, 'writeInTurns');
