import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryError, OptionError } from '../../src/runtime/errors.ts';
import { Heap } from '../../src/runtime/heap.ts';

const START = 128;

test('any sequence of alloc and free: no overlap, aligned, counted, and one block in the end', () => {
  const action = fc.oneof(
    fc.record({ alloc: fc.integer({ min: 0, max: 5000 }) }),
    fc.record({ free: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const heap = new Heap(START, 2 ** 32, () => true);
      const live: { at: number; bytes: number }[] = [];
      for (const step of actions) {
        if ('alloc' in step) live.push({ at: heap.alloc(step.alloc, 'test'), bytes: step.alloc });
        else if (live.length) heap.free(live.splice(step.free % live.length, 1)[0]?.at ?? -1);
        check(heap, live);
      }
      for (const { at } of live) heap.free(at);
      expect(heap.used).toBe(0);
      const size = heap.top - START;
      expect(heap.freeBlocks).toEqual(size ? [{ at: START, bytes: size }] : []);
    }),
  );
});

function check(heap: Heap, live: readonly { at: number; bytes: number }[]): void {
  const all = [
    ...live.map(({ at, bytes }) => ({ at, bytes: Math.ceil(Math.max(bytes, 1) / 64) * 64 })),
    ...heap.freeBlocks,
  ].sort((a, b) => a.at - b.at);
  let at = START;
  for (const block of all) {
    expect(block.at % 64).toBe(0);
    expect(block.at).toBe(at);
    at += block.bytes;
  }
  expect(at).toBe(heap.top);
  expect(heap.used).toBeLessThanOrEqual(heap.peak);
}

test('best fit: the smallest free block that is large enough', () => {
  const heap = new Heap(0, 2 ** 20, () => true);
  const [big, , small] = [1024, 64, 256, 64].map((bytes) => heap.alloc(bytes, 'test'));
  heap.free(big as number);
  heap.free(small as number);
  expect(heap.alloc(200, 'test')).toBe(small);
  expect(heap.alloc(200, 'test')).toBe(big);
});

test('a refused memory is reported with owner, size and limit, and changes nothing', () => {
  const heap = new Heap(0, 2 ** 22, (end) => end <= 2 ** 21);
  heap.alloc(2 ** 20, 'a');
  for (const bytes of [2 ** 21, 2 ** 30]) {
    const attempt = () => heap.alloc(bytes, 'model "m": arena');
    expect(attempt).toThrow(MemoryError);
    expect(attempt).toThrow(/model "m": arena: needs \d[\d.]* MB, but 1.00 MB of at most 4.00 MB/);
  }
  expect(heap.used).toBe(2 ** 20);
  expect(heap.alloc(2 ** 20, 'b')).toBe(2 ** 20);
});

test('freeing twice, freeing a wrong address and sizes that are none are errors', () => {
  const heap = new Heap(0, 2 ** 20, () => true);
  const at = heap.alloc(64, 'test');
  heap.free(at);
  expect(() => heap.free(at)).toThrow(OptionError);
  expect(() => heap.free(12345)).toThrow(/nothing is allocated at address 12345/);
  for (const bytes of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => heap.alloc(bytes, 'test')).toThrow(OptionError);
});
