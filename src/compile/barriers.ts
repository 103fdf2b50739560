import { type Buffer, END, type Pointer, REPEAT, type Row } from '../runtime/row.ts';
import type { Work } from '../runtime/turns.ts';

/** What a row does to a piece of memory, and how threads split it. */
interface Access {
  /** All that it may touch, in all iterations. */
  readonly low: number;
  readonly high: number;
  readonly writes: boolean;
  /** Where it begins in the first iteration, how many bytes it is long, and by what it moves: a multiple of `stride`, or 0. */
  readonly at: number;
  readonly bytes: number;
  readonly stride: number;
  /** Written with what all others write to it, in any order. */
  readonly flag: boolean;
  /**
   * Bytes of one thread's unit and number of units, 0 for a kernel without units (the first thread does all, of a single
   * unit the last one); null when threads touch more than their share.
   */
  readonly split: { readonly unitBytes: number; readonly units: number } | null;
}

/** Accesses since the last barrier, beyond which one is set without asking: keeps compiling linear. */
const LIMIT = 64;
/** The same in loops, where a barrier costs most. */
const LOOP_LIMIT = 512;

/**
 * Before which rows the threads must meet: where a row touches what an earlier one wrote (or writes what it read), unless
 * both split that memory in the same way, so that each thread meets only its own work.
 */
export function* placeBarriers(
  rows: readonly Row[],
  addressOf: (p: Pointer) => number,
): Work<boolean[]> {
  const barriers = rows.map(() => false);
  const all = rows.map((row) => accesses(row, addressOf));
  const ends = loopEnds(rows);
  const loops: number[] = [];
  let recent: Access[] = [];
  const visit = (i: number) => {
    const own = all[i] as Access[];
    // What a body would wait for in each iteration is waited for once, in front of the loop.
    const end = ends.get(i);
    const met = end ? all.slice(i, end + 1).flat() : own;
    const full = recent.length + own.length > (loops.length ? LOOP_LIMIT : LIMIT);
    if (barriers[i] || full || conflicts(met, recent)) {
      barriers[i] = true;
      recent = [];
    }
    recent.push(...own.filter((a) => !recent.some((b) => same(a, b))));
  };
  for (const [i, row] of rows.entries()) {
    yield;
    visit(i);
    if (row.kernel === REPEAT) loops.push(i);
    if (row.kernel !== END) continue;
    // A second walk through the body finds what one iteration leaves for the next.
    const start = loops.at(-1) as number;
    for (let k = start + 1; k <= i; k++) visit(k);
    loops.pop();
  }
  return barriers;
}

/** For each `repeat` the row of its `end`. */
function loopEnds(rows: readonly Row[]): Map<number, number> {
  const open: number[] = [];
  const ends = new Map<number, number>();
  rows.forEach(({ kernel }, i) => {
    if (kernel === REPEAT) open.push(i);
    if (kernel === END) ends.set(open.pop() as number, i);
  });
  return ends;
}

function conflicts(own: readonly Access[], recent: readonly Access[]): boolean {
  return own.some((a) =>
    recent.some(
      (b) => (a.writes || b.writes) && overlap(a, b) && !(a.flag && b.flag) && !agree(a, b),
    ),
  );
}

function overlap(a: Access, b: Access): boolean {
  return a.low < b.high && b.low < a.high;
}

/**
 * One unit: the first thread does all of both. Otherwise the same units at the same place, or at places that never meet: whole
 * strides apart, where none is longer than the stride.
 */
function agree(a: Access, b: Access): boolean {
  if (!a.split || !b.split) return false;
  if (a.split.units <= 1 && b.split.units <= 1) return true;
  if (a.split.units !== b.split.units || a.split.unitBytes !== b.split.unitBytes) return false;
  if (a.at === b.at && a.stride === 0 && b.stride === 0) return true;
  const stride = divisor(a.stride, b.stride);
  return stride >= Math.max(a.bytes, b.bytes) && (a.at - b.at) % stride === 0;
}

const FACTS = ['low', 'high', 'writes', 'flag', 'at', 'bytes', 'stride'] as const;

function same(a: Access, b: Access): boolean {
  const split = a.split?.units === b.split?.units && a.split?.unitBytes === b.split?.unitBytes;
  return split && FACTS.every((fact) => a[fact] === b[fact]);
}

/** The greatest number that divides both. */
function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

function accesses(row: Row, addressOf: (p: Pointer) => number): Access[] {
  const { types, unit } = row.kernel;
  const units = unit < 0 ? 0 : unitsOf(row);
  const control = row.kernel === REPEAT || row.kernel === END;
  const serial = !control && units <= 1 ? { unitBytes: 0, units } : null;
  return row.args.flatMap((arg, a) => {
    const type = types[a] ?? '';
    if (typeof arg === 'number' || !MEMORY.has(type) || isNone(arg)) return [];
    const at = addressOf(arg);
    const { bytes, strides = [] } = arg;
    const stride = strides.reduce((sum, [, step]) => divisor(sum, Math.abs(step)), 0);
    const reach = strides.length > 0 ? rangeOf(arg, addressOf) : { low: at, high: at + bytes };
    const split = serial ?? (OWN.has(type) ? splitOf(row, arg) : null);
    const writes = WRITES.has(type);
    return [{ ...reach, writes, flag: type === 'Flag', at, bytes, stride, split }];
  });
}

/** Parameters that are places, those of which a thread touches its share alone, and those that are written. */
const MEMORY: ReadonlySet<string> = new Set([
  'Out',
  'In',
  'InOut',
  'InAll',
  'OutAll',
  'Flag',
  'Step',
]);
const OWN: ReadonlySet<string> = new Set(['Out', 'In', 'InOut']);
const WRITES: ReadonlySet<string> = new Set(['Out', 'InOut', 'OutAll', 'Flag']);

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
