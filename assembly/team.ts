import { CONTROL, frameOf, HOST_FRAME, MAX_THREADS } from './layout';
import { runIn } from './run';

/*
 * A team of threads over one shared memory: the only atomics in the project. The host writes a command, raises the
 * GO word of each thread that shall take part and waits for DONE; threads park on their GO. A word that several
 * threads write has a cache line of its own. Whoever sleeps counts itself before it looks at its word a last time,
 * and wait() looks again, so that a wake-up is never lost; stopping changes every word that is slept on.
 */
const LONG_WAITS: usize = CONTROL + 64;
const ARRIVED: usize = CONTROL + 128;
const PHASE: usize = CONTROL + 192;
const PHASE_SLEEPERS: usize = CONTROL + 256;
const ABORT: usize = CONTROL + 320;
const FINISHED: usize = CONTROL + 384;
const DONE: usize = CONTROL + 448;
/**
 * first, last, steps, profile, threads, barrier spins, report; written only while no thread is running. Behind them,
 * for whoever is through: how long to spin for the next command.
 */
const COMMAND: usize = CONTROL + 512;

/** In a thread's own frame. */
const GO: usize = 448;
const SLEEPING: usize = 452;
const SEEN: usize = 456;

/** About 50 µs: who waits longer at a barrier waits for a thread that has no processor. */
const SHORT_SPINS: i32 = 50_000;
/** The calling thread of a page may not sleep: after half a second or so of spinning it gives the team up. */
const HOST_SPINS: i32 = 1 << 30;

/** True once the team was told to stop. */
export function aborted(): bool {
  return atomic.load<i32>(ABORT) != 0;
}

/** Waits until all `threads` threads are here; true when the team was told to stop. `host`: the calling thread. */
export function barrier(threads: i32, host: bool): bool {
  const phase = atomic.load<i32>(PHASE);
  if (aborted()) return true;
  if (atomic.add<i32>(ARRIVED, 1) + 1 == threads) {
    atomic.store<i32>(ARRIVED, 0);
    atomic.store<i32>(PHASE, phase + 1);
    if (atomic.load<i32>(PHASE_SLEEPERS) != 0) atomic.notify(PHASE, -1);
    return false;
  }
  if (host) return !spinWhile(PHASE, phase, HOST_SPINS) || aborted();
  if (load<i32>(COMMAND, 20) < SHORT_SPINS || !spinWhile(PHASE, phase, SHORT_SPINS)) {
    atomic.add<i32>(LONG_WAITS, 1);
    waitWhile(PHASE, phase, PHASE_SLEEPERS, COMMAND + 20);
  }
  return aborted();
}

/**
 * A thread's life: waits for a command, runs it as thread `tid`, and so on until told to stop, which returns 0.
 * Returns 1 to have the host told by message that a command is done, where it asked for that; then park again.
 */
export function park(tid: i32): i32 {
  const frame = frameOf(tid);
  while (true) {
    waitWhile(frame + GO, load<i32>(frame, SEEN), frame + SLEEPING, COMMAND + 28);
    store<i32>(frame, atomic.load<i32>(frame, GO), SEEN);
    if (aborted()) return 0;
    const threads = load<i32>(COMMAND, 16);
    const report = load<i32>(COMMAND, 24);
    const first = <usize>load<u32>(COMMAND);
    const last = <usize>load<u32>(COMMAND, 4);
    const profile = <usize>load<u32>(COMMAND, 12);
    if (runIn(frame, first, last, load<i32>(COMMAND, 8), profile, tid, threads) != 0) return 0;
    if (finish(threads) && report != 0) return 1;
  }
}

/** A thread is through; true when it was the last. */
function finish(threads: i32): bool {
  if (atomic.add<i32>(FINISHED, 1) + 1 < threads) return false;
  atomic.store<i32>(FINISHED, 0);
  atomic.add<i32>(DONE, 1);
  atomic.notify(DONE, -1);
  return true;
}

/** For the host: has the first `threads` threads run the rows in `[first, last)`; DONE changes when all are through. */
export function startTeam(
  first: usize,
  last: usize,
  steps: i32,
  profile: usize,
  threads: i32,
  spins: i32,
  report: i32,
  parkSpins: i32,
): void {
  command(first, last, steps, profile, threads, spins, report, parkSpins);
  raise(0, threads);
}

function command(
  first: usize,
  last: usize,
  steps: i32,
  profile: usize,
  threads: i32,
  spins: i32,
  report: i32,
  parkSpins: i32,
): void {
  store<u32>(COMMAND, <u32>first);
  store<u32>(COMMAND, <u32>last, 4);
  store<i32>(COMMAND, steps, 8);
  store<u32>(COMMAND, <u32>profile, 12);
  store<i32>(COMMAND, threads, 16);
  store<i32>(COMMAND, spins, 20);
  store<i32>(COMMAND, report, 24);
  store<i32>(COMMAND, parkSpins, 28);
}

function raise(from: i32, threads: i32): void {
  for (let tid = from; tid < threads; tid++) {
    const frame = frameOf(tid);
    atomic.add<i32>(frame, 1, GO);
    if (atomic.load<i32>(frame, SLEEPING) != 0) atomic.notify(frame + GO, -1);
  }
}

/**
 * For the host: runs a step of the rows itself in the place of thread 0, beside the others of the first `threads`. Returns
 * 0 when all are through, 1 when the team was told to stop or another thread did not come.
 */
export function joinTeam(first: usize, last: usize, threads: i32, spins: i32, parkSpins: i32): i32 {
  const done = atomic.load<i32>(DONE);
  command(first, last, 1, 0, threads, spins, 0, parkSpins);
  raise(1, threads);
  if (runIn(HOST_FRAME, first, last, 1, 0, 0, threads) != 0) return 1;
  if (finish(threads)) return 0;
  return spinWhile(DONE, done, HOST_SPINS) && !aborted() ? 0 : 1;
}

/** For the host: how many of the threads 1 … `threads` − 1 sleep. */
export function sleepers(threads: i32): i32 {
  let count = 0;
  for (let tid = 1; tid < threads; tid++) count += atomic.load<i32>(frameOf(tid), SLEEPING);
  return count;
}

/** For the host: has the threads 1 … `threads` − 1 spin for a while, as a command is near. */
export function rouseTeam(threads: i32, parkSpins: i32): void {
  store<i32>(COMMAND, parkSpins, 28);
  for (let tid = 1; tid < threads; tid++) {
    const frame = frameOf(tid);
    if (atomic.load<i32>(frame, SLEEPING) != 0) atomic.notify(frame + GO, -1);
  }
}

/** For the host: makes every thread leave `park` soon. */
export function stopTeam(): void {
  atomic.store<i32>(ABORT, 1);
  atomic.add<i32>(PHASE, 1);
  atomic.notify(PHASE, -1);
  atomic.add<i32>(DONE, 1);
  atomic.notify(DONE, -1);
  for (let tid = 0; tid < MAX_THREADS; tid++) {
    const frame = frameOf(tid);
    atomic.add<i32>(frame, 1, GO);
    atomic.notify(frame + GO, -1);
  }
}

/** For the host: the words as in fresh memory; no thread of an earlier team may be left. */
export function clearTeam(): void {
  memory.fill(CONTROL, 0, COMMAND - CONTROL);
  for (let tid = 0; tid < MAX_THREADS; tid++) memory.fill(frameOf(tid) + GO, 0, 64);
}

/** How often a thread waited long at a barrier so far. */
export function longWaits(): i32 {
  return atomic.load<i32>(LONG_WAITS);
}

/** Address of the i32 that changes when a command is done. */
export function doneWord(): usize {
  return DONE;
}

/** Returns when the word at `at` is no longer `value`: looks so often as `spins` says, then sleeps; roused, the same again. */
function waitWhile(at: usize, value: i32, sleepers: usize, spins: usize): void {
  while (!spinWhile(at, value, load<i32>(spins))) {
    atomic.add<i32>(sleepers, 1);
    atomic.wait<i32>(at, value, -1);
    atomic.sub<i32>(sleepers, 1);
  }
}

/** True as soon as the word is no longer `value`, false after `spins` looks. */
function spinWhile(at: usize, value: i32, spins: i32): bool {
  for (let i = 0; i < spins; i++) {
    if (atomic.load<i32>(at) != value) return true;
  }
  return atomic.load<i32>(at) != value;
}
