import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { roomFor } from '../../src/runtime/addressSpace.ts';
import { EngineError } from '../../src/runtime/errors.ts';
import { root, run } from './support.ts';

const GB = 2 ** 30;
const pages = (bytes: number) => bytes / 65536;

test('threads and memory follow from what is left', () => {
  const room = (limit: number, left: number, threads: number) => roomFor(threads, { limit, left });
  expect(room(100 * GB, 90 * GB, 16)).toBeUndefined();
  const four = room(4 * GB, 2.9 * GB, 8);
  expect(four?.threads).toBe(3);
  expect(four?.maximumPages).toBe(Math.floor(pages((2.9 * GB - 2400 * 2 ** 20) / 2)));
  expect(four?.reasons).toEqual([
    '3 of 8 threads and 285 MB of memory: the address space (ulimit -v) has 4096 MB, of which 2970 MB are left; ' +
      'a thread needs 800 MB beside 512 MB',
  ]);
  expect(room(2 * GB, 0.7 * GB, 0)).toMatchObject({
    threads: 0,
    maximumPages: pages(0.35 * GB) | 0,
  });
  expect(room(2 * GB, 0, 0)?.maximumPages).toBe(256);
  expect(() => room(2 * GB, GB, 2)).toThrow(EngineError);
  expect(() => room(2 * GB, GB, 2)).toThrow(
    'no threads: the address space (ulimit -v) has 2048 MB, of which 1024 MB are left; a thread needs 800 MB beside 512 MB',
  );
});

const PROGRAM = `
import { createEngine, dense, runtimeInfo, sequential } from ${JSON.stringify(pathToFileURL(join(root, 'dist/node/index.js')).href)};
const [options] = process.argv.slice(1).map((text) => JSON.parse(text));
const engine = await createEngine(options);
const net = sequential([dense(16, { activation: 'tanh' }), dense(1)], { inputShape: [2], engine });
net.compile({ optimizer: 'adam', loss: 'mse' });
const x = { data: Float32Array.of(0, 0, 0, 1, 1, 0, 1, 1), shape: [4, 2] };
const { batchLoss } = await net.fit(x, Float32Array.of(0, 1, 1, 0), { epochs: 200 });
const { kind, threads, reasons } = await runtimeInfo(engine);
console.log(JSON.stringify({ learnt: batchLoss.at(-1) < batchLoss[0] / 2, kind, threads, reasons }));
`;

/** Trains with at most so much address space. */
function limited(megabytes: number, options: object) {
  const command = `ulimit -v ${megabytes * 1024} && exec "$@"`;
  const node = [process.execPath, '--input-type=module', '-e', PROGRAM, JSON.stringify(options)];
  const { status, stdout, stderr } = spawnSync('bash', ['-c', command, 'bash', ...node], {
    encoding: 'utf8',
  });
  return { status, stderr, found: status === 0 ? JSON.parse(stdout) : undefined };
}

beforeAll(() => void run('npm', ['run', '--silent', 'build:js'], root), 120_000);

const measured = test.runIf(existsSync('/proc/self/limits'));

measured('a program learns in 2 to 4 GB of address space', { timeout: 120_000 }, () => {
  for (const megabytes of [2048, 3072, 4096]) {
    const { found, stderr } = limited(megabytes, { threads: 2 });
    expect(found, stderr).toMatchObject({ learnt: true });
    expect(found.reasons.join()).toContain(`the address space (ulimit -v) has ${megabytes} MB`);
    expect(found.kind).toBe(megabytes === 2048 ? 'inline' : 'team');
  }
});

measured(
  'without room for a thread, asking for threads fails in words',
  { timeout: 60_000 },
  () => {
    for (const kind of ['team', 'worker']) {
      const { status, stderr } = limited(1800, { kind });
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /EngineError: no threads: the address space \(ulimit -v\) has 1800 MB/,
      );
    }
  },
);
