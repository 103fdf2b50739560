import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type IdxArray, readIdx, writeIdx } from '../../src/formats/idx.ts';
import { DataError, ShapeError, TypeMismatchError } from '../../src/runtime/errors.ts';

const arrays: IdxArray[] = [
  { data: Uint8Array.of(0, 1, 254, 255, 7, 8), shape: [1, 2, 3] },
  { data: Int8Array.of(-128, 127), shape: [2] },
  { data: Int16Array.of(-32768, 258, 32767), shape: [3] },
  { data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1), shape: [2, 1] },
  { data: Float32Array.of(0.5, -0, Number.NaN, Number.POSITIVE_INFINITY), shape: [2, 2] },
  { data: Float64Array.of(Math.PI), shape: [] },
  { data: new Uint8Array(0), shape: [0, 28, 28] },
];

test.each(
  arrays.flatMap((a) =>
    [false, true].map((gzip) => ({ ...a, gzip, form: a.data.constructor.name })),
  ),
)('$form $shape, gzip $gzip: read as written', async ({ data, shape, gzip }) => {
  const read = await readIdx(await writeIdx({ data, shape }, { gzip }));
  expect(read).toEqual({ data, shape });
});

const good = await writeIdx({
  data: Uint8Array.from({ length: 12 }, (_, i) => i),
  shape: [3, 2, 2],
});
const packed = await writeIdx({ data: new Uint8Array(5000), shape: [5000] }, { gzip: true });
const header = (...sizes: number[]) => {
  const bytes = new Uint8Array(4 + 4 * sizes.length + 12);
  bytes.set([0, 0, 8, sizes.length]);
  sizes.forEach((n, i) => {
    new DataView(bytes.buffer).setUint32(4 + 4 * i, n);
  });
  return bytes;
};
const zip = async (bytes: Uint8Array<ArrayBuffer>) =>
  new Uint8Array(
    await new Response(
      new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip')),
    ).arrayBuffer(),
  );

const HUGE = 2 ** 32 - 1;
const cases: [string, Uint8Array<ArrayBuffer>, string][] = [
  ['empty', new Uint8Array(0), 'not an IDX file (it is empty)'],
  ['three bytes', good.slice(0, 3), 'not an IDX file (it starts with 00 00 08)'],
  ['text', new TextEncoder().encode('a,b,c'), 'not an IDX file (it starts with 61 2c 62 2c)'],
  ['unknown element type', good.with(2, 10), 'not an IDX file (it starts with 00 00 0a 03)'],
  ['header cut', good.slice(0, 9), 'cut short within its header'],
  ['elements cut', good.slice(0, -1), '27 bytes, its header [3,2,2] promises 28'],
  ['bytes behind', new Uint8Array([...good, 0]), '29 bytes, its header [3,2,2] promises 28'],
  ['absurd size', header(HUGE, HUGE), `24 bytes, its header [${HUGE},${HUGE}] promises`],
  ['absurd rank', header(...Array(200).fill(HUGE)), 'promises far more'],
  ['gzip cut', packed.slice(0, -9), 'damaged gzip data'],
  ['gzip flipped', packed.with(20, packed.at(20)! ^ 16), ''],
  ['gzip checksum', packed.with(-7, packed.at(-7)! ^ 1), 'damaged gzip data'],
  [
    'absurd size in gzip',
    await zip(header(HUGE)),
    `compressed bytes, its header [${HUGE}] promises`,
  ],
  ['more than promised in gzip', await zip(header(4)), '20 bytes, its header [4] promises 12'],
  ['less than promised in gzip', await zip(header(13)), '20 bytes, its header [13] promises 21'],
  ['header cut in gzip', await zip(good.slice(0, 9)), 'cut short within its header'],
];

test.each(cases)('%s: refused in one line', async (_, bytes, message) => {
  const error = await readIdx(bytes, 'x.idx').catch((e: unknown) => e as Error);
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).toMatch(/^x\.idx: .*$/);
});

test('any flipped bit gives the array or a DataError', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(good, packed), fc.nat(), fc.nat(7), async (bytes, at, bit) => {
      const i = at % bytes.length;
      const read = await readIdx(bytes.with(i, bytes[i]! ^ (1 << bit))).catch((e: unknown) => e);
      if (!(read instanceof DataError)) expect(read).toHaveProperty('shape');
    }),
    { numRuns: 200, seed: 3 },
  );
});

test('what cannot be written', async () => {
  await expect(writeIdx({ data: new Uint32Array(2) as never, shape: [2] })).rejects.toThrow(
    TypeMismatchError,
  );
  await expect(writeIdx({ data: new Uint8Array(2), shape: [3] })).rejects.toThrow(ShapeError);
});
