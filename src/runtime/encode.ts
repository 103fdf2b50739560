import { WasmgradError } from './errors.ts';
import { END, type Pointer, REPEAT, type Row } from './row.ts';
import { atOnce, type Work } from './turns.ts';

export const BARRIER_BEFORE = 1;

/** What a thread's frame holds (`assembly/run.ts`): indices of the step and so many loops, arguments of a row that moves. */
const MAX_LOOPS = 7;
const MAX_MOVING_ARGUMENTS = 48;

/** The bytes of a program, in the format that `assembly/run.ts` reads. `barriers[i]`: a barrier stands before row i. */
export function encode(
  rows: readonly Row[],
  barriers: readonly boolean[],
  resolve: (pointer: Pointer) => number,
  realBytes: 4 | 8,
): Uint8Array {
  return atOnce(encoding(rows, barriers, resolve, realBytes));
}

/** The same in pieces. */
export function* encoding(
  rows: readonly Row[],
  barriers: readonly boolean[],
  resolve: (pointer: Pointer) => number,
  realBytes: 4 | 8,
): Work<Uint8Array> {
  const sizes = rows.map(rowBytes);
  const out = new DataView(new ArrayBuffer(sizes.reduce((a, b) => a + b, 0)));
  const skips = loopBytes(rows, sizes);
  let at = 0;
  for (const [i, row] of rows.entries()) {
    yield;
    out.setUint16(at, row.kernel.id, true);
    out.setUint16(at + 2, barriers[i] ? BARRIER_BEFORE : 0, true);
    out.setUint16(at + 4, row.args.length, true);
    out.setUint16(at + 6, patches(row).length, true);
    row.args.forEach((arg, a) => {
      const slot = at + 8 + a * 8;
      if (row.kernel === REPEAT && a === 2) out.setUint32(slot, skips[i] as number, true);
      else if (typeof arg === 'number')
        setScalar(out, slot, arg, row.kernel.types[a] ?? '', realBytes);
      else out.setUint32(slot, resolve(arg), true);
    });
    patches(row).forEach(([arg, level, stride], p) => {
      const slot = at + 8 + (row.args.length + p) * 8;
      out.setUint16(slot, arg, true);
      out.setUint16(slot + 2, level, true);
      out.setInt32(slot + 4, stride, true);
    });
    at += sizes[i] as number;
  }
  return new Uint8Array(out.buffer);
}

/** Bytes of a row in memory: a header of 8, then 8 for each argument and each stride. */
export function rowBytes(row: Row): number {
  return 8 * (1 + row.args.length + patches(row).length);
}

function patches(row: Row): [arg: number, level: number, stride: number][] {
  return row.args.flatMap((arg, a) =>
    typeof arg === 'number' || !arg.strides
      ? []
      : arg.strides.map(([level, stride]): [number, number, number] => [a, level, stride]),
  );
}

/** For each `repeat`, the bytes from it to behind its `end`. */
function loopBytes(rows: readonly Row[], sizes: readonly number[]): number[] {
  const open: { row: number; at: number }[] = [];
  const skips: number[] = [];
  let at = 0;
  rows.forEach((row, i) => {
    if (row.kernel === REPEAT) open.push({ row: i, at });
    checkFrame(row, open.length);
    at += sizes[i] as number;
    if (row.kernel !== END) return;
    const start = open.pop();
    if (!start) throw new WasmgradError('program: `end` without `repeat`');
    skips[start.row] = at - start.at;
  });
  if (open.length) throw new WasmgradError('program: `repeat` without `end`');
  return skips;
}

function checkFrame(row: Row, depth: number): void {
  if (depth > MAX_LOOPS)
    throw new WasmgradError(`program: ${depth} nested loops, at most ${MAX_LOOPS}`);
  if (row.args.length <= MAX_MOVING_ARGUMENTS || patches(row).length === 0) return;
  throw new WasmgradError(
    `program: kernel ${row.kernel.id} moves with ${row.args.length} arguments, at most ${MAX_MOVING_ARGUMENTS}`,
  );
}

function setScalar(out: DataView, at: number, value: number, type: string, realBytes: 4 | 8): void {
  if (type === 'f64' || (type === 'real' && realBytes === 8)) out.setFloat64(at, value, true);
  else if (type === 'real') out.setFloat32(at, value, true);
  else if (type === 'i32') out.setInt32(at, value, true);
  else out.setUint32(at, value, true);
}
