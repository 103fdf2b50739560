import { macrotask } from './environment.ts';

/** Work of the calling thread in pieces: between them, where it yields, the host's events may have their turn. */
export type Work<T> = Generator<undefined, T, undefined>;

/** Milliseconds behind which the host has a turn: a frame has 16. */
const TURN_MS = 5;

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
