import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ElementType, FileArray } from '../../src/formats/elements.ts';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { DataError, OptionError } from '../../src/runtime/errors.ts';
import { arrays, halves } from '../support/arrays.ts';

/** A file from a header as text and the bytes of its body. */
function file(header: string, body: readonly number[] = [], size?: number | bigint): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(size ?? text.length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
}

function entry(name: string, dtype: string, shape: unknown, offsets: unknown): string {
  return `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: offsets })}`;
}

const named = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), arrays()), {
  selector: ([name]) => name,
  maxLength: 6,
});
const metadata = fc.dictionary(fc.string(), fc.string());
const legal = named.filter((list) => list.every(([name]) => name !== '__metadata__'));

test('what is written is read, bit for bit', () => {
  fc.assert(
    fc.property(legal, metadata, (list, about) => {
      const read = readSafetensors(writeSafetensors(list, about));
      expect(read.metadata).toEqual(about);
      expect(read.tensors.size).toBe(list.length);
      for (const [name, { data, shape }] of list) {
        const found = read.tensors.get(name) as FileArray;
        expect(found.shape).toEqual(shape);
        expect(found.data.constructor).toBe(data.constructor);
        expect(Buffer.from(found.data.buffer)).toEqual(
          Buffer.from(data.buffer, data.byteOffset, data.byteLength),
        );
      }
      expect([...readSafetensors(writeSafetensors(read.tensors, about)).tensors]).toEqual([
        ...read.tensors,
      ]);
    }),
  );
});

test('flipped, cut and added bytes give an array or a DataError', () => {
  fc.assert(
    fc.property(
      legal,
      fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }),
      fc.integer({ min: -20, max: 20 }),
      (list, flips, more) => {
        const good = writeSafetensors(list);
        const bytes = new Uint8Array(Math.max(0, good.length + more));
        bytes.set(good.subarray(0, bytes.length));
        for (const [at, to] of flips) bytes[at % bytes.length] = to;
        try {
          readSafetensors(bytes, 'x');
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
          expect((error as Error).message).toMatch(/^x: .+$/);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

const one = [0, 0, 128, 63];
const BAD: [string, Uint8Array, RegExp][] = [
  ['empty', new Uint8Array(0), /f: 0 bytes are too few/],
  [
    'header longer than the file',
    file('{}', [], 3),
    /header of 3 bytes is promised, the file has 10/,
  ],
  ['absurd header', file('{}', [], 2n ** 64n - 1n), /header of 18446744073709551615 bytes/],
  ['no JSON object', file('[]'), /does not start with "{"/],
  ['damaged JSON', file('{"a"'), /damaged JSON/],
  ['not UTF-8', Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff]), /not UTF-8/],
  [
    'a name twice',
    file(`{${entry('a', 'U8', [1], [0, 1])},${entry('a', 'U8', [1], [1, 2])}}`, [1, 2]),
    /"a" stands twice/,
  ],
  ['a name twice, escaped', file('{"a":1,"\\u0061":2}'), /stands twice/],
  [
    'unknown type',
    file(`{${entry('a', 'F33', [1], [0, 4])}}`, one),
    /a\.dtype: unknown "F33"; did you mean "F32"/,
  ],
  ['type missing', file(`{"a":{"shape":[],"data_offsets":[0,4]}}`, one), /a: "dtype" is missing/],
  [
    'negative size',
    file(`{${entry('a', 'F32', [-1], [0, 4])}}`, one),
    /a\.shape\[0\]: expected a whole number ≥ 0, found -1/,
  ],
  [
    'huge size',
    file(`{${entry('a', 'F32', [2 ** 50, 2 ** 50], [0, 4])}}`, one),
    /shape \[1125899906842624,1125899906842624\] is too large/,
  ],
  [
    'size and type',
    file(`{${entry('a', 'F32', [2], [0, 4])}}`, one),
    /a: F32 \[2\] needs 8 bytes, data_offsets \[0,4\] give 4/,
  ],
  [
    'offsets turned round',
    file(`{${entry('a', 'F32', [0], [4, 0])}}`, one),
    /expected \[begin, end\]/,
  ],
  [
    'overlap',
    file(`{${entry('a', 'U8', [3], [0, 3])},${entry('b', 'U8', [2], [2, 4])}}`, one),
    /"b" begins at byte 2, expected 3: tensors overlap/,
  ],
  [
    'gap',
    file(`{${entry('a', 'U8', [1], [0, 1])},${entry('b', 'U8', [2], [2, 4])}}`, one),
    /leave a gap/,
  ],
  ['past the end', file(`{${entry('a', 'F32', [2], [0, 8])}}`, one), /"a" ends at byte 8 of 4/],
  ['bytes left over', file('{}', one), /4 bytes belong to no tensor/],
  [
    'BOOL of 2',
    file(`{${entry('a', 'BOOL', [2], [0, 2])}}`, [1, 2]),
    /tensor "a": 2 at 1, expected 0 or 1/,
  ],
  [
    'I64 too large',
    file(`{${entry('a', 'I64', [1], [0, 8])}}`, [0, 0, 0, 0, 1, 0, 0, 0]),
    /tensor "a": 4294967296 at 0 does not fit/,
  ],
  [
    'metadata of numbers',
    file('{"__metadata__":{"n":1}}'),
    /__metadata__\.n: expected text, found 1/,
  ],
  ['deep nesting', file(`{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`), /more than 256 lists/],
];

test.each(BAD)('%s', (_, bytes, message) => {
  expect(() => readSafetensors(bytes, 'f')).toThrow(DataError);
  expect(() => readSafetensors(bytes, 'f')).toThrow(message);
});

describe('types', () => {
  test.each<[ElementType, number[], number[]]>([
    ['F16', [0, 0x3c, 0, 0xc0], [1, -2]],
    ['BF16', [0x80, 0x3f, 0, 0xc0], [1, -2]],
    ['I64', [1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255], [1, -1]],
  ])('%s is read', (dtype, body, values) => {
    const { tensors } = readSafetensors(
      file(`{${entry('a', dtype, [2], [0, body.length])}}`, body),
    );
    expect([...(tensors.get('a')?.data ?? [])]).toEqual(values);
  });

  test('every float16', () => {
    const body = [...new Uint8Array(Uint16Array.from({ length: 65536 }, (_, i) => i).buffer)];
    const { tensors } = readSafetensors(file(`{${entry('a', 'F16', [65536], [0, 131072])}}`, body));
    expect(tensors.get('a')?.data).toEqual(halves());
  });

  test.each<[string, [string, FileArray][], RegExp, typeof DataError]>([
    [
      'a reserved name',
      [['__metadata__', { data: new Uint8Array(1), shape: [1] }]],
      /is taken/,
      OptionError,
    ],
    [
      'a name twice',
      [
        ['a', { data: new Uint8Array(1), shape: [1] }],
        ['a', { data: new Uint8Array(1), shape: [1] }],
      ],
      /"a" is taken/,
      OptionError,
    ],
    [
      'a wrong shape',
      [['a', { data: new Uint8Array(1), shape: [2] }]],
      /1 numbers for shape \[2\]/,
      DataError,
    ],
    [
      'F16',
      [['a', { data: new Float32Array(1), shape: [1], dtype: 'F16' }]],
      /F32 data cannot be written as F16/,
      OptionError,
    ],
  ])('%s is not written', (_, tensors, message, kind) => {
    expect(() => writeSafetensors(tensors)).toThrow(kind);
    expect(() => writeSafetensors(tensors)).toThrow(message);
  });
});
