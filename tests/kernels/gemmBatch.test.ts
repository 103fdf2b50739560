import { describe, expect, test } from 'vitest';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { NONE, type Pointer } from '../../src/runtime/row.ts';
import { KernelBench } from '../support/kernel.ts';

/** Which matrix of an operand is item i's: number (i / each) mod of. */
type Turns = readonly [each: number, of: number];

interface Batch {
  readonly count: number;
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly transA: boolean;
  readonly transB: boolean;
  readonly a: Turns;
  readonly b: Turns;
}

/** Eighths between −1 and 1, whose sums of products are exact in f32. */
function eighths(n: number, seed: number): number[] {
  return Array.from({ length: n }, (_, i) => (((i + seed) * 7919) % 17) / 8 - 1);
}

function reference({ count, M, N, K, transA, transB, a, b }: Batch): number[] {
  const [as, bs] = [eighths(a[1] * M * K, 3), eighths(b[1] * K * N, 5)];
  const of = ([each, n]: Turns, i: number) => Math.floor(i / each) % n;
  return Array.from({ length: count * M * N }, (_, at) => {
    const [i, m, n] = [Math.floor(at / (M * N)), Math.floor(at / N) % M, at % N];
    let sum = 0;
    for (let k = 0; k < K; k++) {
      const left = as[of(a, i) * M * K + (transA ? k * M + m : m * K + k)] as number;
      sum += left * (bs[of(b, i) * K * N + (transB ? n * K + k : k * N + n)] as number);
    }
    return sum;
  });
}

/** Strides of the operands, and whose turn is when. */
function how({ M, N, K, transA, transB, a, b }: Batch) {
  const [aRow, aCol] = transA ? [1, M] : [K, 1];
  const [bRow, bCol] = transB ? [1, K] : [N, 1];
  return [aRow, aCol, bRow, bCol, ...a, ...b] as const;
}

type Make = (c: Pointer, a: Pointer, b: Pointer, scratch: Pointer, slot: number) => unknown;

/** Through one kernel on so many threads, each with its slot of scratch memory. */
function compute(bench: KernelBench, batch: Batch, threads: number, slot: number, make: Make) {
  const { count, M, N, K, a, b } = batch;
  const left = bench.buffer(eighths(a[1] * M * K, 3));
  const right = bench.buffer(eighths(b[1] * K * N, 5));
  const c = bench.output(count * M * N);
  const scratch = bench.output(threads * slot);
  bench.run([make(c, left, right, scratch, slot) as never], threads);
  return bench.real(c);
}

const SIZES = [
  { count: 1, M: 1, N: 1, K: 1 },
  { count: 7, M: 5, N: 3, K: 4 },
  { count: 3, M: 24, N: 17, K: 31 },
  { count: 2, M: 50, N: 9, K: 70 },
  { count: 2, M: 12, N: 265, K: 5 },
  { count: 4, M: 6, N: 8, K: 0 },
];
const TURNS: readonly ((count: number) => [Turns, Turns])[] = [
  (count) => [
    [1, count],
    [1, count],
  ],
  (count) => [
    [1, 1],
    [1, count],
  ],
  (count) => [
    [1, count],
    [2, Math.ceil(count / 2)],
  ],
];
const FORMS = [0, 1, 2, 3].map((i) => ({ transA: (i & 1) > 0, transB: (i & 2) > 0 }));
const BATCHES = SIZES.flatMap((size) =>
  TURNS.flatMap((turns) =>
    FORMS.map((form): Batch => {
      const [a, b] = turns(size.count);
      return { ...size, ...form, a, b };
    }),
  ),
);

describe.each(['simd', 'relaxed', 'turbo', 'f64'] as const)('%s', (build) => {
  test('packed: whole matrices and parts of their rows, A as it lies and packed', () => {
    const bench = new KernelBench(build);
    const [MR, NR] = [bench.exports.tileRows(), bench.exports.tileColumns()];
    for (const p of BATCHES.filter((b) => b.K > 0)) {
      const { count, M, N, K } = p;
      const expected = reference(p);
      for (const packs of p.transA ? [0, 1] : [0]) {
        const slot = K * (Math.ceil(Math.min(N, 256) / NR) * NR + packs * 8 * MR);
        for (const parts of [1, 2].filter((n) => M % n === 0))
          for (const threads of [1, 2, 3, 8]) {
            const sizes = [count * parts, 1, parts, M, N, K] as const;
            const found = compute(bench, p, threads, slot, (c, a, b, scratch) =>
              kernels.gemmBatch(c, a, b, scratch, ...sizes, ...how(p), packs, slot),
            );
            expect(found, JSON.stringify({ ...p, packs, parts, threads })).toEqual(expected);
          }
      }
    }
  });

  test('straight from memory', () => {
    const bench = new KernelBench(build);
    for (const p of BATCHES.flatMap((p) => [p, { ...p, M: 1 }])) {
      const expected = reference(p);
      const sizes = [p.count, 2, 1, p.M, p.N, p.K] as const;
      for (const threads of [1, 2, 3]) {
        const found = compute(bench, p, threads, 0, (c, a, b) =>
          kernels.gemmBatch(c, a, b, NONE, ...sizes, ...how(p), 0, 0),
        );
        expect(found, JSON.stringify({ ...p, threads })).toEqual(expected);
      }
    }
  });
});
