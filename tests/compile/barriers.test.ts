import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeBarriers } from '../../src/compile/barriers.ts';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import {
  type Buffer,
  END,
  end,
  type Pointer,
  REPEAT,
  type Row,
  repeat,
} from '../../src/runtime/row.ts';
import { atOnce } from '../../src/runtime/turns.ts';

const BUFFERS: readonly Buffer[] = [0, 1, 2, 3, 4].map((i) => ({ name: `b${i}`, bytes: 512 }));
/** As a plan would have it: the last two share memory with others. */
const BASES = new Map(
  BUFFERS.map((b, i) => [b, [1024, 2048, 3072, 1024, 2048 + 256][i] as number]),
);
const addressOf = ({ buffer, offset }: Pointer) => (BASES.get(buffer as Buffer) as number) + offset;

/** Bytes [low, high) that a thread touches. */
interface Touch {
  readonly low: number;
  readonly high: number;
  readonly writes: boolean;
}

function shareStart(n: number, unit: number, tid: number, threads: number): number {
  return Math.min(n, Math.ceil((Math.ceil(n / unit) * tid) / threads) * unit);
}

/** What thread `tid` touches when it runs the row in the given iterations of its loops. */
function touches(row: Row, iterations: readonly number[], tid: number, threads: number): Touch[] {
  const { types, unit } = row.kernel;
  const shared = unit > 0;
  const [items, size] = shared ? [row.args[unit - 1] as number, row.args[unit] as number] : [1, 1];
  const [first, last] = shared
    ? [tid, tid + 1].map((t) => shareStart(items, size, t, threads))
    : tid === 0
      ? [0, 1]
      : [0, 0];
  if (first === last) return [];
  return row.args.flatMap((arg, a) => {
    if (typeof arg === 'number' || !arg.buffer) return [];
    const type = types[a] as string;
    const moved = (arg.strides ?? []).reduce(
      (sum, [level, bytes]) => sum + (iterations[level - 1] ?? 0) * bytes,
      0,
    );
    const at = addressOf(arg) + moved;
    const whole = type.endsWith('All');
    const item = arg.bytes / items;
    const [low, high] = whole
      ? [at, at + arg.bytes]
      : [at + (first as number) * item, at + (last as number) * item];
    return [{ low, high, writes: type.includes('Out') }];
  });
}

interface Executed {
  readonly row: Row;
  readonly index: number;
  readonly iterations: readonly number[];
}

/** The rows in the order in which they run, loops unrolled. */
function unroll(
  rows: readonly Row[],
  from = 0,
  iterations: readonly number[] = [],
): { order: Executed[]; next: number } {
  const order: Executed[] = [];
  let i = from;
  for (; i < rows.length; i++) {
    const row = rows[i] as Row;
    order.push({ row, index: i, iterations });
    if (row.kernel === END) break;
    if (row.kernel !== REPEAT) continue;
    let next = i;
    for (let k = 0; k < (row.args[0] as number); k++) {
      const body = unroll(rows, i + 1, [...iterations, k]);
      order.push(...body.order);
      next = body.next;
    }
    i = next;
  }
  return { order, next: i };
}

/** Two rows between which no barrier stands although a thread touches what another one writes. */
function race(
  rows: readonly Row[],
  barriers: readonly boolean[],
  threads: number,
): string | undefined {
  let since: { index: number; touches: Touch[][] }[] = [];
  for (const { row, index, iterations } of unroll(rows).order) {
    if (barriers[index]) since = [];
    const own = Array.from({ length: threads }, (_, t) => touches(row, iterations, t, threads));
    for (const earlier of since) {
      const meets = own.some((mine, t) =>
        mine.some((a) =>
          earlier.touches.some(
            (theirs, u) =>
              u !== t &&
              theirs.some((b) => (a.writes || b.writes) && a.low < b.high && b.low < a.high),
          ),
        ),
      );
      if (meets) return `rows ${earlier.index} and ${index} on ${threads} threads`;
    }
    since.push({ index, touches: own });
  }
  return undefined;
}

const COLUMNS = 4;
const place = fc.record({ b: fc.constantFrom(...BUFFERS), half: fc.boolean() });
type Place = { b: Buffer; half: boolean };

const at = ({ b, half }: Place, bytes: number): Pointer => ({
  buffer: b,
  offset: half ? 256 : 0,
  bytes,
});

const plainRow = fc
  .record({
    kind: fc.constantFrom('copy', 'add', 'transpose', 'permutation', 'sum'),
    places: fc.array(place, { minLength: 3, maxLength: 3 }),
    rows: fc.constantFrom(4, 8, 16),
    unit: fc.constantFrom(1, 2, 16),
  })
  .map(({ kind, places, rows, unit }): Row => {
    const bytes = rows * COLUMNS * 4;
    const [x, y, z] = places.map((p) => at(p, bytes)) as [Pointer, Pointer, Pointer];
    const n = rows * COLUMNS;
    if (kind === 'copy') return kernels.copy(x, y, n, unit * COLUMNS);
    if (kind === 'add') return kernels.add(x, y, z, n, unit * COLUMNS);
    if (kind === 'transpose') return kernels.transpose(x, y, rows, unit, COLUMNS);
    if (kind === 'sum') return kernels.sumRows({ ...x, bytes: rows * 4 }, y, rows, unit, COLUMNS);
    return kernels.permutation({ ...x, bytes: rows * 4 }, rows, 1, {
      buffer: null,
      offset: 0,
      bytes: 0,
    });
  });

/** Two copies in a loop, by pointers that move or stay. */
const loop = fc
  .tuple(
    fc.array(fc.tuple(plainRow, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 })), {
      minLength: 1,
      maxLength: 3,
    }),
    fc.boolean(),
  )
  .map(([body, nested]): Row[] => {
    const level = nested ? 2 : 1;
    const rows = body.map(
      ([row, moving]): Row => ({
        kernel: row.kernel,
        args: row.args.map((arg, i) =>
          typeof arg !== 'number' && arg.buffer && moving[i] && arg.offset + arg.bytes < 384
            ? { ...arg, strides: [[level, 64]] }
            : arg,
        ),
      }),
    );
    const inner = [repeat(3), ...rows, end()];
    return nested ? [repeat(2), ...inner, end()] : inner;
  });

/** Rows of stacks: slices of 64 bytes that move by one or two slices, forwards or backwards, some of them beside the others. */
const slice = fc
  .record({
    b: fc.constantFrom(...BUFFERS),
    first: fc.constantFrom(0, 64, 128, 96),
    stride: fc.constantFrom(0, 64, 128, -64),
  })
  .map(({ b, first, stride }): Pointer => {
    const at = { buffer: b, offset: stride < 0 ? first + 192 : first, bytes: 64 };
    return stride ? { ...at, strides: [[1, stride]] } : at;
  });

const stackLoop = fc
  .array(
    fc.tuple(
      fc.array(slice, { minLength: 3, maxLength: 3 }),
      fc.constantFrom(1, 2),
      fc.constantFrom('copy', 'add', 'transpose'),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((body): Row[] => [
    repeat(3),
    ...body.map(([[x, y, z], unit, kind]): Row => {
      const [a, b, c] = [x, y, z] as [Pointer, Pointer, Pointer];
      if (kind === 'copy') return kernels.copy(a, b, 16, unit * COLUMNS);
      if (kind === 'add') return kernels.add(a, b, c, 16, unit * COLUMNS);
      return kernels.transpose(a, b, 4, unit, COLUMNS);
    }),
    end(),
  ]);

const programs = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: plainRow.map((row) => [row]) },
      { weight: 1, arbitrary: loop },
      { weight: 2, arbitrary: stackLoop },
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.flat());

test('between rows that meet in memory stands a barrier, unless threads split it in the same way', () => {
  fc.assert(
    fc.property(programs, (rows) => {
      const barriers = atOnce(placeBarriers(rows, addressOf));
      for (const threads of [2, 3, 5]) expect(race(rows, barriers, threads)).toBeUndefined();
    }),
    { numRuns: 500 },
  );
});

test('none where threads keep to their share, one where they do not', () => {
  const [a, b, c] = BUFFERS.map((buffer) => ({ buffer, offset: 0, bytes: 256 })) as [
    Pointer,
    Pointer,
    Pointer,
  ];
  const chain = [kernels.copy(b, a, 64, 4), kernels.add(b, b, a, 64, 4), kernels.copy(c, b, 64, 4)];
  expect(atOnce(placeBarriers(chain, addressOf))).toEqual([false, false, false]);
  const mixed = [
    kernels.copy(b, a, 64, 4),
    kernels.copy(c, b, 64, 8),
    kernels.transpose(a, c, 16, 1, 4),
  ];
  expect(atOnce(placeBarriers(mixed, addressOf))).toEqual([false, true, true]);
});

test('a missing barrier is found by the simulation', () => {
  const [a, b, c] = BUFFERS.map((buffer) => ({ buffer, offset: 0, bytes: 256 })) as [
    Pointer,
    Pointer,
    Pointer,
  ];
  const rows = [kernels.copy(b, a, 64, 4), kernels.transpose(c, b, 16, 1, 4)];
  expect(race(rows, [false, false], 2)).toBe('rows 0 and 1 on 2 threads');
});

const stack = (b: number, slot: number, stride = 64): Pointer => ({
  buffer: BUFFERS[b] as Buffer,
  offset: slot * 64,
  bytes: 64,
  strides: [[1, stride]],
});

test('a loop whose rows split stacks alike meets in front of it only', () => {
  const whole: Pointer = { buffer: BUFFERS[1] as Buffer, offset: 0, bytes: 256 };
  const rows = [
    kernels.transpose(whole, { ...whole, buffer: BUFFERS[2] as Buffer }, 16, 1, 4),
    repeat(3),
    // The state of t + 1 from that of t and row t of the input.
    kernels.add(stack(0, 1), stack(0, 0), stack(1, 0), 16, 4),
    end(),
    kernels.transpose(
      { ...whole, buffer: BUFFERS[2] as Buffer },
      { ...whole, buffer: BUFFERS[0] as Buffer },
      16,
      1,
      4,
    ),
  ];
  expect(atOnce(placeBarriers(rows, addressOf))).toEqual([false, true, false, false, true]);
  const backwards = [
    repeat(3),
    kernels.add(stack(0, 2, -64), stack(0, 3, -64), stack(1, 3, -64), 16, 4),
    end(),
  ];
  expect(atOnce(placeBarriers(backwards, addressOf))).toEqual([false, false, false]);
});

test('one where slices of a stack do not lie whole strides apart, or are split in other units', () => {
  const off = { ...stack(0, 1), offset: 96 };
  const beside = [repeat(3), kernels.add(off, stack(0, 0), stack(1, 0), 16, 4), end()];
  expect(atOnce(placeBarriers(beside, addressOf))).toContain(true);
  expect(race(beside, [false, false, false], 2)).toBe('rows 1 and 1 on 2 threads');
  const units = [
    repeat(3),
    kernels.copy(stack(0, 1), stack(1, 0), 16, 8),
    kernels.copy(stack(1, 1), stack(0, 0), 16, 4),
    end(),
  ];
  expect(atOnce(placeBarriers(units, addressOf)).some(Boolean)).toBe(true);
  expect(race(units, [false, false, false, false], 3)).toMatch(/^rows \d and \d on 3 threads/);
});

test('an end that asks a number waits for it', () => {
  const flag = { buffer: BUFFERS[2] as Buffer, offset: 0, bytes: 4 };
  const rows = [repeat(3), kernels.sumRows(flag, stack(1, 0), 1, 1, 16), end(flag)];
  expect(atOnce(placeBarriers(rows, addressOf))).toEqual([false, true, true]);
});
