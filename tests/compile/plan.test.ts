import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Lifetime, lifetimes, plan } from '../../src/compile/plan.ts';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { type Buffer, end, NONE, type Row, repeat } from '../../src/runtime/row.ts';

const lives = fc
  .array(fc.record({ bytes: fc.nat(2000), first: fc.nat(40), length: fc.nat(20) }), {
    maxLength: 60,
  })
  .map(
    (list) =>
      new Map<Buffer, Lifetime>(
        list.map(({ bytes, first, length }, i) => [
          { name: `b${i}`, bytes },
          { first, last: first + length },
        ]),
      ),
  );

const padded = (bytes: number) => Math.max(64, Math.ceil(bytes / 64) * 64);
const sum = (buffers: Iterable<Buffer>) =>
  [...buffers].reduce((total, b) => total + padded(b.bytes), 0);

describe('memory plan', () => {
  test('what lives at the same row does not overlap; the arena holds all and wastes nothing', () => {
    fc.assert(
      fc.property(lives, fc.nat(10), (all, rest) => {
        const { offsets, bytes } = plan(all, true, rest);
        expect(bytes).toBeLessThanOrEqual(sum(all.keys()));
        const placed = [...all].map(([b, life]) => ({
          ...life,
          at: offsets.get(b) as number,
          end: (offsets.get(b) as number) + padded(b.bytes),
        }));
        for (const a of placed) {
          expect(a.at % 64).toBe(0);
          expect(a.end).toBeLessThanOrEqual(bytes);
          for (const b of placed) {
            const together = a !== b && a.first <= b.last && b.first <= a.last;
            if (together) expect(a.end <= b.at || b.end <= a.at).toBe(true);
          }
        }
      }),
    );
  });

  test('without reuse every buffer has a place of its own', () => {
    fc.assert(
      fc.property(lives, (all) => {
        expect(plan(all, false).bytes).toBe(sum(all.keys()));
      }),
    );
  });

  test('a chain of equal buffers needs two places, and one more for each row that memory rests', () => {
    const chain = Array.from(
      { length: 50 },
      (_, i) =>
        [
          { name: `b${i}`, bytes: 640 },
          { first: i, last: i + 1 },
        ] as const,
    );
    expect(plan(new Map(chain), true, 0).bytes).toBe(2 * 640);
    expect(plan(new Map(chain), true, 8).bytes).toBe(10 * 640);
  });
});

test('large memory does not rest', () => {
  const bytes = 2 ** 18;
  const chain = Array.from({ length: 20 }, (_, i) => {
    return [
      { name: `b${i}`, bytes },
      { first: i, last: i + 1 },
    ] as const;
  });
  expect(plan(new Map(chain)).bytes).toBe(2 * bytes);
});

test('what is kept for the way back leaves no gaps, in whichever direction', () => {
  const depth = 12;
  const large = (name: string, bytes: number, first: number, last: number) =>
    [
      { name, bytes: 2 ** 20 + bytes },
      { first, last },
    ] as [Buffer, Lifetime];
  const kept = Array.from({ length: depth }, (_, i) =>
    large(`kept ${i}`, 2 ** 12 * ((7 * i) % depth), i, 2 * depth - i),
  );
  const passing = Array.from({ length: depth }, (_, i) =>
    large(`passing ${i}`, 2 ** 14 * ((5 * i) % depth), i, i),
  );
  const lives = [...kept, ...passing];
  const most = Math.max(
    ...Array.from({ length: 2 * depth + 1 }, (_, row) =>
      sum(lives.flatMap(([b, l]) => (l.first <= row && row <= l.last ? [b] : []))),
    ),
  );
  const mirrored = lives.map(([b, { first, last }]): [Buffer, Lifetime] => {
    return [b, { first: -last, last: -first }];
  });
  expect(plan(new Map(lives)).bytes).toBeLessThan(1.05 * most);
  expect(plan(new Map(mirrored)).bytes).toBe(plan(new Map(lives)).bytes);
});

/** Lifetimes written as `name: first–last` of rows that copy from one buffer to another. */
function livesOf(
  rows: readonly (readonly [to: string, from: string] | 'repeat' | 'end')[],
): Record<string, string> {
  const buffers = new Map<string, Buffer>();
  const pointer = (name: string) => {
    const buffer = buffers.get(name) ?? { name, bytes: 64 };
    buffers.set(name, buffer);
    return name === 'none' ? NONE : { buffer, offset: 0, bytes: 64 };
  };
  const program = rows.map((row): Row => {
    if (row === 'repeat') return repeat(3);
    return row === 'end' ? end() : kernels.copy(pointer(row[0]), pointer(row[1]), 16, 1);
  });
  const found = lifetimes(program, (b) => b.name !== 'bound');
  return Object.fromEntries([...found].map(([b, { first, last }]) => [b.name, `${first}–${last}`]));
}

describe('lifetimes', () => {
  test('from the first to the last row that touches a buffer; bound ones have none', () => {
    expect(
      livesOf([
        ['a', 'bound'],
        ['b', 'a'],
        ['c', 'none'],
        ['bound', 'b'],
      ]),
    ).toEqual({ a: '0–1', b: '1–3', c: '2–2' });
  });

  test('what a loop touches lives as long as the outermost loop', () => {
    expect(
      livesOf([
        ['a', 'bound'],
        'repeat',
        ['b', 'a'],
        'repeat',
        ['c', 'b'],
        'end',
        ['d', 'c'],
        'end',
        ['e', 'd'],
        'repeat',
        ['f', 'e'],
        'end',
      ]),
    ).toEqual({ a: '0–7', b: '1–7', c: '1–7', d: '1–8', e: '8–11', f: '9–11' });
  });
});
