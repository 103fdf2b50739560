import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { FileArray } from '../../src/formats/elements.ts';
import { readNpy, writeNpy } from '../../src/formats/npy.ts';
import { DataError, OptionError } from '../../src/runtime/errors.ts';
import { arrays } from '../support/arrays.ts';

/** A file of version 1 from its header. */
function file(header: string, body: readonly number[] = [], major = 1): Uint8Array {
  const bytes = [
    0x93,
    ...Buffer.from('NUMPY'),
    major,
    0,
    header.length & 255,
    header.length >> 8,
    ...(major === 1 ? [] : [0, 0]),
  ];
  return Uint8Array.from([...bytes, ...Buffer.from(header), ...body]);
}

function dictionary(descr: string, shape: string, fortran = 'False'): string {
  return `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }\n`;
}

test('what is written is read, bit for bit', () => {
  fc.assert(
    fc.property(arrays(), (array) => {
      const found = readNpy(writeNpy(array));
      expect(found.shape).toEqual(array.shape);
      expect(found.data.constructor).toBe(array.data.constructor);
      expect(Buffer.from(found.data.buffer)).toEqual(Buffer.from(array.data.buffer));
    }),
  );
});

test('flipped and cut bytes give an array or a DataError', () => {
  fc.assert(
    fc.property(
      arrays(),
      fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
      fc.nat(20),
      (array, flips, less) => {
        const bytes = writeNpy(array).slice(0, -less || undefined);
        for (const [at, to] of flips) bytes[at % bytes.length] = to;
        try {
          readNpy(bytes, 'x');
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
          expect((error as Error).message).toMatch(/^x: .+$/);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

const READ: [string, Uint8Array, number[], number[]][] = [
  ['a scalar', file(dictionary('|u1', '()'), [7]), [], [7]],
  [
    'keys in another order',
    file("{'shape':(2,),'fortran_order':False,'descr':'|u1'}", [7, 8]),
    [2],
    [7, 8],
  ],
  [
    'big-endian numbers',
    file(dictionary('>i4', '(2,)'), [0, 0, 0, 1, 255, 255, 255, 255]),
    [2],
    [1, -1],
  ],
  ['int64', file(dictionary('<i8', '(1,)'), [255, 255, 255, 255, 255, 255, 255, 255]), [1], [-1]],
  ['float16', file(dictionary('<f2', '(1,)'), [0, 0xc0]), [1], [-2]],
  [
    'Fortran order',
    file(dictionary('|u1', '(2, 3)', 'True'), [0, 3, 1, 4, 2, 5]),
    [2, 3],
    [0, 1, 2, 3, 4, 5],
  ],
  ['Fortran order without elements', file(dictionary('|u1', '(0, 3)', 'True')), [0, 3], []],
  ['version 2', file(dictionary('|b1', '(1, 2)'), [1, 0], 2), [1, 2], [1, 0]],
  ['long sizes of Python 2', file(dictionary('|u1', '(2L,)'), [7, 8]), [2], [7, 8]],
];

test.each(READ)('%s', (_, bytes, shape, values) => {
  const array = readNpy(bytes);
  expect(array.shape).toEqual(shape);
  expect([...array.data]).toEqual(values);
});

const BAD: [string, Uint8Array, RegExp][] = [
  ['empty', new Uint8Array(0), /f: not a \.npy file/],
  ['version 9', file(dictionary('|u1', '()'), [7], 9), /version 9/],
  [
    'cut within the header',
    file(dictionary('|u1', '()')).slice(0, 40),
    /a header of \d+ bytes is promised, 30 are there/,
  ],
  [
    'cut within the data',
    file(dictionary('<f4', '(2,)'), [0, 0, 0, 0]),
    /4 bytes of data, its header \[2\] promises 8/,
  ],
  ['absurd sizes', file(dictionary('<f4', '(99999999999, 99999999999)')), /promises Infinity/],
  [
    'records',
    file("{'descr': [('a', '<f4'), ('b', '<i4', (2,))], 'fortran_order': False, 'shape': ()}"),
    /a structured array with the fields a, b, expected plain numbers/,
  ],
  ['.npz', Uint8Array.from(Buffer.from('PK\x03\x04')), /not a .npy file but an archive \(.npz\?\)/],
  [
    'a key twice',
    file(dictionary('|u1', '()').replace("'shape'", "'descr': '|u1', 'shape'"), [7]),
    /damaged header/,
  ],
  ['text', file(dictionary('<U4', '()')), /elements of type "<U4", expected one of f8, f4/],
  ['a number as shape', file(dictionary('|u1', '(1)'), [7]), /shape \(1\) is not a tuple/],
];

test.each(BAD)('%s', (_, bytes, message) => {
  expect(() => readNpy(bytes, 'f')).toThrow(DataError);
  expect(() => readNpy(bytes, 'f')).toThrow(message);
});

test('data and shape must agree when writing', () => {
  expect(() => writeNpy({ data: new Uint8Array(3), shape: [2] })).toThrow(
    '3 numbers for shape [2]',
  );
  expect(() => writeNpy({ data: new Float64Array(1), shape: [1], dtype: 'BOOL' })).toThrow(
    OptionError,
  );
});

const CHECK = `
import io, sys, numpy as np
for line in sys.stdin:
    a = np.load(io.BytesIO(bytes.fromhex(line)))
    assert a.tolist() == [[1, 0, 1], [0, 1, 1]], a
    out = io.BytesIO(); np.save(out, np.asfortranarray(a)); print(out.getvalue().hex())
`;
const python = ['/usr/bin/python3', 'python3'].find(
  (p) => spawnSync(p, ['-c', 'import numpy']).status === 0,
);

test.skipIf(!python)('NumPy reads what we write, and we what NumPy writes', () => {
  const values = [1, 0, 1, 0, 1, 1];
  const given: FileArray[] = [
    { data: Float32Array.from(values), shape: [2, 3] },
    { data: Float64Array.from(values), shape: [2, 3] },
    { data: Int32Array.from(values), shape: [2, 3] },
    { data: Int32Array.from(values), shape: [2, 3], dtype: 'I64' },
    { data: Uint8Array.from(values), shape: [2, 3] },
    { data: Uint8Array.from(values), shape: [2, 3], dtype: 'BOOL' },
  ];
  const input = given.map((a) => `${Buffer.from(writeNpy(a)).toString('hex')}\n`).join('');
  const { stdout, stderr } = spawnSync(python as string, ['-c', CHECK], {
    input,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  const read = stdout
    .trim()
    .split('\n')
    .map((hex) => readNpy(Uint8Array.from(Buffer.from(hex, 'hex'))));
  expect(read.map(({ data, shape }) => ({ data, shape }))).toEqual(
    given.map(({ data, shape }) => ({ data, shape })),
  );
});
