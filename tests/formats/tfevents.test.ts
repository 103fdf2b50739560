import { expect, test } from 'vitest';
import { crc32c, eventBytes, eventFileStart } from '../../src/formats/tfevents.ts';
import { readEvent, records, slowCrc32c } from '../support/events.ts';

const ascii = (text: string) => new TextEncoder().encode(text);

/** The first three from RFC 3720, B.4. */
test.each([
  [new Uint8Array(32), 0x8a9136aa],
  [new Uint8Array(32).fill(255), 0x62a8ab43],
  [Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  [ascii('123456789'), 0xe3069283],
  [new Uint8Array(0), 0],
])('crc32c of %o', (bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected);
  expect(slowCrc32c(bytes)).toBe(expected);
});

const HISTOGRAM = { low: -1, high: 3, count: 6, sum: 4.5, sumOfSquares: 11.25, bins: [1, 0, 2, 3] };

test('events come back as they were written', () => {
  const scalars = { loss: 0.25, epoch_größe: -3, nan: Number.NaN };
  const bytes = Buffer.concat([
    eventFileStart(1700000000.5),
    eventBytes({ wallTime: 1700000000.5, step: 0, scalars }),
    eventBytes({
      wallTime: 1700000001,
      step: 300_000_000_000,
      histograms: { 'dense/kernel': HISTOGRAM },
    }),
  ]);
  const [start, first, second, ...rest] = records(bytes).map(readEvent);
  expect(rest).toEqual([]);
  expect(start).toMatchObject({ wallTime: 1700000000.5, version: 'brain.Event:2' });
  expect(first).toMatchObject({ wallTime: 1700000000.5, step: 0, scalars });
  expect(second).toMatchObject({ step: 300_000_000_000, scalars: {} });
  expect(second?.histograms).toEqual({
    'dense/kernel': {
      min: -1,
      max: 3,
      num: 6,
      sum: 4.5,
      squares: 11.25,
      limits: [0, 1, 2, 3],
      buckets: [1, 0, 2, 3],
    },
  });
});

test('a damaged byte is noticed', () => {
  const bytes = eventBytes({ wallTime: 1, scalars: { loss: 1 } });
  for (const at of [0, 9, 15, bytes.length - 1]) {
    const damaged = bytes.slice();
    damaged[at] = (damaged[at] as number) ^ 1;
    expect(() => records(damaged)).toThrow();
  }
});
