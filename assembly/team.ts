import { CONTROL } from './layout';
import { run } from './run';

/*
 * A team of threads over one shared memory: the only atomics in the project. The host writes a command, raises GO
 * and waits for DONE; the threads park on GO. Each word has a cache line of its own.
 */
const GO: usize = CONTROL;
const SLEEPERS: usize = CONTROL + 64;
const ARRIVED: usize = CONTROL + 128;
const PHASE: usize = CONTROL + 192;
const PHASE_SLEEPERS: usize = CONTROL + 256;
const ABORT: usize = CONTROL + 320;
const FINISHED: usize = CONTROL + 384;
const DONE: usize = CONTROL + 448;
/** first, last, steps, profile, threads (0: leave) */
const COMMAND: usize = CONTROL + 512;

const BARRIER_SPINS: i32 = 20000;
const PARK_SPINS: i32 = 2000;

/** True once the team was told to stop. */
export function aborted(): bool {
  return atomic.load<i32>(ABORT) != 0;
}

/** Waits until all `threads` threads are here; true when the team was told to stop. */
export function barrier(threads: i32): bool {
  const phase = atomic.load<i32>(PHASE);
  if (atomic.add<i32>(ARRIVED, 1) + 1 == threads) {
    atomic.store<i32>(ARRIVED, 0);
    atomic.store<i32>(PHASE, phase + 1);
    if (atomic.load<i32>(PHASE_SLEEPERS) != 0) atomic.notify(PHASE, -1);
    return false;
  }
  waitWhile(PHASE, phase, PHASE_SLEEPERS, BARRIER_SPINS);
  return aborted();
}

/** A thread's life: waits for a command, runs it as thread `tid`, and so on until told to leave. */
export function park(tid: i32): void {
  let seen = 0;
  while (true) {
    waitWhile(GO, seen, SLEEPERS, PARK_SPINS);
    seen = atomic.load<i32>(GO);
    const threads = load<i32>(COMMAND, 16);
    if (threads == 0 || aborted()) return;
    if (tid >= threads) continue;
    const first = <usize>load<u32>(COMMAND);
    const last = <usize>load<u32>(COMMAND, 4);
    if (run(first, last, load<i32>(COMMAND, 8), <usize>load<u32>(COMMAND, 12), tid, threads) != 0)
      return;
    if (atomic.add<i32>(FINISHED, 1) + 1 == threads) {
      atomic.store<i32>(DONE, seen);
      atomic.notify(DONE, -1);
    }
  }
}

/** Returns when the word at `at` is no longer `value` or the team is told to stop: spins, then sleeps. */
function waitWhile(at: usize, value: i32, sleepers: usize, spins: i32): void {
  for (let i = 0; i < spins; i++) {
    if (atomic.load<i32>(at) != value || aborted()) return;
  }
  atomic.add<i32>(sleepers, 1);
  while (atomic.load<i32>(at) == value && !aborted()) atomic.wait<i32>(at, value, -1);
  atomic.sub<i32>(sleepers, 1);
}
