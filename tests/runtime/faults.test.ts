import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { createEngine } from '../../src/runtime/create.ts';
import { DisposedError, EngineError } from '../../src/runtime/errors.ts';
import { buffer, longRun, reals, ring, sleep, turned, workerSource } from '../support/engine.ts';

vi.setConfig({ testTimeout: 60_000 });

describe.each([0, 1, 2])('thread %i of a team dies in a run', (victim) => {
  test('the run is rejected, memory is kept, the next run has a new team', async () => {
    const { workers, workerFactory } = workerSource();
    using engine = await createEngine({ kind: 'team', threads: 3, workerFactory });
    const { x, options } = ring(engine, 31);
    await engine.run({ ...options, steps: 10 });
    const broken = engine.run(longRun(engine)).catch((error) => error);
    await sleep(20);
    void workers[victim]?.terminate();
    const error = await broken;
    expect(error).toBeInstanceOf(EngineError);
    expect(error.message).toContain(`thread ${victim} of 3 died`);
    expect(error.message).toContain('a new team takes over');
    expect(engine.generation).toBe(0);
    await engine.run({ ...options, steps: 10 });
    expect(await reals(engine, x)).toEqual(turned(31, 20));
    expect(workers.length).toBe(6);
    expect(engine.info.restarts).toBe(1);
  });
});

test('threads that die while idle are replaced without a word', async () => {
  const { workers, workerFactory } = workerSource();
  using engine = await createEngine({ kind: 'team', threads: 2, workerFactory });
  const { x, options } = ring(engine, 31);
  for (let i = 0; i < 4; i++) {
    await engine.run(options);
    await workers.at(-1)?.terminate();
    await sleep(5);
  }
  await engine.run(options);
  expect(await reals(engine, x)).toEqual(turned(31, 5));
});

test('a thread that the calling thread waits for in a short step dies', async () => {
  const { workers, workerFactory } = workerSource();
  using engine = await createEngine({ kind: 'team', threads: 2, workerFactory });
  const { x, options } = ring(engine, 31);
  for (let i = 0; i < 2; i++) {
    await engine.run({ ...options, us: 500 });
    // Its exit is heard of only after this turn of the event loop.
    void workers.at(-1)?.terminate();
    const lost = await engine.run({ ...options, us: 500 }).catch((error) => error);
    if (lost) expect(lost).toBeInstanceOf(EngineError);
    const before = await reals(engine, x);
    await engine.run({ ...options, us: 500 });
    expect(await reals(engine, x)).toEqual([...before.slice(1), before[0]]);
  }
});

test('teams that break again and again', async () => {
  const { workers, workerFactory } = workerSource();
  using engine = await createEngine({ kind: 'team', threads: 2, workerFactory });
  const { x, options } = ring(engine, 31);
  const long = longRun(engine);
  for (let i = 0; i < 6; i++) {
    const broken = engine.run(long);
    void workers.at(i % 2 ? -1 : -2)?.terminate();
    await expect(broken).rejects.toThrow(EngineError);
    await engine.run(options);
  }
  expect(await reals(engine, x)).toEqual(turned(31, 6));
});

test('the worker dies: content is lost, the generation counts, the next call works', async () => {
  const { workers, workerFactory } = workerSource();
  using engine = await createEngine({ kind: 'worker', workerFactory });
  const x = buffer(engine, [1, 2, 3]);
  const broken = engine.run(longRun(engine));
  await sleep(20);
  void workers[0]?.terminate();
  await expect(broken).rejects.toThrow(/worker died: .*; a new one takes over, with empty memory/);
  expect(engine.generation).toBe(1);
  expect(await reals(engine, x)).toEqual([0, 0, 0]);
  const later = ring(engine, 5);
  await engine.run(later.options);
  expect(await reals(engine, later.x)).toEqual(turned(5, 1));
  expect(workers.length).toBe(2);
});

test.each(['team', 'worker'] as const)('dispose in the middle of a run: %s', async (kind) => {
  const engine = await createEngine({ kind });
  const run = engine.run(longRun(engine));
  await sleep(20);
  engine.dispose();
  await expect(run).rejects.toThrow(DisposedError);
});

test('workers that cannot start: an error where asked for, else the calling thread', async () => {
  const workerFactory = () => {
    throw new Error('blocked by policy');
  };
  await expect(createEngine({ kind: 'team', workerFactory })).rejects.toThrow(/blocked by policy/);
  await expect(createEngine({ kind: 'worker', workerFactory })).rejects.toThrow(EngineError);
  using engine = await createEngine({ workerFactory });
  expect(engine.info.kind).toBe('inline');
  expect(engine.info.reasons.join()).toContain('blocked by policy');
});

test.each(['team', 'worker'] as const)('the event loop stays free: %s', async (kind) => {
  using engine = await createEngine({ kind });
  const run = expect(engine.run(longRun(engine))).rejects.toThrow(DisposedError);
  const gaps: number[] = [];
  for (let i = 0, last = performance.now(); i < 100; i++) {
    await sleep(1);
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }
  engine.dispose();
  await run;
  // Longer gaps tell of other processes; were the run in the way, there would be one gap, until its end.
  gaps.sort((a, b) => a - b);
  expect(gaps[50]).toBeLessThan(30);
});

const script = fileURLToPath(new URL('../support/script.ts', import.meta.url));
const node = (args: string[], env = {}) =>
  promisify(execFile)(process.execPath, [script, ...args], {
    timeout: 150_000,
    env: { ...process.env, ...env },
  });

test.each(['inline', 'team', 'worker'])(
  'a script ends by itself, and not in the middle of a run: %s',
  async (kind) => {
    const { stdout } = await node([kind]);
    expect(stdout.trim().split('\n')).toEqual(['started', 'done']);
  },
);

test('WASMGRAD_THREADS sets the threads of the default engine', async () => {
  const { stdout } = await node(['default'], { WASMGRAD_THREADS: '3' });
  expect(JSON.parse(stdout)).toMatchObject({ kind: 'team', threads: 3, sharedMemory: true });
  await expect(node(['default'], { WASMGRAD_THREADS: 'many' })).rejects.toThrow(/OptionError/);
});
