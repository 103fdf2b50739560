import { macrotask } from './environment.ts';

/** Work of the calling thread in pieces: between them, where it yields, the host's events may have their turn. */
export type Work<T> = Generator<undefined, T, undefined>;

/** Milliseconds behind which the host has a turn: a frame has 16. */
const TURN_MS = 5;

/** So many numbers or bytes are looked at or copied at a time: a millisecond where memory is touched for the first time. */
const PIECE = 2 ** 16;

/** [0, n) in pieces. */
export function* pieces(n: number): Generator<readonly [from: number, to: number]> {
  for (let from = 0; from < n; from += PIECE) yield [from, Math.min(n, from + PIECE)];
}

/** Copies bytes into others from `at` on. */
export function* copying(bytes: Uint8Array, into: Uint8Array, at = 0): Work<void> {
  for (const [from, to] of pieces(bytes.length)) {
    if (from > 0) yield;
    into.set(bytes.subarray(from, to), at + from);
  }
}

let last = 0;

/** Gives the host's events a turn, unless the last was a moment ago. */
export async function turn(): Promise<void> {
  if (performance.now() - last < TURN_MS) return;
  await macrotask();
  last = performance.now();
}

export async function inTurns<T>(work: Work<T>): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await turn();
  }
}

export function atOnce<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}
