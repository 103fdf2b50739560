import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { ISOLATION, install, NO_REGISTRY, pack, serve, temporary } from './support.ts';

const folder = temporary('firefox');
const firefox = findFirefox();
let app: string | undefined;

/** Path of a Firefox: WASMGRAD_FIREFOX, or the one in PATH. */
function findFirefox(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const inPath = folders.flatMap((f) => ['firefox', 'firefox-esr'].map((name) => join(f, name)));
  return [process.env['WASMGRAD_FIREFOX'] ?? '', ...inPath].find(
    (path) => path && existsSync(path),
  );
}

beforeAll(() => {
  if (firefox) app = install('script', pack(folder).tarball, folder);
}, 120_000);

test.for([false, true])(
  'trains in Firefox; isolated: %s',
  { timeout: 90_000 },
  async (isolated, { skip }) => {
    if (!firefox) skip('there is no Firefox: install one, or set WASMGRAD_FIREFOX to its path');
    const site = await serve(app ?? skip(NO_REGISTRY), isolated ? ISOLATION : {});
    const profile = join(folder, `profile-${isolated}`);
    mkdirSync(profile);
    const args = ['--headless', '--no-remote', '--profile', profile, `${site.url}#report`];
    const browser = spawn(firefox as string, args, { stdio: 'ignore' });
    try {
      expect(JSON.parse(await site.posted)).toMatchObject({
        answers: [0, 1, 1, 0],
        rows: [['x "y"', '2']],
        error: 'ShapeError',
        info: { kind: isolated ? 'team' : 'worker', sharedMemory: isolated },
      });
    } finally {
      browser.kill();
      site.close();
    }
  },
);
