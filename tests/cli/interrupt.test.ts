import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LiveRun, temporaryFolder, wasmgrad } from '../support/cli.ts';

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder[Symbol.dispose]());

const LONG = 'train --epochs 5000 --patience 5000 --model mlp:32 --out run';
const STARTED = /epoch {3}?\s*1\/5000/;

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends training early and keeps the best weights', async (signal, code) => {
  const cwd = folder.path;
  const run = new LiveRun(LONG, { cwd });
  await run.until('stderr', STARTED);
  run.child.kill(signal);
  run.child.kill(signal);
  expect(await run.end()).toBe(code);
  expect(run.stderr).toMatch(/stopping after this step; Ctrl-C again to leave at once\n/);
  expect(run.stderr).toMatch(
    /stopped in epoch \d+; kept the best weights so far, those of epoch \d+\n$/,
  );
  expect(run.stdout).toMatch(/^model and report\.json in run$/m);
  const report = JSON.parse(readFileSync(`${cwd}/run/report.json`, 'utf8'));
  expect(report).toMatchObject({ interrupted: true, dataset: 'digits' });
  expect(report.epochs).toBeLessThan(5000);
  expect(wasmgrad('evaluate run', { cwd }).stdout).toMatch(/^2,000 examples: loss /);
});

test('a second one leaves at once, with nothing half-written', async () => {
  const run = new LiveRun(`${LONG} --model mlp:1024,1024 --batch-size 4000`, { cwd: folder.path });
  await run.until('stdout', /^runs/m);
  run.child.kill('SIGINT');
  await run.until('stderr', /stopping/);
  await wait(300);
  run.child.kill('SIGINT');
  expect(await run.end()).toBe(130);
  if (!run.stdout.includes('model and report'))
    expect(existsSync(`${folder.path}/run`)).toBe(false);
});

test('before training it leaves at once', async () => {
  const run = new LiveRun(LONG, { cwd: folder.path });
  await run.until('stderr', /^$/);
  while (!existsSync(`${folder.path}/run`)) await wait(5);
  run.child.kill('SIGINT');
  expect(await run.end()).toBe(130);
  expect(run.stderr).toBe('');
  expect(existsSync(`${folder.path}/run`)).toBe(false);
});
