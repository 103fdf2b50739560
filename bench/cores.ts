import { Worker } from 'node:worker_threads';
import type { Runner } from './types.ts';

/** Rounds of a step: about a tenth of a millisecond. */
const ROUNDS = 2 ** 16;

/** Does nothing useful in registers; must be the same as in the text below. */
function spin(rounds: number): number {
  let x = 1;
  for (let i = 0; i < rounds; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x;
}

const SPINNER = `
const { workerData } = require('node:worker_threads');
${spin}
const words = new Int32Array(workerData);
for (let job = 0; ; ) {
  Atomics.wait(words, 0, job);
  job = Atomics.load(words, 0);
  for (let step = 0; step < words[1]; step++) spin(${ROUNDS});
  Atomics.add(words, 2, 1);
  Atomics.notify(words, 2);
}`;

export interface Spinners extends Runner {
  /** Steps of all threads in one step. */
  readonly work: number;
}

/**
 * Independent threads that share nothing and do `steps` each: against one, how much so many threads can give on
 * this machine at this time.
 */
export function openSpinners(threads: number): Spinners {
  const words = new Int32Array(new SharedArrayBuffer(12));
  const options = { eval: true, workerData: words.buffer };
  const workers = Array.from({ length: threads - 1 }, () => new Worker(SPINNER, options));
  for (const w of workers) w.unref();
  return {
    work: threads,
    run(steps) {
      words[1] = steps;
      words[2] = 0;
      Atomics.add(words, 0, 1);
      Atomics.notify(words, 0);
      for (let step = 0; step < steps; step++) spin(ROUNDS);
      for (let done = 0; done < workers.length; done = Atomics.load(words, 2)) {
        Atomics.wait(words, 2, done);
      }
    },
    dispose() {
      for (const w of workers) void w.terminate();
    },
  };
}
