import { dispatch } from './dispatch.gen';
import { now } from './host';
import { HOST_FRAME } from './layout';
import { aborted, barrier } from './team';

/*
 * A program is a list of rows. A row is a header of 8 bytes (kernel u16, flags u16, arguments u16, patches u16),
 * then 8 bytes for each argument and 8 for each patch (argument u16, loop level u16, stride i32): before the
 * call, index(level)·stride is added to the argument. Level 0 is the step; `repeat` rows open deeper levels.
 */
const REPEAT: i32 = 0;
const END: i32 = 1;
/** What a block returns instead of the row behind it: the team was told to stop, or the loop ends early. */
const STOPPED: usize = 0;
const LEFT: usize = 1;
const BARRIER_BEFORE: i32 = 1;

/**
 * The frame of a thread, SCRATCH_BYTES: the index of each loop level (up to 8), who runs, the patched arguments of
 * the running row (up to 48), the words of team.ts.
 */
const TID: usize = 32;
const THREADS: usize = 36;
const PROFILE: usize = 40;
const ARGUMENTS: usize = 64;

/**
 * Runs the rows in `[first, last)` for `steps` steps as thread `tid` of `threads`. With `profile` ≠ 0, thread 0 adds
 * each row's milliseconds to the f64 at profile + (row − first). Returns 0, or 1 when the team was told to stop.
 */
export function run(
  first: usize,
  last: usize,
  steps: i32,
  profile: usize,
  tid: i32,
  threads: i32,
): i32 {
  return runIn(HOST_FRAME, first, last, steps, profile, tid, threads);
}

/** The same in a given frame: the host has one of its own, so that it can run beside a team. */
export function runIn(
  frame: usize,
  first: usize,
  last: usize,
  steps: i32,
  profile: usize,
  tid: i32,
  threads: i32,
): i32 {
  store<i32>(frame, tid, TID);
  store<i32>(frame, threads, THREADS);
  store<u32>(frame, profile != 0 ? <u32>(profile - first) : 0, PROFILE);
  for (let step = 0; step < steps; step++) {
    store<i32>(frame, step);
    if (threads > 1 && barrier(threads, frame == HOST_FRAME)) return 1;
    if (runBlock(first, last, 1, frame) == STOPPED) return 1;
  }
  return 0;
}

/** Runs rows up to `last` or the `end` of this level; returns the row behind them, STOPPED or LEFT. */
function runBlock(row: usize, last: usize, level: i32, frame: usize): usize {
  const tid = load<i32>(frame, TID);
  const threads = load<i32>(frame, THREADS);
  const profile = load<u32>(frame, PROFILE) != 0;
  while (row < last) {
    const kernel = <i32>load<u16>(row);
    const meet = threads > 1 && (load<u16>(row, 2) & BARRIER_BEFORE) != 0;
    if (meet && barrier(threads, frame == HOST_FRAME)) return STOPPED;
    if (kernel == END) return goesOn(patched(row, frame)) ? row + rowBytes(row) : LEFT;
    if (kernel == REPEAT) {
      row = repeat(row, last, level, frame);
      if (row == STOPPED) return STOPPED;
      continue;
    }
    if (profile) timed(row, kernel, frame);
    else dispatch(kernel, patched(row, frame), tid, threads);
    row += rowBytes(row);
  }
  return threads > 1 && aborted() ? STOPPED : row;
}

/** end(more): another iteration may follow unless there is a number at `more` which is 0. */
function goesOn(args: usize): bool {
  const more = <usize>load<u32>(args);
  return more == 0 || load<real>(more) != 0;
}

/** repeat(count, countAt, bytes): the rows up to its `end`, count times, or as the i32 at countAt says if that is less. */
function repeat(row: usize, last: usize, level: i32, frame: usize): usize {
  const args = patched(row, frame);
  const countAt = <usize>load<u32>(args, 8);
  const bound = load<i32>(args);
  const count = countAt != 0 ? min(bound, load<i32>(countAt)) : bound;
  const behind = row + <usize>load<u32>(args, 16);
  const body = row + rowBytes(row);
  for (let i = 0; i < count; i++) {
    store<i32>(frame + ((<usize>level) << 2), i);
    const reached = runBlock(body, last, level + 1, frame);
    if (reached == STOPPED) return STOPPED;
    if (reached == LEFT) break;
  }
  return behind;
}

function timed(row: usize, kernel: i32, frame: usize): void {
  const tid = load<i32>(frame, TID);
  const threads = load<i32>(frame, THREADS);
  const start = now();
  dispatch(kernel, patched(row, frame), tid, threads);
  if (threads > 1) barrier(threads, frame == HOST_FRAME);
  const slot = <usize>load<u32>(frame, PROFILE) + row;
  if (tid == 0) store<f64>(slot, load<f64>(slot) + (now() - start));
}

/** The row's arguments with the strides of the running loops added. */
function patched(row: usize, frame: usize): usize {
  const args = row + 8;
  const patches = <i32>load<u16>(row, 6);
  if (patches == 0) return args;
  const count = <usize>load<u16>(row, 4);
  const copy = frame + ARGUMENTS;
  memory.copy(copy, args, count * 8);
  let patch = args + count * 8;
  for (let i = 0; i < patches; i++, patch += 8) {
    const at = copy + ((<usize>load<u16>(patch)) << 3);
    const index = load<i32>(frame + ((<usize>load<u16>(patch, 2)) << 2));
    store<i32>(at, load<i32>(at) + index * load<i32>(patch, 4));
  }
  return copy;
}

function rowBytes(row: usize): usize {
  return 8 + 8 * (<usize>load<u16>(row, 4) + <usize>load<u16>(row, 6));
}
