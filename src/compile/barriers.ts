import { type Buffer, END, type Pointer, REPEAT, type Row } from '../runtime/row.ts';
import type { Work } from '../runtime/turns.ts';

/** What a row does to a piece of memory, and how threads split it. */
interface Access {
  readonly low: number;
  readonly high: number;
  readonly writes: boolean;
  /**
   * Bytes of one thread's unit and number of units, 0 for a kernel without units (the first thread does all, of a single
   * unit the last one); null when threads touch more than their share.
   */
  readonly split: { readonly unitBytes: number; readonly units: number } | null;
}

/** Accesses since the last barrier, beyond which one is set without asking: keeps compiling linear. */
const LIMIT = 64;

/**
 * Before which rows the threads must meet: where a row touches what an earlier one wrote (or writes what it read), unless
 * both split that memory in the same way, so that each thread meets only its own work.
 */
export function* placeBarriers(
  rows: readonly Row[],
  addressOf: (p: Pointer) => number,
): Work<boolean[]> {
  const barriers = rows.map(() => false);
  let recent: Access[] = [];
  const visit = (row: Row, i: number) => {
    const own = accesses(row, addressOf);
    if (barriers[i] || recent.length + own.length > LIMIT || conflicts(own, recent)) {
      barriers[i] = true;
      recent = [];
    }
    recent.push(...own);
  };
  const loops: number[] = [];
  for (const [i, row] of rows.entries()) {
    yield;
    if (row.kernel === REPEAT) loops.push(i);
    visit(row, i);
    if (row.kernel !== END) continue;
    // A second walk through the body finds what one iteration leaves for the next.
    const start = loops.pop() as number;
    for (let k = start + 1; k <= i; k++) visit(rows[k] as Row, k);
  }
  return barriers;
}

function conflicts(own: readonly Access[], recent: readonly Access[]): boolean {
  return own.some((a) =>
    recent.some((b) => (a.writes || b.writes) && overlap(a, b) && !agree(a, b)),
  );
}

function overlap(a: Access, b: Access): boolean {
  return a.low < b.high && b.low < a.high;
}

/** One unit: the first thread does all of both. Otherwise the same units at the same place. */
function agree(a: Access, b: Access): boolean {
  if (!a.split || !b.split) return false;
  if (a.split.units <= 1 && b.split.units <= 1) return true;
  return (
    a.low === b.low && a.split.units === b.split.units && a.split.unitBytes === b.split.unitBytes
  );
}

function accesses(row: Row, addressOf: (p: Pointer) => number): Access[] {
  const { types, unit } = row.kernel;
  const units = unit < 0 ? 0 : unitsOf(row);
  const serial = row.kernel !== REPEAT && units <= 1 ? { unitBytes: 0, units } : null;
  return row.args.flatMap((arg, a) => {
    const type = types[a];
    if (typeof arg === 'number' || type === undefined || isNone(arg)) return [];
    const low = addressOf(arg);
    const writes = type === 'Out' || type === 'InOut' || type === 'OutAll';
    const reach =
      (arg.strides ?? []).length > 0 ? rangeOf(arg, addressOf) : { low, high: low + arg.bytes };
    const own = (type === 'Out' || type === 'In' || type === 'InOut') && !arg.strides;
    return [{ ...reach, writes, split: serial ?? (own ? splitOf(row, arg) : null) }];
  });
}

function isNone(p: Pointer): boolean {
  return p.buffer === null && p.offset === 0;
}

/** A pointer that moves may be anywhere in its buffer. */
function rangeOf(p: Pointer, addressOf: (p: Pointer) => number): { low: number; high: number } {
  const buffer = p.buffer as Buffer;
  const low = addressOf({ buffer, offset: 0, bytes: 0 });
  return { low, high: low + Math.max(buffer.bytes, p.offset + p.bytes) };
}

function unitsOf(row: Row): number {
  const { unit } = row.kernel;
  const items = row.args[unit - 1] as number;
  return Math.ceil(items / (row.args[unit] as number));
}

function splitOf(row: Row, p: Pointer): Access['split'] {
  const { unit } = row.kernel;
  const items = row.args[unit - 1] as number;
  return { unitBytes: (p.bytes / items) * (row.args[unit] as number), units: unitsOf(row) };
}
