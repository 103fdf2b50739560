/** Programs on engines: buffers of reals and rows, with as little ceremony as tests want. */
import { Worker } from 'node:worker_threads';
import { encode } from '../../src/runtime/encode.ts';
import type { Engine, RunOptions } from '../../src/runtime/engine.ts';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { address, end, type Pointer, type Row, repeat } from '../../src/runtime/row.ts';
import type { WorkerLike } from '../../src/runtime/thread.ts';

export const KINDS = ['inline', 'team', 'worker'] as const;

export function buffer(engine: Engine, data: readonly number[]): Pointer {
  const view = engine.target.realBytes === 8 ? Float64Array.from(data) : Float32Array.from(data);
  const at = engine.alloc(view.byteLength, 'test');
  engine.write(at, view);
  return address(at, view.byteLength);
}

/** The pointer moved by `elements`, with strides in elements. */
export function shifted(
  engine: Engine,
  pointer: Pointer,
  elements: number,
  strides: readonly (readonly [level: number, elements: number])[] = [],
): Pointer {
  const size = engine.target.realBytes;
  return {
    ...pointer,
    offset: pointer.offset + elements * size,
    strides: strides.map(([level, n]) => [level, n * size] as const),
  };
}

export async function reals(engine: Engine, pointer: Pointer): Promise<number[]> {
  const { buffer } = await engine.read(pointer.offset, pointer.bytes);
  return [...(engine.target.realBytes === 8 ? new Float64Array(buffer) : new Float32Array(buffer))];
}

/** Writes the rows as a program, with a barrier before each unless told otherwise. */
export function program(
  engine: Engine,
  rows: readonly Row[],
  barriers: readonly boolean[] = rows.map(() => true),
): RunOptions {
  const bytes = encode(rows, barriers, (p) => p.offset, engine.target.realBytes);
  const first = engine.alloc(bytes.byteLength, 'program');
  engine.write(first, bytes);
  return { first, last: first + bytes.byteLength, steps: 1 };
}

/** A copy of `n` positive numbers. */
export function copy(y: Pointer, x: Pointer, n: number): Row {
  return kernels.relu(y, x, n, 1);
}

/**
 * A ring of `n` numbers that turns by one a step, through three rows of which each needs what other threads wrote
 * in the row before: a missing barrier shows.
 */
export function ring(engine: Engine, n: number): { x: Pointer; options: RunOptions } {
  const x = buffer(engine, [...Array(n).keys(), 0]);
  const y = buffer(engine, Array(n).fill(0));
  const options = program(engine, [
    copy(y, shifted(engine, x, 1), n),
    copy(x, y, n),
    copy(shifted(engine, x, n), x, 1),
  ]);
  return { x: { ...x, bytes: n * engine.target.realBytes }, options };
}

/** The ring after `steps` steps. */
export function turned(n: number, steps: number): number[] {
  return Array.from({ length: n }, (_, i) => (i + steps) % n);
}

/** A program that runs for seconds, in short steps. */
export function longRun(engine: Engine): RunOptions {
  const x = buffer(engine, Array(4096).fill(1));
  const rows = [repeat(1000), copy(x, x, 4096), end()];
  return { ...program(engine, rows), steps: 100_000 };
}

/** Node workers that can be killed. */
export function workerSource(): { workers: Worker[]; workerFactory: () => WorkerLike } {
  const workers: Worker[] = [];
  const workerFactory = (): WorkerLike => {
    const url = new URL('../../src/runtime/worker.ts', import.meta.url);
    const worker = new Worker(url, { execArgv: [] });
    workers.push(worker);
    return worker;
  };
  return { workers, workerFactory };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
