/** Random arrays of the types that files hold. */
import fc from 'fast-check';
import type { FileArray } from '../../src/formats/elements.ts';

const shapes = fc.array(fc.nat(4), { maxLength: 4 });

function filled(
  shape: number[],
  numbers: fc.Arbitrary<number>,
  make: (x: number[]) => FileArray['data'],
  dtype?: 'I64' | 'BOOL',
) {
  const size = shape.reduce((a, b) => a * b, 1);
  return fc
    .array(numbers, { minLength: size, maxLength: size })
    .map((x): FileArray => ({ data: make(x), shape, ...(dtype ? { dtype } : {}) }));
}

/** Any type and shape, any bits. */
export function arrays(): fc.Arbitrary<FileArray> {
  const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  return shapes.chain((shape) =>
    fc.oneof(
      filled(shape, i32, (x) => new Float32Array(Int32Array.from(x).buffer)),
      filled(shape, fc.double(), (x) => Float64Array.from(x)),
      filled(shape, i32, (x) => Int32Array.from(x)),
      filled(shape, i32, (x) => Int32Array.from(x), 'I64'),
      filled(shape, fc.nat(255), (x) => Uint8Array.from(x)),
      filled(shape, fc.nat(1), (x) => Uint8Array.from(x), 'BOOL'),
    ),
  );
}

/** The values of all float16 numbers, by their bits. */
export function halves(): Float32Array {
  return Float32Array.from({ length: 65536 }, (_, h) => {
    const [sign, exponent, fraction] = [h & 0x8000 ? -1 : 1, (h >> 10) & 31, h & 1023];
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -24 * fraction);
  });
}
