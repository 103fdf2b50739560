import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { afterAll, describe, expect, test } from 'vitest';
import { bench } from '../bench/bench.ts';
import { plain } from '../bench/contestants/plain.ts';
import { Engines } from '../bench/engines.ts';
import { fromFrames, toFrame } from '../bench/peers/frames.ts';
import { onnxNetwork } from '../bench/peers/onnxNetwork.ts';
import { endPeers, type Host, remote } from '../bench/peers/process.ts';
import { gemmCase } from '../bench/suites/gemm.ts';
import { infer } from '../bench/suites/infer.ts';
import { type Contestant, Unable } from '../bench/types.ts';

const engines = new Engines();
afterAll(async () => {
  endPeers();
  await engines.dispose();
});

describe('frames', () => {
  const bytesOf = (value: unknown) => Buffer.concat(toFrame(value));
  const values = [
    { a: Float32Array.of(1.5, -0), b: [Int32Array.of(7), new Float64Array(0)], text: 'µ\n' },
    [],
    { big: Float64Array.from({ length: 70_000 }, (_, i) => i / 3) },
  ];

  test.each([1, 7, 4096, 1e9])('arrive in pieces of %i bytes', async (size) => {
    const bytes = Buffer.concat(values.map(bytesOf));
    const pieces = function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    };
    const found: unknown[] = [];
    for await (const value of fromFrames(Readable.from(pieces()))) found.push(value);
    expect(found).toEqual(values);
  });

  test('that are cut off are refused', async () => {
    const cut = Readable.from([bytesOf(values[0]).subarray(0, -1)]);
    await expect(fromFrames(cut).next()).rejects.toThrow('cut off');
  });
});

/** A process in which `answer(request)` gives what is answered. */
function host(answer: string): Host {
  const script = `
    import { writeSync } from 'node:fs';
    import { createInterface } from 'node:readline';
    const answer = ${answer};
    for await (const line of createInterface(process.stdin)) {
      const at = line.indexOf('{"');
      if (at >= 0) writeSync(3, JSON.stringify(await answer(JSON.parse(line.slice(at)))) + '\\n');
    }`;
  return { command: process.execPath, args: ['--input-type=module', '-e', script], env: {} };
}

const peer = (name: string, answer: string): Contestant =>
  remote({
    name,
    kinds: ['gemm'],
    opens: ['gemm'],
    variants: () => [{ build: 'js', threads: 1 }],
    host: () => host(answer),
    patience: { open: 20_000, run: 300 },
  });

describe('a contestant in another process', () => {
  const SUM = '(r) => ({ value: r.open ? {} : r.run ? 2.5 * r.run : [16] })';
  const CASE = {
    ...gemmCase('1x1x1'),
    task: () => {
      const [a, b] = [Float32Array.of(4), Float32Array.of(4)];
      return { M: 1, K: 1, N: 1, transposeA: false, transposeB: false, a, b };
    },
  };
  const options = { builds: [], threads: [1], seconds: 0.002 };
  const run = (contestants: readonly Contestant[]) =>
    bench([CASE], { contestants, engines, options, print: () => {} });

  test('is timed by its own clock', async () => {
    const { rows, missing } = await run([peer('other', SUM), plain]);
    expect(missing).toEqual([]);
    expect(rows).toMatchObject([
      { contestant: 'other', median_ms: 2.5, min_ms: 2.5 },
      { contestant: 'plain-js' },
    ]);
  });

  test.each([
    ['wrong', '(r) => ({ value: r.open ? {} : r.run ? 1 : [15] })', /differs from plain-js/],
    ['unable', '() => ({ error: "has no products", unable: true })', /^has no products$/],
    ['failing', '() => ({ error: "no luck" })', /^failed: no luck$/],
    ['dying', '() => process.exit(3)', /its process ended \(3\)/],
    ['killed', '() => process.kill(process.pid, "SIGSEGV")', /its process ended \(SIGSEGV\)/],
    ['throwing', '() => { throw new Error("oh"); }', /its process ended \(1\)/],
    [
      'hanging',
      '(r) => r.run ? new Promise(() => setInterval(() => {}, 999)) : { value: {} }',
      /no answer in 0.3 s/,
    ],
  ])('that is %s is told, and does not end the run', async (name, answer, reason) => {
    const { rows, missing } = await run([peer(name, answer), plain]);
    expect(rows).toMatchObject([{ contestant: 'plain-js' }]);
    expect(missing).toMatchObject([{ contestant: name, reason: expect.stringMatching(reason) }]);
    expect(missing[0]?.wrong).toBe(name !== 'unable');
  });

  test('ends when the benchmark is killed, also while it is stopped', async () => {
    const { command, args } = host('() => ({ value: { note: String(process.pid) } })');
    const script = `
      import { remote } from ${JSON.stringify(new URL('../bench/peers/process.ts', import.meta.url))};
      const host = () => (${JSON.stringify({ command, args, env: {} })});
      const { open } = remote({ name: 'p', opens: ['gemm'], variants: () => [], host });
      const { note } = await open.gemm({}, { build: 'js', threads: 1 });
      console.log(note);`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', script]);
    const [printed] = (await once(parent.stdout, 'data')) as [Buffer];
    const state = () => spawnSync('ps', ['-o', 'stat=', '-p', `${printed}`.trim()]).stdout;
    const patient = { timeout: 150_000 };
    await expect.poll(() => `${state()}`, patient).toMatch(/^T/);
    parent.kill('SIGKILL');
    await expect.poll(() => `${state()}`, patient).toMatch(/^(Z.*)?\s*$/);
  });

  test('that does not start is told', async () => {
    const lost = remote({
      name: 'lost',
      opens: ['gemm'],
      variants: () => [{ build: 'js', threads: 1 }],
      host: () => ({ command: '/nowhere/at/all', args: [], env: {} }),
    });
    const { missing } = await run([lost, plain]);
    expect(missing).toMatchObject([{ contestant: 'lost', wrong: true }]);
    expect(missing[0]?.reason).toMatch('ENOENT');
  });

  test('is started again after it died', async () => {
    const dying = peer('dying', `(r) => r.run ? process.exit(0) : { value: {} }`);
    const first = await run([dying, plain]);
    const second = await run([dying, plain]);
    for (const { missing } of [first, second]) expect(missing).toHaveLength(1);
  });
});

describe('networks as graphs of ONNX', () => {
  test.each(infer.cases.map((c) => [c.name, c] as const))('%s', (_, c) => {
    const task = c.task() as Parameters<typeof onnxNetwork>[0];
    const { nodes, constants = {}, outputs } = onnxNetwork(task, 'x');
    const made = new Set(['x', ...Object.keys(constants)]);
    for (const { inputs, outputs: results } of nodes) {
      for (const name of inputs) expect(made).toContain(name);
      for (const name of results) made.add(name);
    }
    expect(made).toContain(outputs[0]);
    for (const { data, shape } of Object.values(constants)) {
      expect(data).toHaveLength(shape.reduce((a, b) => a * b, 1));
    }
  });

  test('other layers are refused', () => {
    const [first] = infer.cases;
    const task = first?.task() as Parameters<typeof onnxNetwork>[0];
    const layers = [{ layer: 'lstm', units: 3 } as const];
    expect(() => onnxNetwork({ ...task, layers }, 'x')).toThrow(Unable);
  });
});
