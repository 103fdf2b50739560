import { Worker } from 'node:worker_threads';
import type { Runner } from './types.ts';

/** Rounds of a step: about a tenth of a millisecond. */
const ROUNDS = 2 ** 16;

/** `spin(n)`: x ← x · 1664525 xor n while n counts down to zero. As JavaScript its speed depends on V8's tier. */
const MODULE = Uint8Array.from(
  Buffer.from(
    '0061736d0100000001060160017f017f03020100070801047370696e00000a25' +
      '01230101' +
      '7f410121010340' +
      '2001418dcce5006c2000732101' +
      '200041016b22000d00' +
      '0b20010b',
    'hex',
  ),
);

const SPINNER = `
const { workerData: { module, shared } } = require('node:worker_threads');
const { spin } = new WebAssembly.Instance(module).exports;
const words = new Int32Array(shared);
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
  const module = new WebAssembly.Module(MODULE);
  const { spin } = new WebAssembly.Instance(module).exports as { spin(rounds: number): number };
  const words = new Int32Array(new SharedArrayBuffer(12));
  const options = { eval: true, workerData: { module, shared: words.buffer } };
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
