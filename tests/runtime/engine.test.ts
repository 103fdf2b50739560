import { afterEach, describe, expect, test, vi } from 'vitest';
import { createEngine, type EngineOptions } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { DisposedError, EngineError, MemoryError, OptionError } from '../../src/runtime/errors.ts';
import { kernels } from '../../src/runtime/kernels.gen.ts';
import { address, end, repeat } from '../../src/runtime/row.ts';
import { buffer, copy, KINDS, program, reals, ring, shifted, turned } from '../support/engine.ts';

vi.setConfig({ testTimeout: 60_000 });

const engines: Engine[] = [];

async function create(options: EngineOptions): Promise<Engine> {
  const engine = await createEngine(options);
  engines.push(engine);
  return engine;
}

afterEach(() => {
  for (const engine of engines.splice(0)) engine.dispose();
});

const VARIANTS: EngineOptions[] = [
  { kind: 'inline' },
  { kind: 'worker' },
  ...[1, 2, 3, 8].map((threads) => ({ kind: 'team' as const, threads })),
  ...(['inline', 'team', 'worker'] as const).map((kind) => ({ kind, build: 'f64' as const })),
];

describe.each(VARIANTS)('%o', (options) => {
  test('runs a program', async () => {
    const engine = await create(options);
    const data = Array.from({ length: 101 }, (_, i) => i - 50);
    const x = buffer(engine, data);
    const y = buffer(engine, Array(101).fill(Number.NaN));
    await engine.run(program(engine, [kernels.relu(y, x, 101, 4)]));
    expect(await reals(engine, y)).toEqual(data.map((v) => Math.max(v, 0)));
    expect(await reals(engine, x)).toEqual(data);
  });

  test('steps, nested loops and counts from memory move the pointers', async () => {
    const engine = await create(options);
    const x = buffer(
      engine,
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
    const y = buffer(engine, Array(60).fill(0));
    const count = address(engine.alloc(4, 'count'), 4);
    engine.write(count.offset, Int32Array.of(3));
    const strides = [[0, 20], [1, 5], [2, 2]] as const; // biome-ignore format: a table
    const rows = [
      repeat(4),
      repeat(7, count),
      copy(shifted(engine, y, 0, strides), shifted(engine, x, 0, strides), 1),
      end(),
      end(),
    ];
    await engine.run({ ...program(engine, rows), steps: 2 });
    const written = [0, 1].flatMap((s) =>
      [0, 1, 2, 3].flatMap((i) => [0, 1, 2].map((j) => 20 * s + 5 * i + 2 * j)),
    );
    const expected = Array.from({ length: 60 }, (_, i) => (written.includes(i) ? i + 1 : 0));
    expect(await reals(engine, y)).toEqual(expected);
  });

  test('thousands of dependent rows', async () => {
    const engine = await create(options);
    const { x, options: rows } = ring(engine, 67);
    for (const steps of [1, 999, 1500]) await engine.run({ ...rows, steps });
    expect(await reals(engine, x)).toEqual(turned(67, 2500));
  });

  test('a profile adds up per row', async () => {
    const engine = await create(options);
    const x = buffer(engine, Array(10_000).fill(1));
    const small = copy(x, x, 1);
    const rows = [small, repeat(2000), copy(x, x, 10_000), end(), small];
    const run = program(engine, rows);
    const bytes = run.last - run.first;
    const profile = engine.alloc(bytes, 'profile');
    await engine.run({ ...run, profile });
    const ms = new Float64Array((await engine.read(profile, bytes)).buffer);
    const longest = ms.indexOf(Math.max(...ms));
    expect(longest * 8).toBe(40 + 32);
    expect(ms[longest]).toBeGreaterThan(0.1);
    expect(ms.filter((v) => v !== 0).length).toBeLessThanOrEqual(3);
  });

  test('a trap rejects the run and the next run works', async () => {
    const engine = await create(options);
    const { x, options: rows } = ring(engine, 5);
    const bad = address(2 ** 32 - 65536);
    await expect(engine.run(program(engine, [copy(bad, bad, 16)]))).rejects.toThrow(EngineError);
    await engine.run(rows);
    expect(await reals(engine, x)).toEqual(turned(5, 1));
  });

  test('memory grows under existing addresses; new memory is zero', async () => {
    const engine = await create(options);
    const { x, options: rows } = ring(engine, 9);
    const large = engine.alloc(40 * 2 ** 20, 'large');
    await engine.run(rows);
    engine.write(large + 40 * 2 ** 20 - 4, Uint8Array.of(1, 2, 3, 4));
    engine.free(large);
    const again = engine.alloc(40 * 2 ** 20, 'large');
    expect(again).toBe(large);
    expect((await engine.read(again + 40 * 2 ** 20 - 4, 4)).every((v) => v === 0)).toBe(true);
    expect(await reals(engine, x)).toEqual(turned(9, 1));
    expect(engine.memory().size).toBeGreaterThan(40 * 2 ** 20);
    expect(engine.memory().peak).toBeGreaterThanOrEqual(engine.memory().used);
    expect(() => engine.alloc(2 ** 32, 'huge')).toThrow(MemoryError);
  });

  test('after dispose everything throws DisposedError', async () => {
    const engine = await create(options);
    const { options: rows } = ring(engine, 5);
    engine.dispose();
    engine.dispose();
    expect(() => engine.alloc(1, 'x')).toThrow(DisposedError);
    expect(() => engine.free(1)).toThrow(DisposedError);
    expect(() => engine.write(1024, Uint8Array.of(1))).toThrow(DisposedError);
    expect(() => engine.memory()).toThrow(DisposedError);
    await expect(engine.run(rows)).rejects.toThrow(DisposedError);
    await expect(engine.read(0, 1)).rejects.toThrow(DisposedError);
    await expect(engine.exclusive(async () => 1)).rejects.toThrow(DisposedError);
    const { sync } = engine;
    if (sync) expect(() => sync.run(rows)).toThrow(DisposedError);
  });
});

test('the same bits from every kind', async () => {
  const data = Array.from({ length: 1000 }, (_, i) => Math.sin(i));
  const results = [];
  for (const kind of KINDS) {
    const engine = await create({ kind });
    const x = buffer(engine, data);
    await engine.run(program(engine, [kernels.relu(x, x, 1000, 4)]));
    results.push(await engine.read(x.offset, x.bytes));
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test('what is read is an owned copy', async () => {
  for (const kind of KINDS) {
    const engine = await create({ kind });
    const x = buffer(engine, [1, 2, 3]);
    const copied = await engine.read(x.offset, x.bytes);
    expect(copied.buffer).toBeInstanceOf(ArrayBuffer);
    copied.fill(0);
    expect(await reals(engine, x)).toEqual([1, 2, 3]);
  }
});

test('runs and reads that nobody waited for take place in order', async () => {
  for (const kind of KINDS) {
    const engine = await create({ kind });
    const { x, options } = ring(engine, 7);
    for (let i = 0; i < 20; i++) void engine.run(options);
    expect(await reals(engine, x)).toEqual(turned(7, 20));
  }
});

test('sync runs on the calling thread, also beside a running team', async () => {
  const engine = await create({ kind: 'team', threads: 2 });
  const a = ring(engine, 50);
  const b = ring(engine, 11);
  const done = engine.run({ ...a.options, steps: 20_000 });
  for (let i = 0; i < 200; i++) engine.sync?.run(b.options);
  await done;
  expect(await reals(engine, a.x)).toEqual(turned(50, 20_000));
  expect(await reals(engine, b.x)).toEqual(turned(11, 200));
});

test('a run may use fewer threads than the team has', async () => {
  const engine = await create({ kind: 'team', threads: 4 });
  const { x, options } = ring(engine, 31);
  for (let i = 0; i < 400; i++) await engine.run({ ...options, threads: (i % 6) + 1 });
  expect(await reals(engine, x)).toEqual(turned(31, 400));
});

describe.each([2, 4])('short steps beside %i threads', (threads) => {
  test.each([[[1]], [[30]], [[500]], [[1, 500, 30, 1e9]]])('of %j µs', async (estimates) => {
    const engine = await create({ kind: 'team', threads });
    const { x, options } = ring(engine, 31);
    for (let i = 0; i < 200; i++)
      await engine.run({ ...options, us: estimates[i % estimates.length] as number });
    expect(await reals(engine, x)).toEqual(turned(31, 200));
  });

  test('a trap rejects the run, and the next works', async () => {
    const engine = await create({ kind: 'team', threads });
    const { x, options: rows } = ring(engine, 5);
    const bad = address(2 ** 32 - 65536);
    const trap = { ...program(engine, [copy(bad, bad, 16)]), us: 500 };
    for (let i = 1; i <= 3; i++) {
      await expect(engine.run(trap)).rejects.toThrow(EngineError);
      await engine.run({ ...rows, us: 500 });
    }
    expect(await reals(engine, x)).toEqual(turned(5, 3));
  });

  test('give timers their turn', async () => {
    const engine = await create({ kind: 'team', threads });
    const { options } = ring(engine, 31);
    let fired = false;
    setTimeout(() => {
      fired = true;
    }, 1);
    for (const started = performance.now(); !fired && performance.now() - started < 20_000; )
      await engine.run({ ...options, us: 500 });
    expect(fired).toBe(true);
  });
});

test('two engines at once', async () => {
  const pair = [
    await create({ kind: 'team', threads: 2 }),
    await create({ kind: 'team', threads: 3 }),
  ];
  const rings = pair.map((engine) => ring(engine, 40));
  for (let i = 0; i < 20; i++)
    await Promise.all(
      pair.map((e, k) => e.run({ ...(rings[k] as (typeof rings)[0]).options, steps: 50 })),
    );
  for (const [k, engine] of pair.entries())
    expect(await reals(engine, (rings[k] as (typeof rings)[0]).x)).toEqual(turned(40, 1000));
});

test('freeing twice or at a wrong address is an error', async () => {
  const engine = await create({ kind: 'inline' });
  const at = engine.alloc(10, 'x');
  engine.free(at);
  expect(() => engine.free(at)).toThrow(OptionError);
});

test('without Atomics.waitAsync a thread sends a message', async () => {
  const { waitAsync } = Atomics;
  Object.assign(Atomics, { waitAsync: undefined });
  try {
    const engine = await create({ kind: 'team', threads: 2 });
    const { x, options } = ring(engine, 31);
    for (let i = 0; i < 300; i++) await engine.run(options);
    expect(await reals(engine, x)).toEqual(turned(31, 300));
  } finally {
    Object.assign(Atomics, { waitAsync });
  }
});
