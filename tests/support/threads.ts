import { expect } from 'vitest';
import { nameOf } from '../../src/runtime/kernelName.ts';
import type { Pointer, Row } from '../../src/runtime/row.ts';
import type { BuildName, KernelBench } from './kernel.ts';

export const BUILDS: readonly BuildName[] = ['simd', 'relaxed', 'turbo', 'f64'];

/** Runs the row on 1, 2 and 3 threads from the same memory; what it leaves in `changed` must be the same bits. */
export function runOnThreads(bench: KernelBench, row: Row, ...changed: Pointer[]): void {
  const memory = () => new Uint8Array(bench.memory.buffer);
  const before = changed.map((p) => bench.bytes(p));
  let first: Uint8Array[] | undefined;
  for (const threads of [1, 2, 3]) {
    changed.forEach((p, i) => {
      memory().set(before[i] as Uint8Array, p.offset);
    });
    bench.run([row], threads);
    const after = changed.map((p) => bench.bytes(p));
    first ??= after;
    after.forEach((bytes, i) => {
      const same = Buffer.compare(bytes, (first as Uint8Array[])[i] as Uint8Array) === 0;
      expect(same, `${nameOf(row.kernel)}: 1 and ${threads} threads give the same bits`).toBe(true);
    });
  }
}

/** Relative to 1 + |expected|; NaN and infinities must be the same. */
export function expectClose(
  actual: readonly number[],
  expected: readonly number[],
  tolerance: number,
  what = '',
): void {
  expect(actual.length, what).toBe(expected.length);
  actual.forEach((a, i) => {
    const e = expected[i] as number;
    const near = Object.is(a, e) || a === e || Math.abs(a - e) <= tolerance * (1 + Math.abs(e));
    if (!near) expect.fail(`${what} [${i}]: ${a}, expected ${e}`);
  });
}

/** n numbers in [−2, 2), the same in every run and exact in f32. */
export function numbers(n: number, seed = 1): number[] {
  let state = seed * 7919 + 12345;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >> 12) / 2 ** 18;
  });
}

/** [0, 1, …, n − 1] */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** A row of the step table (assembly/step.ts). */
export function stepRow(
  bench: KernelBench,
  { rate = 0, number = 1, seed = 0, key = 0, offset = 0 },
): Pointer {
  const view = new DataView(new ArrayBuffer(64));
  view.setFloat64(0, rate, true);
  view.setInt32(8, number, true);
  view.setUint32(12, seed, true);
  view.setUint32(16, key, true);
  view.setInt32(20, offset, true);
  return bench.buffer(view);
}
